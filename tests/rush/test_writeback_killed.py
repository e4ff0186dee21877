"""Write-back workers are killed at known moments, and race: each entry is written once, in order (F7).

Workers are real processes. Locks that the test holds in PostgreSQL let them stand where they are to be killed.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Thread
from uuid import uuid4

import psycopg
import pytest
from django.db import connection

from accounts.models import Student
from accounts.passes import Claimant
from festival import processes
from tests.conftest import test_database_url
from tests.contract.acts import bar, void
from tests.contract.doors import Answer, Door, kind_of
from tests.factories import Player, make_event, make_players, settle
from tests.rush.following import acknowledged, last_number, position, written
from tests.rush.test_writeback import keys_of
from tests.rush.writers import PATIENCE, held, kill, standing, wait_for, wait_for_another, writer
from ticketing import claims, council
from ticketing.allocation.rush.keys import Keys
from ticketing.api import answers
from ticketing.models import Claim, Event, Ticket

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]
POSITION = "ticketing_streamposition"
# In the order in which a batch comes by; nobody else wants these locks meanwhile.
MOMENTS = {
    "the batch is read, nothing is written": (
        POSITION,
        "SELECT 1 FROM ticketing_streamposition FOR NO KEY UPDATE",
    ),
    "ended tickets are written": ("ticketing_place", "SELECT 1 FROM ticketing_place FOR NO KEY UPDATE"),
    "all rows but mails are written": ("accounts_outgoingmail", "LOCK accounts_outgoingmail IN SHARE MODE"),
}
# Foreign keys are checked by the COMMIT itself, which looks at the students.
IN_COMMIT = "SELECT 1 FROM accounts_student FOR UPDATE"


@pytest.fixture
def event() -> Event:
    return make_event({"A": 6}, waitlist_size=5)


@pytest.fixture
def players() -> list[Player]:
    return make_players(20)


def play(event: Event, door: Door, players: list[Player]) -> list[Answer]:
    """Let entries come into being that would be seen doubled: wins, losers, promotions with mails, bars."""
    told = [door.claim(player, event.pk, "A") for player in players[:15]]
    assert [answer.kind for answer in told] == ["won"] * 6 + ["waitlisted"] * 5 + ["sold_out"] * 4
    for number in (0, 1):
        assert door.cancel(players[number], told[number].body["ticket"]).kind == "cancelled"
    void(event, told[2].body["ticket"])
    for player in (players[13], players[14]):
        bar(event, player.student)
    assert council.lift_bar(event_id=event.pk, student_id=players[14].student.pk)
    return told


def finish(keys: Keys) -> None:
    """Wait until a worker that goes on has brought the rows to the stream's end."""
    assert processes.wait_until(lambda: position(keys) == last_number(keys), PATIENCE), position(keys)


def compare(keys: Keys, told: list[Answer]) -> None:
    """See that the rows say what the stream says, and what students were told."""
    rows = written(keys)
    assert rows == acknowledged(keys)
    arrivals = sorted(arrival for _student, _answer, arrival, _number in rows["claims"].values())
    assert arrivals == list(range(1, rows["arrival"] + 1))
    won = [answer.body for answer in told if answer.kind == "won"]
    tickets = {row.code: (row.number, row.arrival) for row in Ticket.objects.all()}
    assert [tickets[body["ticket"]] for body in won] == [(body["number"], body["arrival"]) for body in won]


@pytest.mark.parametrize("moment", MOMENTS)
def test_f7_a_writer_killed_before_its_commit_has_written_nothing_and_the_next_writes_all(
    event: Event, door: Door, players: list[Player], tmp_path: Path, moment: str
) -> None:
    told = play(event, door, players)
    keys, (where, statement) = keys_of(event), MOMENTS[moment]
    begun = written(keys)
    with ExitStack() as stack:
        with held(statement):
            first = stack.enter_context(writer(tmp_path, "first"))
            dead = wait_for(where)
            kill(first)
            assert written(keys) == begun
            # The dead one's transaction may still stand there, and the position be its own: the next one waits.
            stack.enter_context(writer(tmp_path, "second"))
            wait_for_another(dead)
            assert written(keys) == begun
        finish(keys)
    compare(keys, told)


def test_f7_a_writer_killed_in_its_commit_is_not_followed_by_one_that_writes_again(
    event: Event, door: Door, players: list[Player], tmp_path: Path
) -> None:
    told = play(event, door, players)
    keys = keys_of(event)
    with held(IN_COMMIT), writer(tmp_path, "first") as first:
        wait_for("COMMIT")
        kill(first)
    # What it asked for last is done without it: nobody has heard that the rows are there.
    told += [door.claim(player, event.pk, "A") for player in players[15:]]
    with writer(tmp_path, "second"):
        finish(keys)
    compare(keys, told)


@contextmanager
def stopped_after_a_commit(first_lock: str) -> Iterator[None]:
    """Let a writer come by that lock, commit, and stand before it asks for the position of its next batch."""
    with psycopg.connect(test_database_url()) as gate, held(first_lock) as holder:
        shutting = Thread(target=gate.execute, args=[f"LOCK {POSITION} IN ACCESS EXCLUSIVE MODE"])
        wait_for("accounts_outgoingmail")
        shutting.start()
        wait_for("accounts_outgoingmail", "LOCK")  # queued behind the writer: it comes when that one commits
        holder.rollback()
        shutting.join()
        wait_for(f'FROM "{POSITION}"')
        yield
        gate.rollback()


def test_f7_a_writer_killed_between_two_batches_is_followed_by_one_that_goes_on_there(
    event: Event, door: Door, players: list[Player], tmp_path: Path
) -> None:
    told = play(event, door, players)
    keys = keys_of(event)
    _where, statement = MOMENTS["all rows but mails are written"]
    between = last_number(keys)
    with writer(tmp_path, "first") as first:
        with stopped_after_a_commit(statement):
            told += [door.claim(player, event.pk, "A") for player in players[15:]]
            kill(first)
        assert position(keys) == between < last_number(keys)
        assert Claim.objects.count() == 15
        with writer(tmp_path, "second"):
            finish(keys)
    compare(keys, told)


PRESSES = 3_000
RACE_PLACES = 2_000
MOVES = """
CREATE TABLE moves (place serial, begin bigint, until bigint, backend int, batch bigint);
CREATE FUNCTION note_move() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO moves (begin, until, backend, batch)
    VALUES (old.position, new.position, pg_backend_pid(), txid_current() % (1::bigint << 32));
    RETURN NULL;
END $$;
CREATE TRIGGER note_move AFTER UPDATE ON ticketing_streamposition
    FOR EACH ROW EXECUTE FUNCTION note_move();
"""
# Each row belongs to the one transaction that moved the position over its entry.
WRITTEN_ELSEWHERE = """
SELECT claim.sequence FROM ticketing_claim claim
 WHERE 1 <> (SELECT count(*) FROM moves
              WHERE moves.begin < claim.sequence AND claim.sequence <= moves.until
                AND claim.xmin::text::bigint = moves.batch)
"""
FORGET = f"DROP TRIGGER note_move ON {POSITION}; DROP FUNCTION note_move; DROP TABLE moves"


@pytest.fixture
def moves() -> Iterator[None]:
    """Let the database note each move of the position with its session and transaction."""
    with connection.cursor() as cursor:
        cursor.execute(MOVES)
        yield
        cursor.execute(FORGET)


def ask(statement: str) -> list[tuple[int, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())


def make_crowd(size: int) -> list[int]:
    """Make many students; return their keys."""
    made = Student.objects.bulk_create(
        Student(student_number=f"R{number:06}", name="김대동", department="국어국문학과", year=1)
        for number in range(size)
    )
    settle()
    return [student.pk for student in made]


def press(event: Event, students: list[int]) -> list[Answer]:
    """Press once for each student."""
    told = []
    for student in students:
        who = Claimant(student_id=student, session_id=uuid4(), generation=1)
        body = answers.document(claims.claim(event_id=event.pk, zones=["A"], claimant=who))
        told.append(Answer(kind_of(body), body))
    return told


@pytest.mark.parametrize("writers", [2, 4])
@pytest.mark.usefixtures("moves")
def test_f7_of_racing_writers_each_entry_has_one_that_writes_it_in_order(
    tmp_path: Path, writers: int
) -> None:
    event, students = make_event({"A": RACE_PLACES}), make_crowd(PRESSES)
    keys = keys_of(event)
    half = PRESSES // 2
    told = press(event, students[:half])
    for student in students[half : half + 5]:
        assert council.bar(event_id=event.pk, student_id=student, actor_id=None, reason="양도")
        assert council.lift_bar(event_id=event.pk, student_id=student)  # both again would be seen
    _where, statement = MOMENTS["the batch is read, nothing is written"]
    with ExitStack() as stack:
        with held(statement):
            racing = [stack.enter_context(writer(tmp_path, f"writer-{n}")) for n in range(writers)]
            wait_for(*[POSITION] * writers)  # all hold the same batch
        told += press(event, students[half:])  # so that many small batches are raced for
        finish(keys)
        assert [process.poll() for process in racing] == [None] * writers
    assert [process.returncode for process in racing] == [0] * writers
    assert standing() == {}
    compare(keys, told)
    chain = ask("SELECT begin, until FROM moves ORDER BY place")
    assert [begin for begin, _until in chain] == [0, *(until for _begin, until in chain[:-1])]
    assert all(begin < until for begin, until in chain), "no batch was taken twice"
    assert len(told) == Claim.objects.count() == PRESSES
    assert ask(WRITTEN_ELSEWHERE) == []
