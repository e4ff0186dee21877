"""Everything about one student, which the council is asked on the day after. Who is shown whom is recorded, and why."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from accounts.models import Student, User, name_key
from ticketing.models import (
    ACTIVE,
    LIVE,
    Bar,
    Claim,
    Event,
    Scan,
    StudentLook,
    Ticket,
    WaitingEntry,
    Zone,
)

MOST_FOUND = 20


@dataclass(slots=True)
class AtEvent:
    """What a student has to do with one event, each list from the first to the last."""

    event: Event
    presses: list[Claim] = field(default_factory=list)
    tickets: list[Ticket] = field(default_factory=list)
    waits: list[WaitingEntry] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)
    scans: list[Scan] = field(default_factory=list)

    @property
    def live_tickets(self) -> list[Ticket]:
        return [ticket for ticket in self.tickets if ticket.status in LIVE]

    @property
    def active_waits(self) -> list[WaitingEntry]:
        return [entry for entry in self.waits if entry.status in ACTIVE]

    @property
    def standing_bars(self) -> list[Bar]:
        return [bar for bar in self.bars if bar.lifted_at is None]


def find(wanted: str, *, by: User, reason: str) -> list[Student]:
    """Return the students of exactly this number, else of exactly this name; who is shown is recorded."""
    students = Student.objects.order_by("student_number")
    found = list(students.filter(student_number=wanted.strip()))
    found = found or list(students.filter(name_key=name_key(wanted))[:MOST_FOUND])
    looks = [StudentLook(by=by, student=student, whole=False, reason=reason) for student in found]
    if len(found) != 1:  # one is shown whole, and recorded so
        StudentLook.objects.bulk_create(looks or [StudentLook(by=by, whole=False, reason=reason)])
    return found


def open_file(student: Student, *, by: User, reason: str) -> list[AtEvent]:
    """Return everything about a student by event, the newest event first, and record that it was shown."""
    StudentLook.objects.create(by=by, student=student, whole=True, reason=reason)
    claims = Claim.objects.filter(student=student).select_related("event").order_by("decided_at", "id")
    tickets = Ticket.objects.filter(student=student).order_by("issued_at", "id")
    waiting = WaitingEntry.objects.filter(student=student).order_by("arrival", "claim_id")
    bars = Bar.objects.filter(student=student).order_by("created_at", "id")
    scans = Scan.objects.filter(ticket__student=student).order_by("received_at", "scan_id")
    files: dict[UUID, AtEvent] = {}

    def of(event: Event) -> AtEvent:
        return files.setdefault(event.pk, AtEvent(event))

    for claim in claims:
        of(claim.event).presses.append(claim)
    for ticket in tickets.select_related("event", "zone", "actor", "granted_by"):
        of(ticket.event).tickets.append(ticket)
    for entry in with_zone_names(waiting.select_related("event", "offered_zone", "actor")):
        of(entry.event).waits.append(entry)
    for bar in bars.select_related("event", "actor", "lifted_by"):
        of(bar.event).bars.append(bar)
    for scan in scans.select_related("ticket__event", "user", "device", "undone_by"):
        if scan.ticket is not None:
            of(scan.ticket.event).scans.append(scan)
    return sorted(files.values(), key=lambda its: its.event.opens_at, reverse=True)


def with_zone_names(entries: Iterable[WaitingEntry]) -> Sequence[WaitingEntry]:
    """Return entries that know the names of the zones they wait for, `wanted`."""
    found = list(entries)
    names = dict(
        Zone.objects.filter(pk__in={zone for entry in found for zone in entry.zones}).values_list(
            "pk", "name"
        )
    )
    for entry in found:
        entry.wanted = ", ".join(names.get(zone, "") for zone in entry.zones)  # type: ignore[attr-defined]  # for the page
    return found
