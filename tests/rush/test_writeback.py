"""The rows follow the stream: each entry exactly once, whoever carries it, and what cannot be applied stops, seen."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from django.contrib.admin.models import LogEntry
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import User
from festival.redis import sale
from tests.contract.doors import Door, close_connection
from tests.factories import make_event, make_players, settle
from ticketing import council, foreign, writeback
from ticketing.allocation.rush.directory import look_up
from ticketing.allocation.rush.keys import Keys
from ticketing.models import Bar, Claim, Event, Place, SaleCounter, StreamPosition, Ticket, Zone
from ticketing.signing import TicketCode
from ticketing.writeback import lag, release, write_back

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]


def keys_of(event: Event) -> Keys:
    listed = look_up(event.pk, fresh=True)
    assert listed is not None
    return listed.keys


def last_entry(keys: Keys) -> dict[str, Any]:
    newest: Any = sale().xrevrange(keys.of_group("stream"), count=1)
    [(_key, fields)] = newest
    return dict(json.loads(fields["entry"]))


def rows() -> dict[str, list[Any]]:
    """Return all rows that follow the stream, so that two states can be compared."""
    return {
        "tickets": list(
            Ticket.objects.order_by("claim_id").values("code", "status", "place", "sequence", "arrival")
        ),
        "claims": list(Claim.objects.order_by("arrival").values("id", "answer", "arrival", "elapsed_ms")),
        "places": list(
            Place.objects.order_by("zone", "number").values("zone", "number", "free", "generation")
        ),
        "bars": list(Bar.objects.order_by("id").values("student", "lifted_at", "reason")),
        "counters": list(SaleCounter.objects.values("arrival", "last_at")),
        "positions": list(StreamPosition.objects.values("position", "stopped_by")),
    }


def play(event: Event, door: Door) -> None:
    """Let every kind of entry come into being while nobody writes back."""
    alice, bob, charlie, dora = make_players(["alice", "bob", "charlie", "dora"])
    won = [door.claim(player, event.pk, "A", "B") for player in (alice, bob, charlie)]
    door.cancel(alice, won[0].body["ticket"])
    council.void(code=TicketCode(won[1].body["ticket"]), event_id=event.pk, actor_id=None, reason="양도")
    assert door.claim(dora, event.pk, "A").body["number"] == 1
    council.bar(event_id=event.pk, student_id=alice.student.pk, actor_id=None, reason="대리 신청")
    council.lift_bar(event_id=event.pk, student_id=alice.student.pk)


def test_everything_that_was_decided_meanwhile_stands_in_the_rows_afterwards(
    event: Event, door: Door
) -> None:
    play(event, door)
    assert Ticket.objects.count() == 0
    write_back()
    live = {
        (ticket.zone.name, ticket.number, ticket.status) for ticket in Ticket.objects.select_related("zone")
    }
    assert live == {
        ("A", 1, "cancelled"),
        ("A", 2, "void"),
        ("B", 1, "held"),
        ("A", 1, "held"),
    }
    assert list(
        Place.objects.filter(free=False).order_by("zone__name").values_list("zone__name", "number")
    ) == [
        ("A", 1),
        ("B", 1),
    ]
    assert Bar.objects.filter(lifted_at=None).count() == 1
    assert Bar.objects.filter(lifted_at__isnull=False).count() == 1
    assert SaleCounter.objects.get().arrival == 4
    assert lag(keys_of(event)).entries == 0


def test_entries_one_by_one_and_in_a_batch_leave_the_same_rows(
    event: Event, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(event, door)
    begun = StreamPosition.objects.get().position
    write_back()
    in_a_batch = rows()
    for model in (Ticket, Claim, Bar):
        model.objects.all().delete()
    Place.objects.update(free=True, generation=0)
    StreamPosition.objects.update(position=begun)
    monkeypatch.setattr(writeback, "BATCH", 1)
    write_back()
    one_by_one = rows()
    for name in ("tickets", "bars"):
        for row in (*in_a_batch[name], *one_by_one[name]):
            row.pop("place", None)
    assert one_by_one == in_a_batch


def test_many_writers_apply_each_entry_once(event: Event, door: Door) -> None:
    wide = make_event({"A": 200})
    players = make_players(120)
    settle()
    for player in players:
        door.claim(player, wide.pk, "A")
    keys = keys_of(wide)
    behind = lag(keys).entries

    def work(_number: int) -> int:
        try:
            return writeback.follow(keys)
        finally:
            close_connection()

    with ThreadPoolExecutor(6) as pool:
        applied = sum(pool.map(work, range(6)))
    assert applied == behind == 120
    assert Claim.objects.filter(event=wide).count() == Ticket.objects.filter(event=wide).count() == 120


def test_a_database_that_falls_back_takes_its_position_with_it(event: Event, door: Door) -> None:
    play(event, door)
    write_back()
    before = rows()
    newest = Ticket.objects.order_by("-arrival")[0]
    assert newest.place is not None
    Place.objects.filter(pk=newest.place.pk).update(free=True)
    position = newest.sequence - 1
    Claim.objects.filter(pk=newest.claim_id).delete()
    newest.delete()
    Bar.objects.filter(reason="대리 신청").delete()
    StreamPosition.objects.update(position=position)
    assert write_back() == before["positions"][0]["position"] - position
    after = rows()
    for state in (before, after):
        state["bars"] = [bar["reason"] for bar in state["bars"]]
    assert after == before


@pytest.mark.parametrize(
    "entry",
    [
        "not json",
        json.dumps({"kind": "unheard of", "sequence": None}),
        json.dumps({"kind": "claim", "sequence": 1, "at": 1}),
        "[]",
        "7",
        '{"kind": ["claim"], "sequence": SEQ, "at": 1}',
        '{"kind": "claim", "sequence": SEQ}',
        '{"kind": "claim", "sequence": SEQ, "at": "yesterday"}',
        '{"kind": "claim", "sequence": SEQ, "at": 1, "claims": 5}',
        '{"kind": "claim", "sequence": SEQ, "at": 1, "claims": [5]}',
        '{"kind": "claim", "sequence": SEQ, "at": 1, "tickets": [{}]}',
        '{"kind": "claim", "sequence": SEQ, "at": 1, "tickets": [{"claim": "x", "status": "held"}]}',
        '{"kind": "claim", "sequence": SEQ, "at": 1, "claims": [{"id": 7, "arrival": "first"}]}',
        '{"kind": "claim", "sequence": SEQ, "at": 1, "arrival": "many"}',
        '{"kind": "bar", "sequence": SEQ, "at": 1, "bars": [{"event": "NOBODY", "student": 1, "reason": "x"}]}',
        '{"kind": "capacity", "sequence": SEQ, "at": 1, "zones": [{"zone": "NOBODY", "top": 1, "capacity": 1}]}',
        '{"kind": "claim", "sequence": SEQ, "at": 1, "mails": [{"kind": "love", "claim": "x"}]}',
    ],
)
def test_an_entry_that_nobody_understands_stops_its_stream_and_no_other(
    event: Event, door: Door, entry: str
) -> None:
    other = make_event({"A": 1})
    alice, bob = make_players(["alice", "bob"])
    settle()
    keys = keys_of(event)
    state = keys.of_group("state")
    number = int(sale().hincrby(state, "seq", 1))
    entry = entry.replace("SEQ", str(number)).replace("NOBODY", str(UUID(int=9)))
    sale().xadd(keys.of_group("stream"), {"entry": entry}, id=f"{number}-0")
    assert door.claim(alice, event.pk, "A").kind == "won"
    assert door.claim(bob, other.pk, "A").kind == "won"
    write_back()
    position = StreamPosition.objects.get(group=event.pk)
    assert (position.position, position.stopped_by.partition(":")[0]) == (number - 1, str(number))
    assert list(Ticket.objects.values_list("event", flat=True)) == [other.pk]
    assert write_back() == 0, "a stopped stream is left alone"


def test_a_violation_stops_the_stream_and_a_release_tries_it_again(event: Event, door: Door) -> None:
    alice, bob = make_players(["alice", "bob"])
    won = door.claim(alice, event.pk, "A")
    zone = Zone.objects.get(event=event, name="A")
    foreign = Ticket.objects.create(
        claim_id=UUID(int=7),
        event=event,
        limit_group=event.pk,
        zone=zone,
        place=Place.objects.get(zone=zone, number=1),
        number=1,
        generation=1,
        guest_name="somebody whom no entry knows",
        grant_reason="by nobody",
        code="0" * 20,
        issued_at=timezone.now(),
    )
    assert door.claim(bob, event.pk, "A").kind == "won"
    write_back()
    position = StreamPosition.objects.get()
    assert "one_live_ticket" in position.stopped_by or "place" in position.stopped_by
    assert not Ticket.objects.filter(code=won.body["ticket"]).exists()
    foreign.delete()
    assert release(event.pk)
    write_back()
    assert Ticket.objects.filter(status="held").count() == 2
    assert not release(event.pk)


def test_a_missing_entry_stops_the_stream(event: Event, door: Door) -> None:
    alice, bob = make_players(["alice", "bob"])
    door.claim(alice, event.pk, "A")
    keys = keys_of(event)
    first = last_entry(keys)["sequence"]
    door.claim(bob, event.pk, "A")
    sale().xdel(keys.of_group("stream"), f"{first}-0")
    write_back()
    assert StreamPosition.objects.get().stopped_at is not None
    assert Ticket.objects.count() == 0


def test_an_entry_of_a_stranger_is_seen_and_removed_by_hand_on_record(event: Event, door: Door) -> None:
    alice, bob = make_players(["alice", "bob"])
    User.objects.create_user("hana", is_staff=True)
    assert door.claim(alice, event.pk, "A").kind == "won"
    keys = keys_of(event)
    strange = sale().xadd(keys.of_group("stream"), {"hello": "world"})
    assert door.claim(bob, event.pk, "A").kind == "unavailable", "its number is higher than any decision's"
    write_back()
    assert "not an entry" in StreamPosition.objects.get().stopped_by
    assert Ticket.objects.count() == 1
    [entry_id, _fields] = foreign.next_entry(keys) or ("", {})
    assert entry_id == strange
    assert foreign.is_foreign(keys, entry_id)
    with pytest.raises(CommandError, match="--by USER"):
        call_command("writeback", remove=event.pk)
    call_command("writeback", remove=event.pk, by="hana", reason="a test of somebody")
    assert LogEntry.objects.get().change_message == f"{strange}: a test of somebody"
    assert door.claim(bob, event.pk, "A").kind == "won"
    write_back()
    assert Ticket.objects.count() == 2


def test_what_a_decision_made_cannot_be_removed(event: Event, door: Door) -> None:
    (alice,) = make_players(["alice"])
    hana = User.objects.create_user("hana")
    assert door.claim(alice, event.pk, "A").kind == "won"
    keys = keys_of(event)
    [entry_id, _fields] = foreign.next_entry(keys) or ("", {})
    assert not foreign.is_foreign(keys, entry_id)
    assert not foreign.remove(keys, entry_id, user=hana, reason="by mistake")
    assert not LogEntry.objects.exists()
    write_back()
    assert Ticket.objects.count() == 1
