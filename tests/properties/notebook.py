"""A sale as somebody with a notebook would keep it: the model that the real one is compared with.

It shares no code with the allocators, and knows nothing of locks, scripts, streams or caches.
"""

from collections import Counter
from copy import deepcopy
from dataclasses import replace

from tests.properties.records import ACTIVE, LIVE, Answer, Claim, Entry, Ticket, Zone
from tests.properties.wishes import Person, Seen, Wishes


class Notebook:
    """Events by name, each in a group; who decides for a group; everything that was decided."""

    def __init__(
        self, groups: dict[str, tuple[str, ...]], wishes: dict[str, Wishes], people: list[str]
    ) -> None:
        self.groups, self.wishes = groups, wishes
        self.group_of = {event: group for group, events in groups.items() for event in events}
        self.mode = dict.fromkeys(groups, "database")  # wanted
        self.authority = dict.fromkeys(groups, "database")
        self.zones = {event: {zone: Zone() for zone in wishes[event].capacities} for event in wishes}
        self.people = {name: Person() for name in people}
        self.logged_in = dict.fromkeys(people, True)
        self.applied: dict[str, Seen] = {}  # what Redis was told, of events that it decides for
        self.statuses: dict[str, str] = {}  # what Redis was told of the roster
        self.tickets: list[Ticket] = []
        self.claims: list[Claim] = []
        self.entries: list[Entry] = []
        self.barred: set[tuple[str, str]] = set()
        self.bars: Counter[tuple[str, str]] = Counter()  # all that there ever were
        self.arrivals = Counter(dict.fromkeys(groups, 0))

    # What an authority looks at

    def in_redis(self, event: str) -> bool:
        return self.authority[self.group_of[event]] == "redis"

    def seen(self, event: str) -> Seen:
        """Return what decides: in PostgreSQL the wishes as they are, in Redis as they were carried last."""
        if not self.in_redis(event):
            return Seen(self.wishes[event], self.people)
        told = self.applied[event]
        return replace(told, status_now=self.statuses)

    def live(self, event: str, student: str) -> int | None:
        """Return the student's live ticket of the event's limit group."""
        group = self.group_of[event]
        return next(
            (
                place
                for place, ticket in enumerate(self.tickets)
                if ticket.student == student
                and ticket.status in LIVE
                and self.group_of[ticket.event] == group
            ),
            None,
        )

    def newest(self, event: str, student: str) -> int | None:
        """Return the student's newest ticket of an event, live or not."""
        own = [n for n, t in enumerate(self.tickets) if (t.event, t.student) == (event, student)]
        return own[-1] if own else None

    def claims_of(self, event: str, student: str) -> list[Claim]:
        return [claim for claim in self.claims if (claim.event, claim.student) == (event, student)]

    # Verbs

    def claim(self, student: str, event: str, zones: tuple[str, ...]) -> Answer:
        return self.refusal(student, event, zones) or self.allocate(student, event, zones)

    def refusal(self, student: str, event: str, zones: tuple[str, ...]) -> Answer | None:
        """Return the first refusal that holds, in the order of the contract."""
        seen = self.seen(event)
        if not set(zones) <= seen.wishes.capacities.keys():
            return Answer("unknown_zone")
        if not all(self.zones[event][zone].made for zone in zones):
            return Answer("unavailable")
        if not self.logged_in[student] or (self.in_redis(event) and student not in self.statuses):
            return Answer("session_ended")
        if (held := self.live(event, student)) is not None:
            ticket = self.tickets[held]
            if ticket.event == event:
                return told(ticket, "already_won")
            return Answer("limit_reached", more=ticket.event)
        if (entry := self.newest_entry(event, student)) and entry.status in ACTIVE:
            return self.waits(entry)
        if (event, student) in self.barred:
            return Answer("barred")
        return self.refusal_by_wishes(seen, student, zones)

    def refusal_by_wishes(self, seen: Seen, student: str, zones: tuple[str, ...]) -> Answer | None:
        times = [time for time in seen.openings(student, zones) if time is not None]
        if not times:
            return Answer("not_eligible", more=seen.why_not(student, zones))
        if min(times) > 0:
            return Answer("not_open", more=str(min(times)))
        if seen.wishes.paused:
            return Answer("paused")
        return Answer("closed") if seen.wishes.closes < 0 else None

    def allocate(self, student: str, event: str, zones: tuple[str, ...]) -> Answer:
        """Give the lowest free place of the first zone that is open to the student and has one, past nobody."""
        times = self.seen(event).openings(student, zones)
        for zone, time in zip(zones, times, strict=True):
            number = self.zones[event][zone].lowest()
            open_to = time is not None and time < 0
            if open_to and number is not None and not self.others_want(event, zone):
                return self.win(student, event, zone, number, zones)
        if len(self.active(event)) < self.seen(event).wishes.waitlist:
            arrival = self.count(student, event, "waitlisted", zones)
            self.entries.append(Entry(event, student, zones, arrival))
            return self.waits(self.entries[-1])
        if before := self.claims_of(event, student):
            return Answer("sold_out", arrival=before[0].arrival)
        arrival = self.count(student, event, "sold_out", zones)
        return Answer("sold_out", arrival=arrival)

    def win(self, student: str, event: str, zone: str, number: int, zones: tuple[str, ...]) -> Answer:
        generation = self.zones[event][zone].take(number)
        arrival = self.count(student, event, "won", zones)
        self.tickets.append(Ticket(event, zone, number, generation, student, arrival))
        return told(self.tickets[-1], "won")

    def count(self, student: str, event: str, answer: str, zones: tuple[str, ...]) -> int:
        group = self.group_of[event]
        self.arrivals[group] += 1
        self.claims.append(Claim(event, student, self.arrivals[group], answer, zones))
        return self.arrivals[group]

    def last_answer(self, student: str, event: str) -> Answer | None:
        """Return what the student was answered last and still holds."""
        held = self.live(event, student)
        if held is not None and self.tickets[held].event == event:
            return told(self.tickets[held], "won")
        counted = self.claims_of(event, student)
        if not counted or counted[-1].answer == "won":
            return None
        if counted[-1].answer == "waitlisted":
            return self.last_of_waiting(event, student)
        return Answer("sold_out", arrival=counted[0].arrival)

    def cancel(self, student: str, ticket: int) -> str:
        """Cancel a ticket for a student; return the code of the refusal, or 'cancelled'."""
        found = self.tickets[ticket]
        if found.student != student:
            return "unknown_ticket"
        if found.status == "held" and self.seen(found.event).wishes.doors is None:
            self.end(ticket, "cancelled")
        return "cancelled" if found.status == "cancelled" else "not_cancellable"

    def void(self, ticket: int) -> bool:
        found = self.tickets[ticket]
        if found.status not in LIVE:
            return False
        self.end(ticket, "void")
        if not found.guest:
            self.bar(found.event, found.student)
        return True

    def end(self, ticket: int, status: str) -> None:
        found = self.tickets[ticket]
        found.status = status
        self.zones[found.event][found.zone].free[found.number] = True
        self.pass_on(found.event, found.zone)

    def use(self, ticket: int) -> str:
        """Show a ticket at the gate; return the verdict's word."""
        found = self.tickets[ticket]
        if found.status == "held":
            found.status = "used"
            return "admit"
        return "already_used" if found.status == "used" else found.status

    def take_back(self, ticket: int) -> None:
        assert self.tickets[ticket].status == "used"
        self.tickets[ticket].status = "held"

    def bar(self, event: str, student: str) -> bool:
        if (event, student) in self.barred:
            return False
        self.barred.add((event, student))
        self.bars[event, student] += 1
        self.end_waiting(event, student, "removed")
        return True

    def lift(self, event: str, student: str) -> bool:
        known = (event, student) in self.barred
        self.barred.discard((event, student))
        return known

    def enrol(self, student: str) -> None:
        self.people[student], self.logged_in[student] = Person(), True

    # The waiting list

    def active(self, event: str) -> list[Entry]:
        return [entry for entry in self.entries if entry.event == event and entry.status in ACTIVE]

    def newest_entry(self, event: str, student: str) -> Entry | None:
        own = [entry for entry in self.entries if (entry.event, entry.student) == (event, student)]
        return own[-1] if own else None

    def waits(self, entry: Entry) -> Answer:
        position = 1 + self.active(entry.event).index(entry)
        zone, number, _generation = entry.offer or (None, None, None)
        return Answer("waitlisted", zone, number, arrival=entry.arrival, more=str(position))

    def last_of_waiting(self, event: str, student: str) -> Answer | None:
        entry = self.newest_entry(event, student)
        if entry is not None and entry.status in ACTIVE:
            return self.waits(entry)
        return Answer("offer_expired") if entry is not None and entry.status == "lapsed" else None

    def could_have(self, entry: Entry, zone: str) -> bool:
        """Tell whether somebody who waits could have a place of a zone now."""
        if entry.status != "waiting" or zone not in entry.zones:
            return False
        (opening,) = self.seen(entry.event).openings(entry.student, (zone,))
        free_to_have = self.live(entry.event, entry.student) is None
        return (
            free_to_have
            and (entry.event, entry.student) not in self.barred
            and opening is not None
            and opening < 0
        )

    def others_want(self, event: str, zone: str) -> bool:
        over = self.seen(event).wishes.promotions_over
        return not over and any(self.could_have(entry, zone) for entry in self.active(event))

    def pass_on(self, event: str, zone: str) -> None:
        """Give the lowest free place of a zone to the lowest arrival that could have it."""
        number = self.zones[event][zone].lowest()
        found = next((entry for entry in self.active(event) if self.could_have(entry, zone)), None)
        if number is not None and found and self.seen(event).wishes.may_promote:
            self.move_up(found, zone, number)

    def move_up(self, entry: Entry, zone: str, number: int) -> None:
        generation = self.zones[entry.event][zone].take(number)
        if self.seen(entry.event).wishes.promotion == "offer":
            entry.status, entry.offer = "offered", (zone, number, generation)
        else:
            self.make_ticket(entry, zone, number, generation)

    def make_ticket(self, entry: Entry, zone: str, number: int, generation: int) -> Ticket:
        entry.status = "promoted"
        ticket = Ticket(entry.event, zone, number, generation, entry.student, entry.arrival)
        self.tickets.append(ticket)
        return ticket

    def end_waiting(self, event: str, student: str, status: str) -> None:
        """End the student's active entry, and pass on what was held back for it."""
        entry = self.newest_entry(event, student)
        if entry is None or entry.status not in ACTIVE:
            return
        offer, entry.status, entry.offer = entry.offer, status, None
        if offer:
            self.zones[event][offer[0]].free[offer[1]] = True
            self.pass_on(event, offer[0])

    def leave(self, student: str, event: str) -> str:
        entry = self.newest_entry(event, student)
        if entry is None:
            return "no_claim"
        self.end_waiting(event, student, "left")
        return "not_waiting" if entry.status == "promoted" else "left"

    def accept(self, student: str, event: str) -> Answer:
        if (held := self.live(event, student)) is not None:
            ticket = self.tickets[held]
            return (
                told(ticket, "already_won")
                if ticket.event == event
                else Answer("limit_reached", more=ticket.event)
            )
        entry = self.newest_entry(event, student)
        if entry is not None and entry.status == "offered" and entry.offer and not entry.late:
            return told(self.make_ticket(entry, *entry.offer), "won")
        return Answer(
            "offer_expired" if entry is not None and entry.status in ("offered", "lapsed") else "no_offer"
        )

    def end_offers(self, event: str) -> None:
        for entry in self.active(event):
            entry.late = entry.status == "offered"

    def promote(self, event: str) -> None:
        """End what has lapsed, by the students' keys; then, by arrival, give the first wanted zone with a place."""
        order = list(self.people)
        late = [entry for entry in self.active(event) if entry.late]
        for entry in sorted(late, key=lambda entry: order.index(entry.student)):
            self.end_waiting(event, entry.student, "lapsed")
        if not self.seen(event).wishes.may_promote:
            return
        for entry in self.active(event):
            for zone in entry.zones:
                number = self.zones[event][zone].lowest() if self.could_have(entry, zone) else None
                if number is not None:
                    self.move_up(entry, zone, number)

    def grant(self, event: str, zone: str, holder: str, *, guest: bool) -> str:
        """Give a place by hand, past everybody."""
        if self.in_redis(event) and zone not in self.applied[event].wishes.capacities:
            return "unavailable"
        if not guest and (refusal := self.refused_gift(event, holder)):
            return refusal
        number = self.zones[event][zone].lowest()
        if number is None:
            return "sold_out"
        generation = self.zones[event][zone].take(number)
        self.tickets.append(Ticket(event, zone, number, generation, holder, None, guest=guest))
        self.end_waiting(event, holder, "promoted")
        return "granted"

    def refused_gift(self, event: str, student: str) -> str | None:
        known = self.statuses if self.in_redis(event) else {n: p.status for n, p in self.people.items()}
        if known.get(student, "gone") == "gone":
            return "unknown"
        if (held := self.live(event, student)) is not None:
            return "already_won" if self.tickets[held].event == event else "limit_reached"
        return "barred" if (event, student) in self.barred else None

    def left(self, event: str, zone: str) -> int:
        """Return what a newcomer could win."""
        return 0 if self.others_want(event, zone) else self.zones[event][zone].left

    # What reaches Redis at once, and what the loop carries

    def tell(self, student: str) -> None:
        """Let Redis know a student anew, as a log-out everywhere does."""
        self.logged_in[student] = False
        self.statuses[student] = self.people[student].status

    def prime(self) -> None:
        """Carry everything that is wanted and can be had; at last, those who wait have what is free."""
        for event in self.wishes:
            if not self.in_redis(event):
                if self.mode[self.group_of[event]] == "database":
                    self.follow(event)
                self.promote(event)
        self.authority = dict(self.mode)
        for event, wishes in self.wishes.items():
            self.follow(event)
            if self.in_redis(event):
                self.applied[event] = Seen(deepcopy(wishes), dict(self.people))
        self.statuses = {name: person.status for name, person in self.people.items()}
        for event in self.wishes:
            self.promote(event)

    def follow(self, event: str) -> None:
        for name, capacity in self.wishes[event].capacities.items():
            self.zones[event].setdefault(name, Zone()).follow(capacity)


def told(ticket: Ticket, kind: str) -> Answer:
    """Return the answer that names a ticket."""
    return Answer(kind, ticket.zone, ticket.number, ticket.generation, ticket.arrival)
