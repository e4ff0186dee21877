"""The waiting list: in the order of arrival, nobody is passed, nobody vanishes."""

from typing import Any

import pytest
from django.utils import timezone

from accounts.models import MailKind, OutgoingMail
from tests.contract.acts import HOUR, bar, end_offers, grant, quiet_now, resize, void, wish
from tests.contract.doors import Answer, Door
from tests.contract.test_crowds import at_once
from tests.factories import make_event, make_players, settle
from ticketing.models import (
    ACTIVE,
    Claim,
    EligibilityRule,
    Event,
    LimitGroup,
    Place,
    Promotion,
    Ticket,
    WaitingEntry,
    WaitingStatus,
    Zone,
)
from ticketing.receipts import read

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]
OFFERS: dict[str, Any] = {"promotion": Promotion.OFFER}


def told(answer: Answer) -> tuple[str, int | None, int | None]:
    return answer.kind, answer.body.get("position"), answer.body.get("arrival")


def mails() -> list[str]:
    settle()
    return list(
        OutgoingMail.objects.filter(about__isnull=False).order_by("queued_at").values_list("kind", flat=True)
    )


def test_who_finds_no_place_waits_by_arrival_until_the_list_is_full(door: Door) -> None:
    event = make_event({"A": 1}, waitlist_size=2)
    players = make_players(["alice", "bob", "charlie", "dora"])
    answers = [door.claim(player, event.pk, "A") for player in players]
    assert [told(answer) for answer in answers] == [
        ("won", None, 1),
        ("waitlisted", 1, 2),
        ("waitlisted", 2, 3),
        ("sold_out", None, 4),
    ]
    assert answers[2].body["elapsed_ms"] >= 1000
    receipt = read(answers[2].body["receipt"])
    assert receipt is not None
    assert (receipt.student_id, receipt.arrival, receipt.zone_id) == (players[2].student.pk, 3, None)
    settle()
    assert list(Claim.objects.order_by("arrival").values_list("answer", flat=True)) == [
        "won",
        "waitlisted",
        "waitlisted",
        "sold_out",
    ]


def test_pressed_again_it_is_the_same_entry_at_its_present_position(door: Door) -> None:
    event = make_event({"A": 1}, waitlist_size=2)
    alice, bob, charlie = make_players(["alice", "bob", "charlie"])
    door.claim(alice, event.pk, "A")
    door.claim(bob, event.pk, "A")
    first = door.claim(charlie, event.pk, "A")
    assert door.leave(bob, event.pk).kind == "left"
    again = door.claim(charlie, event.pk, "A")
    assert told(again) == ("waitlisted", 1, 3)
    assert again.body == first.body | {"position": 1}
    assert door.mine(charlie, event.pk).body == again.body
    settle()
    assert WaitingEntry.objects.filter(student=charlie.student).count() == 1


def test_a_cancel_gives_the_place_to_the_next_in_the_same_decision(door: Door) -> None:
    event = make_event({"A": 1}, waitlist_size=2)
    alice, bob, charlie = make_players(["alice", "bob", "charlie"])
    won = door.claim(alice, event.pk, "A")
    waiting = door.claim(bob, event.pk, "A")
    door.claim(charlie, event.pk, "A")
    assert door.cancel(alice, won.body["ticket"]).kind == "cancelled"
    mine = door.mine(bob, event.pk)
    assert (mine.kind, mine.body["zone"], mine.body["number"]) == ("won", "A", 1)
    assert (mine.body["arrival"], mine.body["elapsed_ms"]) == (2, waiting.body["elapsed_ms"])
    assert told(door.mine(charlie, event.pk)) == ("waitlisted", 1, 3)
    settle()
    entry = WaitingEntry.objects.get(student=bob.student)
    assert (entry.status, entry.claim_id) == ("promoted", Ticket.objects.get(student=bob.student).claim_id)
    assert list(Place.objects.values_list("free", "generation")) == [(False, 2)]
    assert mails() == [MailKind.PROMOTED]


def test_a_void_passes_the_place_on_too(door: Door) -> None:
    event = make_event({"A": 1}, waitlist_size=1)
    alice, bob = make_players(["alice", "bob"])
    won = door.claim(alice, event.pk, "A")
    door.claim(bob, event.pk, "A")
    settle()
    void(event, won.body["ticket"])
    assert door.mine(bob, event.pk).kind == "won"


def test_a_freed_place_goes_to_the_lowest_arrival_that_wants_its_zone(door: Door) -> None:
    event = make_event({"A": 1, "B": 1}, waitlist_size=3)
    alice, bob, charlie, dora, eve = make_players(["alice", "bob", "charlie", "dora", "eve"])
    door.claim(alice, event.pk, "A")
    in_b = door.claim(bob, event.pk, "B")
    door.claim(charlie, event.pk, "A")
    door.claim(dora, event.pk, "A", "B")
    door.claim(eve, event.pk, "B")
    door.cancel(bob, in_b.body["ticket"])
    assert [door.mine(player, event.pk).kind for player in (charlie, dora, eve)] == [
        "waitlisted",
        "won",
        "waitlisted",
    ]


def test_a_newcomer_never_passes_who_waits_for_that_zone(door: Door) -> None:
    event = make_event({"A": 1, "B": 0}, waitlist_size=5, **quiet_now())
    alice, bob, charlie, dora = make_players(["alice", "bob", "charlie", "dora"])
    won = door.claim(alice, event.pk, "A")
    door.claim(bob, event.pk, "A")
    door.cancel(alice, won.body["ticket"])
    assert told(door.claim(charlie, event.pk, "A")) == ("waitlisted", 2, 3)
    resize(event, "B", 1)
    assert door.claim(dora, event.pk, "A", "B").body["zone"] == "B", "nobody waits for B"
    assert left_of(event) == {"A": 0, "B": 0}
    wish(event, quiet_from=None, quiet_until=None)
    assert door.mine(bob, event.pk).kind == "won"


def left_of(event: Event) -> dict[str, int]:
    from ticketing.allocation import allocator_of

    zones = dict(Zone.objects.filter(event=event).values_list("pk", "name"))
    left = allocator_of(event.pk, fresh=True).left(list(zones))
    return {zones[zone]: free for zone, free in left.items()}


def test_after_the_last_time_freed_places_are_everybodys(door: Door) -> None:
    event = make_event({"A": 1}, waitlist_size=5, promotions_end_at=timezone.now() - HOUR)
    alice, bob, charlie = make_players(["alice", "bob", "charlie"])
    won = door.claim(alice, event.pk, "A")
    door.claim(bob, event.pk, "A")
    door.cancel(alice, won.body["ticket"])
    settle()
    assert door.mine(bob, event.pk).kind == "waitlisted", "nobody moves up any more"
    assert left_of(event) == {"A": 1}
    assert door.claim(charlie, event.pk, "A").kind == "won"


@pytest.mark.parametrize("held_up", ["paused", "quiet"])
def test_nobody_moves_up_in_a_pause_or_in_quiet_hours_and_all_do_afterwards(door: Door, held_up: str) -> None:
    event = make_event({"A": 2}, waitlist_size=5)
    alice, bob, charlie, dora = make_players(["alice", "bob", "charlie", "dora"])
    won = [door.claim(player, event.pk, "A") for player in (alice, bob)]
    for player in (charlie, dora):
        door.claim(player, event.pk, "A")
    wish(event, **({"paused": True} if held_up == "paused" else quiet_now()))
    for player, answer in zip((alice, bob), won, strict=True):
        assert door.cancel(player, answer.body["ticket"]).kind == "cancelled"
    settle()
    assert [door.mine(player, event.pk).kind for player in (charlie, dora)] == ["waitlisted"] * 2
    wish(event, paused=False, quiet_from=None, quiet_until=None)
    numbers = [door.mine(player, event.pk).body["number"] for player in (charlie, dora)]
    assert numbers == [1, 2]


def test_places_that_the_council_adds_go_to_those_who_wait(door: Door) -> None:
    event = make_event({"A": 1}, waitlist_size=5)
    players = make_players(["alice", "bob", "charlie", "dora"])
    for player in players:
        door.claim(player, event.pk, "A")
    resize(event, "A", 3)
    kinds = [door.mine(player, event.pk).kind for player in players]
    assert kinds == ["won", "won", "won", "waitlisted"]
    Zone.objects.create(event=event, name="new", capacity=5)
    settle()
    assert door.mine(players[3], event.pk).kind == "waitlisted", "wants A only"


def test_the_list_goes_on_after_the_sale_has_closed(door: Door) -> None:
    event = make_event({"A": 1}, waitlist_size=1)
    alice, bob, charlie = make_players(["alice", "bob", "charlie"])
    won = door.claim(alice, event.pk, "A")
    door.claim(bob, event.pk, "A")
    wish(event, closes_at=timezone.now())
    assert door.claim(charlie, event.pk, "A").kind == "closed"
    door.cancel(alice, won.body["ticket"])
    assert door.mine(bob, event.pk).kind == "won"


def test_who_has_a_ticket_of_the_group_is_passed_over_and_keeps_the_entry(door: Door) -> None:
    group = LimitGroup.objects.create(name="both nights")
    first = make_event({"A": 1}, waitlist_size=5, limit_group=group, primed=False)
    second = make_event({"A": 1}, limit_group=group)
    alice, bob, charlie = make_players(["alice", "bob", "charlie"])
    won = door.claim(alice, first.pk, "A")
    door.claim(bob, first.pk, "A")
    door.claim(charlie, first.pk, "A")
    other = door.claim(bob, second.pk, "A")
    assert other.kind == "won"
    assert door.claim(bob, first.pk, "A").kind == "limit_reached"
    door.cancel(alice, won.body["ticket"])
    assert door.mine(charlie, first.pk).kind == "won"
    assert told(door.mine(bob, first.pk)) == ("waitlisted", 1, 2)
    door.cancel(bob, other.body["ticket"])
    resize(first, "A", 2)
    assert door.mine(bob, first.pk).kind == "won"


def test_a_place_nobody_on_the_list_may_have_is_a_newcomers(door: Door) -> None:
    event = make_event({"A": 1}, waitlist_size=5)
    alice, bob, charlie = make_players(["alice", "bob", "charlie"])
    won = door.claim(alice, event.pk, "A")
    door.claim(bob, event.pk, "A")
    bob.student.status = "on_leave"
    bob.student.save()
    settle()
    door.cancel(alice, won.body["ticket"])
    assert door.claim(charlie, event.pk, "A").kind == "won"
    assert told(door.mine(bob, event.pk)) == ("waitlisted", 1, 2), "the entry stays"


def test_rules_are_judged_when_somebody_moves_up(door: Door) -> None:
    event = make_event({"A": 1}, waitlist_size=5)
    alice, bob, charlie = make_players(["alice", "bob", "charlie"])
    won = door.claim(alice, event.pk, "A")
    door.claim(bob, event.pk, "A")
    door.claim(charlie, event.pk, "A")
    bob.student.department = "물리학과"
    bob.student.save()
    EligibilityRule.objects.create(event=event, statuses=["enrolled"], departments=["국어국문학과"])
    settle()
    door.cancel(alice, won.body["ticket"])
    assert [door.mine(player, event.pk).kind for player in (bob, charlie)] == ["waitlisted", "won"]


def test_leaving_ends_the_entry_once_and_the_next_press_is_a_new_arrival(door: Door) -> None:
    event = make_event({"A": 1}, waitlist_size=5)
    alice, bob, charlie = make_players(["alice", "bob", "charlie"])
    assert door.leave(bob, event.pk).kind == "no_claim"
    for player in (alice, bob, charlie):
        door.claim(player, event.pk, "A")
    assert [door.leave(bob, event.pk).kind for _ in range(2)] == ["left", "left"]
    assert door.mine(bob, event.pk).kind == "no_claim"
    assert told(door.claim(bob, event.pk, "A")) == ("waitlisted", 2, 4)
    settle()
    assert list(WaitingEntry.objects.filter(student=bob.student).values_list("status", flat=True)) == [
        "left",
        "waiting",
    ]


def test_who_has_moved_up_cannot_leave_but_give_the_ticket_back(door: Door) -> None:
    event = make_event({"A": 1}, waitlist_size=5)
    alice, bob = make_players(["alice", "bob"])
    won = door.claim(alice, event.pk, "A")
    door.claim(bob, event.pk, "A")
    door.cancel(alice, won.body["ticket"])
    assert door.leave(bob, event.pk).kind == "not_waiting"
    assert door.mine(bob, event.pk).kind == "won"


def test_a_bar_ends_the_entry_with_who_and_why(door: Door) -> None:
    event = make_event({"A": 1}, waitlist_size=5)
    alice, bob = make_players(["alice", "bob"])
    door.claim(alice, event.pk, "A")
    door.claim(bob, event.pk, "A")
    bar(event, bob.student)
    assert door.claim(bob, event.pk, "A").kind == "barred"
    assert door.mine(bob, event.pk).kind == "no_claim"
    settle()
    entry = WaitingEntry.objects.get(student=bob.student)
    assert (entry.status, entry.reason) == ("removed", "양도")


def offered(door: Door) -> tuple[Event, list]:  # type: ignore[type-arg]  # players
    """Make a sale in which bob has an offer and charlie waits behind."""
    event = make_event({"A": 1}, waitlist_size=5, **OFFERS)
    players = make_players(["alice", "bob", "charlie"])
    answers = [door.claim(player, event.pk, "A") for player in players]
    assert door.cancel(players[0], answers[0].body["ticket"]).kind == "cancelled"
    return event, players


def test_an_offer_holds_the_place_back_until_it_is_accepted(door: Door) -> None:
    event, (alice, bob, charlie) = offered(door)
    mine = door.mine(bob, event.pk)
    assert (mine.kind, mine.body["offer"]["zone"], mine.body["offer"]["number"]) == ("waitlisted", "A", 1)
    assert told(door.claim(alice, event.pk, "A"))[0] == "waitlisted", "the place is not free"
    assert door.accept(charlie, event.pk).kind == "no_offer"
    won = door.accept(bob, event.pk)
    assert (won.kind, won.body["number"], won.body["arrival"]) == ("won", 1, 2)
    again = door.accept(bob, event.pk)
    assert again.body == won.body | {"outcome": "already_won"}
    assert door.mine(bob, event.pk).body == won.body
    assert mails() == [MailKind.OFFERED]
    assert Place.objects.get().generation == 2


def test_f6_an_offer_that_lapses_goes_to_the_next_and_ends_the_entry(door: Door) -> None:
    event, (_alice, bob, charlie) = offered(door)
    settle()
    end_offers(event)
    assert door.accept(bob, event.pk).kind == "offer_expired"
    settle()
    assert door.mine(bob, event.pk).kind == "offer_expired"
    assert door.mine(charlie, event.pk).body["offer"]["number"] == 1
    assert told(door.claim(bob, event.pk, "A")) == ("waitlisted", 2, 4)
    assert door.accept(charlie, event.pk).kind == "won"
    settle()
    assert Place.objects.get().generation == 3


def test_who_leaves_an_offer_passes_it_on(door: Door) -> None:
    event, (_alice, bob, charlie) = offered(door)
    assert door.leave(bob, event.pk).kind == "left"
    assert "offer" in door.mine(charlie, event.pk).body


def test_who_is_barred_with_an_offer_passes_it_on(door: Door) -> None:
    event, (_alice, bob, charlie) = offered(door)
    bar(event, bob.student)
    assert door.accept(bob, event.pk).kind == "no_offer"
    assert "offer" in door.mine(charlie, event.pk).body


def test_an_offer_is_not_accepted_beside_a_ticket_of_the_group(door: Door) -> None:
    group = LimitGroup.objects.create(name="both nights")
    first = make_event({"A": 1}, waitlist_size=5, limit_group=group, primed=False, **OFFERS)
    second = make_event({"A": 1}, limit_group=group)
    alice, bob = make_players(["alice", "bob"])
    won = door.claim(alice, first.pk, "A")
    door.claim(bob, first.pk, "A")
    door.cancel(alice, won.body["ticket"])
    assert door.claim(bob, second.pk, "A").kind == "won"
    assert door.accept(bob, first.pk).kind == "limit_reached"


def test_a_smaller_capacity_leaves_offers_alone(door: Door) -> None:
    event, (_alice, bob, _charlie) = offered(door)
    resize(event, "A", 0)
    assert door.accept(bob, event.pk).kind == "won"


def test_f5_an_entry_changes_only_by_promotion_its_owner_or_the_council(door: Door) -> None:
    event = make_event({"A": 1}, waitlist_size=5)
    alice, bob, charlie = make_players(["alice", "bob", "charlie"])
    for player in (alice, bob, charlie):
        door.claim(player, event.pk, "A")
    before = told(door.mine(bob, event.pk))
    wish(event, waitlist_size=0)
    wish(event, paused=True)
    wish(event, paused=False, closes_at=timezone.now())
    resize(event, "A", 0)
    assert told(door.mine(bob, event.pk)) == before
    settle()
    assert WaitingEntry.objects.filter(status__in=ACTIVE).count() == 2


def test_a_switch_takes_the_list_along(door: Door) -> None:
    event, (alice, bob, charlie) = offered(door)
    other = {"database": "redis", "redis": "database"}[event.mode]
    settle()
    before = [door.mine(player, event.pk).body for player in (bob, charlie)]
    wish(event, mode=other)
    assert [door.mine(player, event.pk).body for player in (bob, charlie)] == before
    won = door.accept(bob, event.pk)
    assert (won.kind, won.body["number"]) == ("won", 1)
    assert told(door.claim(alice, event.pk, "A")) == ("waitlisted", 2, 4)
    wish(event, mode=event.mode)
    door.cancel(bob, won.body["ticket"])
    assert "offer" in door.mine(charlie, event.pk).body


def test_many_cancels_at_once_promote_each_of_those_who_wait_once(door: Door) -> None:
    event = make_event({"A": 10}, waitlist_size=20)
    players = make_players(30)
    answers = [door.claim(player, event.pk, "A") for player in players]
    holders = list(zip(players, answers, strict=True))[:10]
    at_once([lambda p=p, a=a: door.cancel(p, a.body["ticket"]) for p, a in holders])  # type: ignore[misc]
    settle()
    promoted = WaitingEntry.objects.filter(status=WaitingStatus.PROMOTED).order_by("arrival")
    assert list(promoted.values_list("arrival", flat=True)) == list(range(11, 21))
    live = Ticket.objects.filter(status="held")
    assert sorted(live.values_list("number", flat=True)) == list(range(1, 11))
    assert len(mails()) == 10


def test_a_grant_takes_the_lowest_free_place_and_no_arrival(door: Door) -> None:
    event = make_event({"A": 4})
    alice, bob = make_players(["alice", "bob"])
    door.claim(alice, event.pk, "A")
    assert grant(event, "A", bob.student) == "granted"
    assert grant(event, "A", guest="축하 공연 | 초대") == "granted"
    mine = door.mine(bob, event.pk)
    assert (mine.kind, mine.body["number"], mine.body["arrival"]) == ("won", 2, None)
    assert door.claim(bob, event.pk, "A").kind == "already_won"
    (charlie,) = make_players(["charlie"])
    assert told(door.claim(charlie, event.pk, "A")) == ("won", None, 2)
    settle()
    guest = Ticket.objects.get(student=None)
    assert (guest.guest_name, guest.number, guest.grant_reason) == ("축하 공연 | 초대", 3, "배리어프리")
    assert mails() == [MailKind.GRANTED]
    void(event, guest.code)
    settle()
    guest.refresh_from_db()
    assert (guest.status, guest.guest_name) == ("void", "축하 공연 | 초대")


def test_a_grant_is_refused_where_a_press_would_break_a_promise(door: Door) -> None:
    event = make_event({"A": 2})
    alice, bob, charlie = make_players(["alice", "bob", "charlie"])
    door.claim(alice, event.pk, "A")
    assert grant(event, "A", alice.student) == "already_won"
    bar(event, bob.student)
    assert grant(event, "A", bob.student) == "barred"
    assert grant(event, "A", guest="손님") == "granted"
    assert grant(event, "A", charlie.student) == "sold_out"


def test_a_grant_to_who_has_an_offer_passes_that_place_on(door: Door) -> None:
    event, (alice, bob, charlie) = offered(door)
    resize(event, "A", 3)
    assert door.claim(alice, event.pk, "A").kind == "won"
    settle()
    assert grant(event, "A", bob.student) in ("granted", "sold_out")
    settle()
    live = Ticket.objects.filter(status="held").count()
    held_back = WaitingEntry.objects.filter(status=WaitingStatus.OFFERED).count()
    free = Place.objects.filter(free=True).count()
    assert live + held_back + free == 3
    assert "offer" in door.mine(charlie, event.pk).body
