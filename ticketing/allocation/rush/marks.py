"""Tells Redis what triggers have marked as changed: students, ended sessions, rules, uses of tickets.

A mark is forgotten when Redis has been told; a loop that dies in between tells it again.
"""

from array import array
from collections import defaultdict
from collections.abc import Iterable, Sequence
from uuid import UUID

from ticketing.allocation.base import Recovering, Stale
from ticketing.allocation.rush import eligibility
from ticketing.allocation.rush.authority import RedisAllocator
from ticketing.allocation.rush.building import PAGE, chunks, each
from ticketing.allocation.rush.classes import load_rules, tell_classes
from ticketing.allocation.rush.directory import look_up
from ticketing.allocation.rush.keys import Keys
from ticketing.allocation.rush.roster import load_roster, tell_sessions, tell_students
from ticketing.models import LIVE, Event, PrimingMark, Ticket, TicketStatus, Topic
from ticketing.signing import TicketCode

MOST_MARKS = 20_000  # more: everything is told anew
FEW = 2000  # students whose classes are told one by one
NO_SCAN = UUID(int=0)
Marked = dict[str, dict[str, None]]


def forget_all() -> None:
    """Drop the marks when no group is in Redis: a roster is built whole when one comes."""
    PrimingMark.objects.all().delete()


def tell_marks(festivals: Iterable[Keys], events: Sequence[tuple[Keys, Event]], token: int) -> int:
    """Tell the festivals and events that Redis decides for of what is marked, and forget it; return how much it was.

    Rules go before the roster: a student whom the roster names can be judged.
    """
    seen, marked = read_marks()
    if not seen:
        return 0
    whole = len(seen) > MOST_MARKS
    tell_rules(events, marked, token, whole=whole)
    for keys in festivals:
        if whole:
            load_roster(keys, token)
        else:
            tell_students(keys, token, list(marked[Topic.STUDENT]))
            tell_sessions(keys, token, list(marked[Topic.SESSION]))
    kept = tell_uses(list(marked[Topic.TICKET]))
    forget(seen, kept)
    return len(seen)


def read_marks() -> tuple["array[int]", Marked]:
    """Return the numbers of all marks, and what they are about: everything but tickets only as far as it is few."""
    seen, marked = array("q"), defaultdict[str, dict[str, None]](dict)
    for number, topic, key in each(PrimingMark.objects.values_list("id", "topic", "key")):
        seen.append(number)
        if len(seen) <= MOST_MARKS or topic == Topic.TICKET:
            marked[topic][key] = None
    return seen, marked


def forget(seen: "array[int]", kept: Sequence[str]) -> None:
    """Delete these marks, but not those of the tickets that could not be told."""
    kept_marks = PrimingMark.objects.filter(topic=Topic.TICKET, key__in=kept)
    for some in chunks(seen, PAGE):
        PrimingMark.objects.filter(id__in=some).exclude(id__in=kept_marks.values("id")).delete()


def tell_uses(codes: Sequence[str]) -> list[str]:
    """Tell Redis what the gate did while Redis was away; return the codes that it cannot be told of now."""
    kept = []
    for ticket in Ticket.objects.filter(code__in=codes, status__in=LIVE):
        listed = look_up(ticket.event_id, fresh=True)
        if listed is None:
            continue
        authority, code = RedisAllocator(listed), TicketCode(ticket.code)
        try:
            if ticket.status == TicketStatus.USED:
                authority.enter(code=code, scan_id=NO_SCAN)
            else:
                authority.enter_again(code=code)
        except (Stale, Recovering):
            kept.append(ticket.code)
    return kept


def tell_rules(events: Sequence[tuple[Keys, Event]], marked: Marked, token: int, *, whole: bool) -> None:
    """Build the classes of events anew when rules changed, else those of the students who did."""
    ruled = bool(marked[Topic.RULES])
    students = [int(key) for key in marked[Topic.STUDENT]]
    for keys, event in events:
        if whole or ruled:
            load_rules(keys, event, token)
        elif students and eligibility.has_rules(event.pk):
            if len(students) > FEW:
                load_rules(keys, event, token)
            else:
                tell_classes(keys, event, students, token)
