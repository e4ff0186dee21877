"""The real sale behind the notebook's words: PostgreSQL, Redis, the steps; made anew for every program."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.core.cache import caches
from django.db import connection
from django.utils import timezone
from redis import Redis

from accounts import devices, roster
from accounts.models import Student, StudentSession
from accounts.passes import Claimant
from accounts.sessions import log_out_everywhere
from festival.errors import FestivalError
from festival.redis import sale
from tests.contract import acts
from tests.properties.notebook import Notebook
from tests.properties.records import Answer
from tests.properties.wishes import PAST, Person, Rule, Wishes
from ticketing import claims, council, tickets, waiting, writeback
from ticketing.allocation import Decision, Gift, Outcome, allocator_of, witness
from ticketing.allocation.base import Held
from ticketing.allocation.priming import prime
from ticketing.allocation.rush.keys import Keys
from ticketing.gate import ScanRequest, admit, undo
from ticketing.models import (
    EligibilityRule,
    Event,
    Exclusion,
    Festival,
    LimitGroup,
    Mode,
    Scan,
    StudentList,
    StudentListEntry,
    Ticket,
    Zone,
)
from ticketing.qr import code_text
from ticketing.signing import TicketCode

DAY = timedelta(days=1)
# Of a group, an event or a zone. Those that it may lack, and those whose loss nobody can see, are in ADR 14.
KEYS_THAT_CAN_BE_LOST = (
    *("group state", "group stream", "group live", "group tickets", "festival students", "festival ended"),
    *("event conf", "event barred", "event classes", "event openings", "zone state", "zone generations"),
)
REASON = "양도"
EMPTY = """TRUNCATE accounts_student, accounts_user, accounts_outgoingmail, ticketing_event, ticketing_limitgroup,
    ticketing_studentlist, ticketing_salecounter, ticketing_streamposition, ticketing_primingmark
    RESTART IDENTITY CASCADE"""


def empty() -> None:
    """Forget everything that an earlier program has left."""
    with connection.cursor() as cursor:
        cursor.execute(EMPTY)
    with Redis.from_url(settings.REDIS_URL) as client:
        client.flushdb()
    caches["process"].clear()


def settle() -> None:
    """Let the loops do what is to be done."""
    while prime() + writeback.write_back():
        pass


class World:
    """Events, zones and students by their names in the notebook; ticket codes by their places there."""

    def __init__(
        self, groups: dict[str, tuple[str, ...]], wishes: dict[str, Wishes], people: list[str]
    ) -> None:
        empty()
        self.now = timezone.now().replace(microsecond=0)
        self.festival = Festival.objects.order_by("-created_at", "id")[0]
        self.events: dict[str, Event] = {}
        self.zones: dict[tuple[str, str], UUID] = {}
        self.students: dict[str, Student] = {}
        self.claimants: dict[str, Claimant] = {}
        self.codes: dict[int, TicketCode] = {}
        self.told: dict[tuple[UUID, int, int], TicketCode] = {}
        self.elapsed: dict[tuple[str, str, int], int | None] = {}
        self.groups: dict[str, UUID] = {}
        for group, events in groups.items():
            self.make_group(group, events, wishes)
        for name in people:
            self.enrol(name)
        settle()

    def make_group(self, group: str, events: tuple[str, ...], wishes: dict[str, Wishes]) -> None:
        limit_group = LimitGroup.objects.create(name=group) if len(events) > 1 else None
        for name in events:
            times = {"opens_at": self.time(wishes[name].opens), "closes_at": self.time(wishes[name].closes)}
            event = Event.objects.create(name=name, limit_group=limit_group, mode=Mode.DATABASE, **times)
            self.events[name] = event
            self.groups[group] = event.group_key
            for zone, capacity in wishes[name].capacities.items():
                self.add_zone(name, zone, capacity)

    def time(self, days: int) -> Any:
        return self.now + days * DAY

    def keys(self, group: str) -> Keys:
        return Keys(self.festival.pk, self.groups[group])

    def keys_of_event(self, event: str) -> Keys:
        return Keys(self.festival.pk, self.events[event].group_key)

    # Students

    def enrol(self, name: str) -> None:
        number = str(20_260_001 + len(self.students))
        self.students[name] = Student.objects.create(
            student_number=number, name=name, department=Person().department, year=2
        )
        self.log_in(name)

    def log_in(self, name: str) -> None:
        student = self.students[name]
        student.refresh_from_db()
        session = StudentSession.objects.create(student=student, device="", expires_at=timezone.now() + DAY)
        self.claimants[name] = Claimant(student.pk, session.pk, student.generation)

    def log_out(self, name: str) -> None:
        devices.end_one(self.students[name], self.claimants[name].session_id)

    def log_out_everywhere(self, name: str) -> None:
        log_out_everywhere(self.students[name])

    def lose(self, name: str) -> None:
        roster.lose([self.students[name].pk])

    def change_person(self, name: str, person: Person) -> None:
        Student.objects.filter(pk=self.students[name].pk).update(
            status=person.status, department=person.department
        )

    # The council

    def change_event(self, name: str, **fields: Any) -> None:
        Event.objects.filter(pk=self.events[name].pk).update(**fields)

    def add_zone(self, event: str, zone: str, capacity: int) -> None:
        made = Zone.objects.create(event=self.events[event], name=zone, capacity=capacity)
        self.zones[event, zone] = made.pk

    def resize(self, event: str, zone: str, capacity: int) -> None:
        Zone.objects.filter(pk=self.zones[event, zone]).update(capacity=capacity)

    def add_rule(self, event: str, rule: Rule) -> None:
        EligibilityRule.objects.create(
            event=self.events[event],
            zone_id=self.zones[event, rule.zone] if rule.zone else None,
            statuses=rule.statuses,
            departments=[rule.department] if rule.department else [],
            opens_at=None if rule.opens is None else self.time(rule.opens),
        )

    def drop_rules(self, event: str) -> None:
        EligibilityRule.objects.filter(event=self.events[event]).delete()

    def exclude(self, event: str, names: frozenset[str]) -> None:
        """Make these the students who are kept out of an event by a list."""
        listed, _new = StudentList.objects.get_or_create(name=event)
        listed.entries.all().delete()
        pairs = [StudentListEntry(student_list=listed, student=self.students[name]) for name in names]
        StudentListEntry.objects.bulk_create(pairs)
        Exclusion.objects.get_or_create(event=self.events[event], student_list=listed, reason=REASON)

    def want_a_list(self, event: str, wishes: Wishes) -> None:
        quiet = acts.quiet_now() if wishes.quiet else {"quiet_from": None, "quiet_until": None}
        over = self.time(PAST) if wishes.promotions_over else None
        self.change_event(
            event, waitlist_size=wishes.waitlist, promotion=wishes.promotion, promotions_end_at=over, **quiet
        )

    def switch(self, events: tuple[str, ...], mode: str) -> None:
        Event.objects.filter(pk__in=[self.events[name].pk for name in events]).update(mode=mode)

    def bar(self, event: str, student: str) -> bool:
        key, who = self.events[event].pk, self.students[student].pk
        return council.bar(event_id=key, student_id=who, actor_id=None, reason=REASON)

    def lift(self, event: str, student: str) -> bool:
        return council.lift_bar(event_id=self.events[event].pk, student_id=self.students[student].pk)

    def void(self, event: str, ticket: int) -> bool:
        return council.void(
            code=self.codes[ticket], event_id=self.events[event].pk, actor_id=None, reason=REASON
        )

    # Presses

    def claim(self, student: str, event: str, zones: tuple[str, ...]) -> Answer:
        claimant, key = self.claimants[student], self.events[event].pk
        return self.answer(lambda: claims.claim(event_id=key, zones=zones, claimant=claimant))

    def last_answer(self, student: str, event: str) -> Answer | None:
        outcome = claims.last_answer(event_id=self.events[event].pk, student_id=self.students[student].pk)
        return self.read(outcome) if outcome else None

    def cancel(self, student: str, ticket: int) -> str:
        try:
            return tickets.cancel(self.students[student], self.codes[ticket]).status
        except FestivalError as error:
            return error.code

    def answer(self, ask: Callable[[], Outcome]) -> Answer:
        """Return what an authority answers, in the notebook's words."""
        try:
            return self.read(ask())
        except FestivalError as error:
            return Answer(error.code)

    def read(self, outcome: Outcome) -> Answer:
        held, waits, more = outcome.ticket, outcome.waits, None
        match outcome.decision:
            case Decision.LIMIT_REACHED:
                more = next(name for name, event in self.events.items() if event.pk == outcome.other_event_id)
            case Decision.NOT_ELIGIBLE:
                more = str(outcome.ineligible)
            case Decision.WAITLISTED:
                assert waits is not None
                more = str(waits.position)
            case Decision.NOT_OPEN:
                assert outcome.opens_at is not None
                more = str((outcome.opens_at - self.now) // DAY)
        self.compare_elapsed(outcome)
        kind, arrival = str(outcome.decision), outcome.arrival
        if held:
            self.compare_code(held)
            return Answer(kind, held.zone, held.number, held.generation, arrival)
        if waits and waits.offer:
            return Answer(kind, waits.offer.zone, waits.offer.number, None, arrival, more)
        return Answer(kind, arrival=arrival, more=more)

    def compare_elapsed(self, outcome: Outcome) -> None:
        """See that whoever asks again is told the same time since the opening."""
        if outcome.arrival is not None:
            key = (str(outcome.event_id), str(outcome.student_id), outcome.arrival)
            assert self.elapsed.setdefault(key, outcome.elapsed_ms) == outcome.elapsed_ms

    def compare_code(self, held: Held) -> None:
        """See that a ticket is always told with the same code."""
        key = (held.zone_id, held.number, held.generation)
        assert self.told.setdefault(key, held.code) == held.code

    def learn(self, book: Notebook) -> None:
        """Find the codes of new tickets where the authority keeps them."""
        unknown = {place: t for place, t in enumerate(book.tickets) if place not in self.codes}
        for place, ticket in unknown.items():
            kept = self.codes_of(book, ticket.event)
            key = (self.zones[ticket.event, ticket.zone], ticket.number, ticket.generation)
            assert key in kept, f"there is no {ticket}"
            self.codes[place] = kept[key]
            assert self.told.setdefault(key, kept[key]) == kept[key]

    def codes_of(self, book: Notebook, event: str) -> dict[tuple[UUID, int, int], TicketCode]:
        """Return the codes of all tickets of a group, as its authority has them."""
        if not book.in_redis(event):
            rows = Ticket.objects.values_list("zone", "number", "generation", "code")
            return {(zone, number, given): TicketCode(code) for zone, number, given, code in rows}
        lines = sale().hgetall(self.keys_of_event(event).of_group("tickets"))
        parts = {str(code): str(line).split("|") for code, line in lines.items()}
        return {(UUID(p[4]), int(p[5]), int(p[6])): TicketCode(code) for code, p in parts.items()}

    # The waiting list

    def leave(self, student: str, event: str) -> str:
        try:
            waiting.leave(event_id=self.events[event].pk, student=self.students[student])
        except FestivalError as error:
            return error.code
        return "left"

    def accept(self, student: str, event: str) -> Answer:
        key, who = self.events[event].pk, self.students[student]
        return self.answer(lambda: waiting.accept(event_id=key, student=who))

    def end_offers(self, event: str) -> None:
        writeback.write_back()
        acts.end_offers(self.events[event])

    def grant(self, event: str, zone: str, holder: str, *, guest: bool) -> str:
        student = None if guest else self.students[holder].pk
        name = holder if guest else ""
        gift = Gift(self.events[event].pk, self.zones[event, zone], student, name, None, REASON)
        try:
            return council.grant(gift).value
        except FestivalError as error:
            return error.code

    def left(self, event: str) -> dict[str, int]:
        zones = {key: zone for (its, zone), key in self.zones.items() if its == event}
        left = allocator_of(self.events[event].pk, fresh=True).left(list(zones))
        return {zones[key]: free for key, free in left.items()}

    # The gate

    def use(self, ticket: int) -> str:
        """Show a ticket at the gate; return the verdict, or the reason of a refusal."""
        row, now = Ticket.objects.get(code=self.codes[ticket]), timezone.now()
        text = code_text(self.codes[ticket], generation=row.generation, now_ms=round(now.timestamp() * 1000))
        decision = admit(ScanRequest(scan_id=uuid4(), code=text.text, gate="A1", scanned_at=now))
        return str(decision.reason or decision.verdict)

    def take_back(self, ticket: int) -> None:
        scan = Scan.objects.filter(ticket__code=self.codes[ticket], undone_at=None, verdict="admit").latest(
            "received_at"
        )
        undo(scan.scan_id, reason="wrong lane")

    # The loops

    def prime(self) -> None:
        while prime():
            pass
        caches["process"].clear()

    def write_some(self, group: str, most: int) -> None:
        """Apply one small batch of a stream."""
        before, writeback.BATCH = writeback.BATCH, most
        try:
            writeback.step(self.keys(group))
        finally:
            writeback.BATCH = before

    def write_all(self) -> None:
        writeback.write_back()

    # Crashes

    def lose_a_key(self, group: str, name: str) -> None:
        """Take a key of a group away, or of its first event or zone; without the stream, the rows have followed."""
        keys = self.keys(group)
        event = next(event for event in self.events.values() if event.group_key == self.groups[group])
        zone = Zone.objects.filter(event=event).order_by("name")[0]
        kind, part = name.split()
        if part == "stream":
            writeback.write_back()
        of: dict[str, Callable[[], str]] = {
            "group": lambda: keys.of_group(part),
            "festival": lambda: keys.of_festival(part),
            "event": lambda: keys.of_event(event.pk, part),
            "zone": lambda: keys.of_zone(zone.pk, part),
        }
        sale().unlink(of[kind]())

    def restart_redis(self) -> None:
        """Let the states of all groups name a run of the server that is over."""
        for key in self.groups.values():
            state = Keys(self.festival.pk, key).of_group("state")
            if sale().exists(state):
                sale().hset(state, "run", "0")

    def start_anew(self) -> None:
        witness.forget()
        caches["process"].clear()
