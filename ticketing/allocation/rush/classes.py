"""The classes of an event's students in Redis (see eligibility.py): built whole aside, or for students who changed."""

from collections.abc import Iterator, Sequence

from accounts.models import Student
from festival.redis import sale
from ticketing.allocation.rush import eligibility
from ticketing.allocation.rush.building import PAGE, chunks, fenced, pages, put, remove, write
from ticketing.allocation.rush.keys import Keys
from ticketing.allocation.rush.lines import milliseconds
from ticketing.allocation.rush.roster import SENTINEL
from ticketing.allocation.rush.scripts import run
from ticketing.models import Event, Zone


def load_rules(keys: Keys, event: Event, token: int) -> None:
    """Build the classes of an event's students aside, then flip; without rules there are none."""
    new, new_openings = keys.of_event(event.pk, "classes:new"), keys.of_event(event.pk, "openings:new")
    present = (keys.of_event(event.pk, "classes"), keys.of_event(event.pk, "openings"))
    conf = keys.of_event(event.pk, "conf")
    remove(keys, token, new, new_openings)
    basis = basis_of_rules(event)
    ruled = eligibility.has_rules(event.pk)
    if ruled:
        numbers = {"": 0}  # nobody's class, so that neither key is ever empty
        put(keys, token, new, [(SENTINEL, 0)])
        put(keys, token, new, classes_of_all(event, numbers))
        put(keys, token, new_openings, ((number, text) for text, number in numbers.items()))
    else:
        write(keys, token, conf, "HSET", ("rules", "0"))
    fenced(run("flip", [keys.of_festival("lease"), new, present[0], new_openings, present[1]], [token]))
    if ruled:
        write(keys, token, conf, "HSET", ("rules", "1"))
    write(keys, token, conf, "HSET", ("ruled_for", basis))


def basis_of_rules(event: Event) -> str:
    """Return what classes rest on besides rules and people: the opening, and which zones there are."""
    zones = Zone.objects.filter(event=event).order_by("pk").values_list("pk", flat=True)
    return " ".join([str(milliseconds(event.opens_at)), *map(str, zones)])


def classes_of_all(event: Event, numbers: dict[str, int]) -> Iterator[tuple[int, int]]:
    """Yield each student with the number of its class; the texts of the classes are counted into `numbers`."""
    for page in pages(Student.objects.values_list("pk", "status")):
        found = eligibility.classes(event.pk, event.opens_at, [key for key, _status in page])
        for student, text in found.items():
            yield student, numbers.setdefault(text, len(numbers))


def tell_classes(keys: Keys, event: Event, students: Sequence[int], token: int) -> None:
    """Bring the classes of these students up to date; a class that is new gets the next number."""
    openings = keys.of_event(event.pk, "openings")
    numbers = {str(text): int(number) for number, text in sale().hgetall(openings).items()}
    following = max(numbers.values()) + 1
    for some in chunks(students, PAGE):
        found = eligibility.classes(event.pk, event.opens_at, some)
        new = [text for text in dict.fromkeys(found.values()) if text not in numbers]
        added = dict(zip(new, range(following, following + len(new)), strict=True))
        numbers |= added
        following += len(new)
        put(keys, token, openings, ((number, text) for text, number in added.items()))
        name = keys.of_event(event.pk, "classes")
        put(keys, token, name, ((student, numbers[text]) for student, text in found.items()))
        if gone := [student for student in some if student not in found]:
            write(keys, token, name, "HDEL", gone)
