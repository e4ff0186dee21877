"""Breaks the product one line at a time and shows that a test of the guarantee turns red: `make mutations`.

Each row is one guarantee of docs/needs: a line of the product, the line it becomes, and the tests that must fail.
The tree is copied first; the checkout is never touched. A row whose line is gone, or whose tests stay green, fails.
"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.checks import bare, say

ROOT = Path(__file__).resolve().parent.parent
LEFT_OUT = shutil.ignore_patterns(".git", ".data", ".venv", "__pycache__", ".*_cache", "node_modules")
TESTS_FAILED = 1


@dataclass(frozen=True, slots=True)
class Mutation:
    """One planted fault: `before` stands exactly once in `file`."""

    need: str
    file: str
    before: str
    after: str
    tests: str


MUTATIONS = (
    Mutation(
        "F1 one ticket for fifty presses",
        "ticketing/allocation/database.py",
        "            refusal = judge(turn.facts, pressed_at=facts.now, event_id=press.event_id)",
        "            refusal = None",
        "tests/contract/test_crowds.py::test_f1_fifty_presses_of_one_student_from_three_sessions_leave_one_ticket",
    ),
    Mutation(
        "F3 exactly the places there are",
        "ticketing/allocation/database.py",
        'SaleCounter.objects.select_for_update(of=("self",), no_key=True).filter(group=group)',
        "SaleCounter.objects.filter(group=group)",
        "tests/contract/test_crowds.py::test_f3_a_crowd_gets_exactly_the_places_there_are",
    ),
    Mutation(
        "F4 twenty cancels free one place",
        "ticketing/allocation/database.py",
        "Ticket.objects.filter(only_if, pk=ticket.pk)",
        "Ticket.objects.filter(pk=ticket.pk)",
        "tests/contract/test_crowds.py::test_f4_twenty_cancels_of_one_ticket_free_one_place",
    ),
    Mutation(
        "F8 an exhausted pool is a clear 503",
        "festival/errors.py",
        "redis.ConnectionError | redis.TimeoutError | OperationalError | InterfaceError",
        "redis.ConnectionError | redis.TimeoutError | InterfaceError",
        "tests/api/test_outages.py::test_f8_an_exhausted_pool_is_a_clear_503_and_ends_by_itself",
    ),
    Mutation(
        "F9 no network call while a lock is held",
        "ticketing/allocation/database.py",
        "    place = lowest_free_place(press.zone_ids)\n",
        '    caches["default"].get("sale")\n    place = lowest_free_place(press.zone_ids)\n',
        "tests/unit/test_costs.py::test_f9_a_claim_and_a_cancel_talk_to_postgresql_alone",
    ),
    Mutation(
        "F11 a fresh event page costs no query",
        "ticketing/events.py",
        '        caches["process"].set(f"event:{event_id}", found, FRESH_SECONDS)\n',
        "",
        "tests/unit/test_costs.py::test_f11_a_fresh_event_page_costs_a_stranger_no_statement",
    ),
    Mutation(
        "F12 sold out costs less than a win",
        "ticketing/allocation/database.py",
        "    return lost(first or count(turn, Answer.SOLD_OUT))",
        "    return lost(count(turn, Answer.SOLD_OUT))",
        "tests/unit/test_costs.py::test_f12_sold_out_costs_less_than_a_win",
    ),
    Mutation(
        "F13 a millisecond early is too early",
        "ticketing/allocation/facts.py",
        "pressed_at < facts.opens_at",
        "pressed_at <= facts.opens_at",
        "tests/unit/test_decisions.py",
    ),
    Mutation(
        "F13 an early press leaves no trace but its budget",
        "ticketing/allocation/database.py",
        "    decision = Decision.NOT_OPEN if within else Decision.TOO_MANY_REQUESTS",
        "    decision = Decision.NOT_OPEN",
        "tests/contract/test_claims.py::test_early_tries_run_out_and_cost_nothing_at_the_opening",
    ),
    Mutation(
        "F30 nobody reads another student's ticket",
        "ticketing/tickets.py",
        "    ticket = tickets_of(student).filter(code=code).first()",
        '    ticket = Ticket.objects.select_related("event", "zone").filter(code=code).first()',
        "tests/api/test_strangers.py",
    ),
    Mutation(
        "F30 an ended session reads nothing",
        "accounts/sessions.py",
        "pk=UUID(key), ended_at=None, expires_at__gt=timezone.now()",
        "pk=UUID(key), expires_at__gt=timezone.now()",
        "tests/api/test_strangers.py::test_an_ended_session_reads_nothing_any_more",
    ),
    Mutation(
        "P2 the session is asked at the authority",
        "ticketing/allocation/facts.py",
        "coalesce(session.ended_at IS NULL AND session.expires_at > clock_timestamp(), false)",
        "true",
        "tests/contract/test_claims.py -k logout",
    ),
    Mutation(
        "P2 events of a limit group count together",
        "ticketing/allocation/facts.py",
        "LEFT JOIN ticketing_ticket ticket ON ticket.limit_group = coalesce(e.limit_group_id, e.id)",
        "LEFT JOIN ticketing_ticket ticket ON ticket.event_id = e.id",
        "tests/contract/test_claims.py::test_one_ticket_for_all_events_of_a_limit_group",
    ),
    Mutation(
        "an old receipt never fits a new place",
        "ticketing/allocation/priming.py",
        "coalesce(before.generation, 0)",
        "0",
        "tests/unit/test_priming.py::test_numbers_that_are_missing_are_made_again_with_the_next_generation",
    ),
    Mutation(
        "pagination keeps ties",
        "ticketing/api/pagination.py",
        "        equal &= Q(**{field: value})\n",
        "        equal &= Q()\n",
        "tests/api/test_pagination.py",
    ),
    Mutation(
        "a repeated key is malformed",
        "ticketing/api/bodies.py",
        "    if len(document) != len(pairs):",
        "    if not pairs and document:",
        "tests/api/test_refusals.py -k repeated",
    ),
    Mutation(
        "no personal data in logs",
        "festival/logs.py",
        '            "sqlstate": getattr(error, "sqlstate", None),',
        '            "sqlstate": str(error),',
        "tests/unit/test_logs.py",
    ),
)


def plant(mutation: Mutation, tree: Path) -> None:
    """Put one fault into a copy of the tree."""
    file = tree / mutation.file
    text = file.read_text(encoding="utf-8")
    if text.count(mutation.before) != 1:
        raise SystemExit(
            f"{mutation.need}: its line stands {text.count(mutation.before)} times in {mutation.file}"
        )
    file.write_text(text.replace(mutation.before, mutation.after), encoding="utf-8")


def turns_red(mutation: Mutation) -> bool:
    """Tell whether the tests of a guarantee fail once it is broken; anything but failing tests is no proof."""
    with tempfile.TemporaryDirectory(prefix="daedong-mutation-") as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(ROOT, tree, ignore=LEFT_OUT)
        plant(mutation, tree)
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-x",
            "-q",
            "-p",
            "no:cacheprovider",
            *mutation.tests.split(),
        ]
        ended = subprocess.run(command, cwd=tree, env=bare(), capture_output=True, text=True, check=False)
    if ended.returncode != TESTS_FAILED:
        say(ended.stdout[-2000:] + ended.stderr[-1000:])
    return ended.returncode == TESTS_FAILED


def main(words: Sequence[str]) -> int:
    """Run the mutations whose name holds one of the words, or all; return how many survived."""
    chosen = [m for m in MUTATIONS if not words or any(word in m.need for word in words)]
    survived = 0
    for mutation in chosen:
        red = turns_red(mutation)
        survived += not red
        say(f"{'red  ' if red else 'GREEN'}  {mutation.need}  ({mutation.file})")
    say(f"{len(chosen) - survived} passed, {survived} failed")
    return survived


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
