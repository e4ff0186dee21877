"""Faults planted in what happens after a loss."""

from tests.mutations.row import Mutation

RECEIPTS = "tests/recovery/test_receipts.py"
REDIS = "tests/recovery/test_fallen_back_redis.py"
RESTORING = "ticketing/allocation/restoring.py"
COMMON = "ticketing/allocation/rush/common.lua"
PRESENTING = "ticketing/presenting.py"
ROWS = (
    Mutation(
        "F2",
        "another student's receipt is refused",
        PRESENTING,
        "    if receipt.student_id != student.pk:",
        "    if False:",
        "tests/api/test_receipts.py -k refusals",
    ),
    Mutation(
        "F2",
        "a receipt that was changed is refused",
        "ticketing/receipts.py",
        "        document: dict[str, Any] = signer().unsign_object(text)",
        '        document: dict[str, Any] = signer().unsign_object(signer().sign(text.rpartition(":")[0]))',
        "tests/api/test_receipts.py -k refusals",
    ),
    Mutation(
        "F2",
        "a late receipt takes nobody's place",
        RESTORING,
        "        if self.is_late() or self.has_newer():",
        "        if self.has_newer():",
        f"{RECEIPTS} -k second_loss",
    ),
    Mutation(
        "F2",
        "an older receipt of a place takes it from nobody",
        RESTORING,
        "        if place.generation >= generation:\n            return None",
        "        if place.generation > generation + 9:\n            return None",
        f"{RECEIPTS} -k older_receipt",
    ),
    Mutation(
        "F2",
        "what a receipt shows to have ended ends",
        RESTORING,
        "        for ticket in [*student_had, *place_had]:",
        "        for ticket in student_had:",
        f"{RECEIPTS} -k newer_receipt_of_a_place",
    ),
    Mutation(
        "F2",
        "a restored place is not given again",
        RESTORING,
        "        Place.objects.filter(pk=place.pk).update(free=False, generation=known(receipt.generation))",
        "        Place.objects.filter(pk=place.pk).update(generation=known(receipt.generation))",
        f"{RECEIPTS} -k comes_back_exactly",
    ),
    Mutation(
        "F7",
        "nothing is given while receipts may come",
        "ticketing/allocation/turns.py",
        "    if authority == Authority.RECOVERING:\n        raise Recovering",
        "    if authority == Authority.RECOVERING:\n        return",
        f"{RECEIPTS} -k nothing_is_given",
    ),
    Mutation(
        "F7",
        "rows that have fallen back are noticed",
        "ticketing/allocation/rush/remembered.py",
        "    if counter.reached < seen:",
        "    if counter.reached < (0, 0):",
        f"{RECEIPTS} -k promotion_that_was_lost",
    ),
    Mutation(
        "F7",
        "a Redis behind what a process has seen decides nothing",
        COMMON,
        "    local behind = tonumber(values[4] or '0') < tonumber(seen)",
        "    local behind = false",
        f"{REDIS} -k by_the_next_press",
    ),
    Mutation(
        "F7",
        "another run of the server is heard before it decides",
        COMMON,
        "    if latched or behind or values[7] ~= own_run() then",
        "    if latched or behind then",
        f"{REDIS} -k after_a_moment",
    ),
    Mutation(
        "F7",
        "who has seen more is heard before another run decides",
        "ticketing/allocation/rush/recovering.py",
        "    if int(known_for[0]) < LISTEN_MS:",
        "    if False:",
        f"{REDIS} -k after_a_moment",
    ),
    Mutation(
        "F7",
        "a sale is built anew only from rows that have every decision",
        "ticketing/allocation/rush/recovering.py",
        "    return position.position >= max(int(sequence or 0), int(heard or 0), last)",
        "    return True",
        "tests/rush/test_losses.py -k decisions_are_lost",
    ),
    Mutation(
        "F2",
        "no win outlives its receipt without a row",
        "ticketing/allocation/rush/claim.lua",
        "if lag_of(head) >= tonumber(ARGV[OWN + 10]) then",
        "if false then",
        f"{REDIS} -k receipt_could_not",
    ),
    Mutation(
        "F7",
        "a receipt is forgotten when what it was for is given back",
        "ticketing/keeping.py",
        "    if name_of(event_id) in request.COOKIES:",
        "    if False:",
        "tests/student/test_receipts.py -k giving_back",
    ),
)
