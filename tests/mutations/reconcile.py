"""Faults planted in the comparison of the two sides and its repair (F2)."""

from tests.mutations.row import Mutation

PACKAGE = "ticketing/allocation/reconciling"
REDIS = "tests/reconcile/test_redis.py"
FINAL = "tests/reconcile/test_final.py"
WINNERS = "tests/reconcile/test_winners.py"
ROWS_TESTS = "tests/reconcile/test_rows.py"
STOPPED = "tests/reconcile/test_stopped.py"
ROWS = (
    Mutation(
        "F2",
        "a ticket that only Redis and the stream have is written",
        f"{PACKAGE}/tickets.py",
        "    if row is None or has_row is None:\n        return Finding(found, partial(write, truth, told, side))",
        "    if row is None or has_row is None:\n        return Finding(found)",
        f"{REDIS} -k ticket_row_lost",
    ),
    Mutation(
        "F2",
        "Redis is not built anew from rows that lack a ticket",
        f"{PACKAGE}/runs.py",
        "        if any(it.mend for it in rest) or not rest:",
        "        if not rest:",
        f"{WINNERS} -k only_the_rows_have",
    ),
    Mutation(
        "F2",
        "a winner without a ticket gets one",
        f"{PACKAGE}/inside.py",
        "        *winners_without_tickets(group, events),",
        "",
        f"{ROWS_TESTS} -k winner_whose_ticket_is_gone",
    ),
    Mutation(
        "F2",
        "a ticket that is used, void or cancelled in PostgreSQL stays so",
        f"{PACKAGE}/tickets.py",
        "        return has_row.status if has_row.status in FINAL or status == USED else status",
        "        return has_row.status if status == USED else status",
        f"{FINAL} -k in_postgresql",
    ),
    Mutation(
        "F2",
        "a bar in force stands",
        f"{PACKAGE}/presses.py",
        "    for student in sorted(rows ^ its.barred, key=int):",
        "    for student in sorted(its.barred - rows, key=int):",
        f"{FINAL} -k bar_in_force",
    ),
    Mutation(
        "F2",
        "a row in the way of a decision moves and does not vanish",
        f"{PACKAGE}/seating.py",
        "    if other.student_id is None or other.student_id != ticket.student_id:\n        return seat_elsewhere",
        "    if False:\n        return seat_elsewhere",
        f"{WINNERS} -k both_have_one",
    ),
    Mutation(
        "F2",
        "rows that have lost what Redis was built from come after it",
        f"{PACKAGE}/tickets.py",
        "    known = [has_redis, has_row] if side.incomplete else [has_row, has_redis]",
        "    known = [has_row, has_redis]",
        "tests/reconcile/test_fallen_back.py",
    ),
    Mutation(
        "F2",
        "nobody decides while the sides are read",
        "ticketing/allocation/rush/common.lua",
        "    if till and (till == '' or now < tonumber(till)) then",
        "    if false then",
        f"{STOPPED} -k refused_for_a_moment",
    ),
    Mutation(
        "F2",
        "a freeze ends by itself",
        "ticketing/allocation/rush/common.lua",
        "    if till and (till == '' or now < tonumber(till)) then",
        "    if till then",
        f"{STOPPED} -k killed_while_it_compares",
    ),
    Mutation(
        "F2",
        "a freeze has no end while its repair may still be committed",
        f"{PACKAGE}/runs.py",
        "    freeze.hold()\n    repaired, anew, left",
        "    repaired, anew, left",
        f"{STOPPED} -k killed_while_it_repairs",
    ),
    Mutation(
        "F2",
        "a freeze whose holder has died is lifted",
        "ticketing/allocation/rush/carrying.py",
        "    if freezing.lift(keys, counter, token):",
        "    if False:",
        f"{STOPPED} -k killed_while_it_repairs",
    ),
    Mutation(
        "F2",
        "each repair is recorded",
        f"{PACKAGE}/runs.py",
        "        record_all(key, others, BUILT_ANEW, actor)\n",
        "",
        f"{REDIS} -k nobody_holds_in_redis",
    ),
)
