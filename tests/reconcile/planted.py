"""A sale with holders, waiters and one who came too late, and differences that are planted in it, one by one."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID, uuid4

from django.utils import timezone

from festival.redis import sale
from tests.contract.doors import Answer
from tests.factories import Player
from ticketing.allocation.rush.keys import Keys
from ticketing.allocation.rush.lines import EntryLine, TicketLine, milliseconds
from ticketing.models import (
    Claim,
    Event,
    EventState,
    Place,
    SaleCounter,
    Ticket,
    WaitingEntry,
    Zone,
)
from ticketing.models.authority import Answer as Answered

Expected = tuple[str, object]


@dataclass
class World:
    """A sale of three places: alice, bob and a third hold them, two wait, one came too late."""

    event: Event
    keys: Keys
    players: list[Player]
    told: list[Answer]

    @property
    def zone(self) -> UUID:
        return Zone.objects.get(event=self.event).pk

    def ticket(self, number: int = 0) -> Ticket:
        return Ticket.objects.get(student=self.players[number].student)

    def line(self, number: int = 0) -> TicketLine:
        found = sale().hget(self.keys.of_group("tickets"), self.told[number].body["ticket"])
        return TicketLine.read(str(found))

    def put(self, line: TicketLine) -> None:
        sale().hset(self.keys.of_group("tickets"), line.code, line.line())

    def of_event(self, name: str) -> str:
        return self.keys.of_event(self.event.pk, name)

    def of_zone(self, name: str) -> str:
        return self.keys.of_zone(self.zone, name)

    def student(self, number: int) -> str:
        return str(self.players[number].student.pk)

    def entry(self, number: int = 3) -> WaitingEntry:
        return WaitingEntry.objects.get(student=self.players[number].student)

    def at(self, number: int) -> str:
        return f"{self.event.pk} {self.student(number)}"


def ticket_lost_in_redis(world: World) -> list[Expected]:
    sale().hdel(world.keys.of_group("tickets"), world.line().code)
    return [("ticket_missing_in_redis", world.ticket().claim_id), ("holder", world.student(0))]


def another_number_in_redis(world: World) -> list[Expected]:
    world.put(replace(world.line(), number="2"))
    return [("ticket_facts", world.ticket().claim_id)]


def nobody_holds_in_redis(world: World) -> list[Expected]:
    sale().hdel(world.keys.of_group("live"), world.student(0))
    return [("holder", world.student(0))]


def held_by_a_stranger(world: World) -> list[Expected]:
    sale().hset(world.keys.of_group("live"), world.student(6), "MADEUP")
    return [("holder", world.student(6))]


def used_in_redis_only(world: World) -> list[Expected]:
    """A gate that died between the authority's word and its row."""
    world.put(replace(world.line(), status="used", scan=str(uuid4())))
    return [("ticket_status", world.ticket().claim_id)]


def waiting_lost_in_redis(world: World) -> list[Expected]:
    sale().hdel(world.of_event("entries"), world.student(3))
    return [
        ("waiting_missing_in_redis", world.entry().pk),
        ("waiting_order", world.at(3)),
        ("waiting_wants", f"{world.event.pk} {world.zone}"),
    ]


def left_in_redis_only(world: World) -> list[Expected]:
    line = EntryLine.read(str(sale().hget(world.of_event("entries"), world.student(3))))
    sale().hset(world.of_event("entries"), world.student(3), replace(line, status="left").line())
    return [
        ("waiting_status", world.entry().pk),
        ("waiting_order", world.at(3)),
        ("waiting_wants", f"{world.event.pk} {world.zone}"),
    ]


def the_order_of_waiting(world: World) -> list[Expected]:
    sale().zadd(world.of_event("waiting"), {world.student(4): 1})
    return [("waiting_order", world.at(4))]


def the_wish_of_one_more(world: World) -> list[Expected]:
    sale().hset(world.of_event("wants"), str(world.zone), "3")
    return [("waiting_wants", f"{world.event.pk} {world.zone}")]


def an_offer_to_nobody(world: World) -> list[Expected]:
    sale().zadd(world.of_event("offers"), {world.student(3): milliseconds(timezone.now())})
    return [("offer", world.at(3))]


def barred_in_redis_only(world: World) -> list[Expected]:
    sale().sadd(world.of_event("barred"), world.student(5))
    return [("bar", world.at(5))]


def a_first_arrival(world: World) -> list[Expected]:
    sale().hdel(world.of_event("first"), world.student(5))
    return [("first_arrival", world.at(5))]


def an_opening_that_was_not_seen(world: World) -> list[Expected]:
    sale().hdel(world.of_event("conf"), "opening")
    return [("opening", world.event.pk)]


def a_counter_behind(world: World) -> list[Expected]:
    sale().hset(world.keys.of_group("state"), "arrival", "5")
    return [("arrival", world.event.pk)]


def a_free_place_in_redis(world: World) -> list[Expected]:
    sale().zadd(world.of_zone("freed"), {"2": 2})
    return [("place_free", f"{world.zone} 2")]


def a_place_removed_in_redis(world: World) -> list[Expected]:
    sale().zadd(world.of_zone("removed"), {"2": 2})
    return [("place_missing_in_redis", f"{world.zone} 2")]


def a_generation_in_redis(world: World) -> list[Expected]:
    sale().hset(world.of_zone("generations"), "2", "0")
    return [("place_generation", f"{world.zone} 2")]


def a_zone_lost(world: World) -> list[Expected]:
    sale().unlink(world.of_zone("state"))
    return [("zone", world.zone)]


def a_student_who_logged_out_everywhere(world: World) -> list[Expected]:
    sale().hset(world.keys.of_festival("students"), world.student(6), "9|enrolled")
    return [("student", world.student(6))]


def a_login_that_ended(world: World) -> list[Expected]:
    session = str(uuid4())
    later = milliseconds(timezone.now() + timedelta(hours=1))
    sale().zadd(world.keys.of_festival("ended"), {session: later})
    return [("session", session)]


IN_REDIS: list[Callable[[World], list[Expected]]] = [
    ticket_lost_in_redis,
    another_number_in_redis,
    nobody_holds_in_redis,
    held_by_a_stranger,
    used_in_redis_only,
    waiting_lost_in_redis,
    left_in_redis_only,
    the_order_of_waiting,
    the_wish_of_one_more,
    an_offer_to_nobody,
    barred_in_redis_only,
    a_first_arrival,
    an_opening_that_was_not_seen,
    a_counter_behind,
    a_free_place_in_redis,
    a_place_removed_in_redis,
    a_generation_in_redis,
    a_zone_lost,
    a_student_who_logged_out_everywhere,
    a_login_that_ended,
]


def ticket_row_lost(world: World) -> list[Expected]:
    ticket = world.ticket()
    Ticket.objects.filter(pk=ticket.pk).delete()
    owed = ("winner_without_ticket", ticket.claim_id)
    return [("ticket_missing_in_rows", ticket.claim_id), ("place_free", f"{world.zone} 1"), owed]


def another_number_in_the_row(world: World) -> list[Expected]:
    ticket = world.ticket()
    Ticket.objects.filter(pk=ticket.pk).update(number=2)
    return [("ticket_facts", ticket.claim_id), ("ticket_place", ticket.claim_id)]


def entry_row_lost(world: World) -> list[Expected]:
    entry = world.entry()
    WaitingEntry.objects.filter(pk=entry.pk).delete()
    return [("waiting_missing_in_rows", entry.pk)]


def entry_row_left(world: World) -> list[Expected]:
    entry = world.entry()
    WaitingEntry.objects.filter(pk=entry.pk).update(status="left", changed_at=timezone.now())
    return [("waiting_status", entry.pk)]


def claim_row_lost(world: World) -> list[Expected]:
    claim = Claim.objects.get(student=world.players[5].student)
    Claim.objects.filter(pk=claim.pk).delete()
    return [("claim_missing_in_rows", claim.pk), ("first_arrival", world.at(5))]


def claim_row_says_otherwise(world: World) -> list[Expected]:
    claim = Claim.objects.get(student=world.players[5].student)
    Claim.objects.filter(pk=claim.pk).update(answer=Answered.WAITLISTED)
    return [("claim_answer", claim.pk), ("first_arrival", world.at(5))]


def counter_row_behind(world: World) -> list[Expected]:
    SaleCounter.objects.filter(group=world.event.pk).update(arrival=4)
    return [("arrival", world.event.pk), ("counter_arrival", world.event.pk)]


def opening_row_lost(world: World) -> list[Expected]:
    EventState.objects.update(opening=None)
    return [("opening", world.event.pk)]


def generation_row_behind(world: World) -> list[Expected]:
    Place.objects.filter(number=2).update(generation=0)
    return [("place_generation", f"{world.zone} 2")]


IN_ROWS: list[tuple[Callable[[World], list[Expected]], tuple[str, ...]]] = [
    (ticket_row_lost, ("winner_without_ticket", "place_free")),
    (another_number_in_the_row, ("ticket_place",)),
    (entry_row_lost, ()),
    (entry_row_left, ()),
    (claim_row_lost, ("first_arrival",)),
    (claim_row_says_otherwise, ("first_arrival",)),
    (counter_row_behind, ("counter_arrival",)),
    (opening_row_lost, ()),
    (generation_row_behind, ()),
]
