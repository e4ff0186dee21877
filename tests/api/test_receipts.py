"""Receipts over HTTP: the student's own is taken, every other one refused by its code and on record."""

from typing import Any

import pytest

from festival.redis import at_each_master
from tests.conftest import Live
from tests.contract.doors import OverHttp, headers_of
from tests.factories import Player, make_event, make_players, mode_of_events, settle
from ticketing.allocation.priming import prime
from ticketing.models import Mode, Recovery, RefusedReceipt, Ticket
from ticketing.presenting import MOST_REFUSED
from ticketing.writeback import write_back

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]


def present(live: Live, player: Player | None, document: Any) -> tuple[int, dict[str, Any]]:
    """Send a document to the call; return status and answer."""
    headers = headers_of(player) if player else {}
    answer = live.client().post("/api/receipts/", json=document, headers=headers)
    return answer.status_code, answer.json()


def test_a_students_own_receipt_says_what_is_there(live: Live) -> None:
    event = make_event({"A": 1}, waitlist_size=1)
    alice, bob = make_players(["alice", "bob"])
    door = OverHttp(live.url)
    won, waits = door.claim(alice, event.pk, "A").body, door.claim(bob, event.pk, "A").body
    status, body = present(live, alice, {"receipt": won["receipt"]})
    assert (status, body) == (200, won)
    status, body = present(live, bob, {"receipt": waits["receipt"]})
    assert (status, body["position"]) == (200, 1)
    door.cancel(alice, won["ticket"])
    assert present(live, alice, {"receipt": won["receipt"]})[1]["code"] == "superseded"
    status, body = present(live, bob, {"receipt": waits["receipt"]})
    assert (status, body["outcome"], body["zone"]) == (200, "won", "A"), "moved up, by the same claim"
    door.client.close()


def test_refusals_have_their_codes_in_order_are_kept_once_and_change_nothing(live: Live) -> None:
    event = make_event({"A": 1})
    alice, bob = make_players(["alice", "bob"])
    door = OverHttp(live.url)
    receipt = door.claim(alice, event.pk, "A").body["receipt"]
    door.client.close()
    before = list(Ticket.objects.values())
    altered = f"{receipt[:-1]}{'A' if receipt[-1] != 'A' else 'B'}"
    assert present(live, None, {"receipt": receipt})[1]["code"] == "login_required"
    documents: list[Any] = [[], {}, {"receipt": 7}, {"receipt": ""}, {"receipt": None}]
    for malformed in documents:
        assert present(live, bob, malformed)[1]["code"] == "malformed"
    for _again in range(2):
        for text in (altered, "none of ours", receipt.rpartition(":")[0], "표"):
            assert present(live, alice, {"receipt": text})[0] == 422
        assert present(live, bob, {"receipt": receipt})[1]["code"] == "foreign_receipt"
    kept = RefusedReceipt.objects.order_by("pk").values_list("student", "code", "event")
    assert list(kept) == [
        (alice.student.pk, "forged_receipt", None),
        (alice.student.pk, "forged_receipt", None),
        (alice.student.pk, "forged_receipt", None),
        (alice.student.pk, "forged_receipt", None),
        (bob.student.pk, "foreign_receipt", event.pk),
    ]
    assert list(Ticket.objects.values()) == before
    without_token = {"Cookie": headers_of(alice)["Cookie"]}
    answer = live.client().post("/api/receipts/", json={"receipt": receipt}, headers=without_token)
    assert answer.json()["code"] == "csrf_failed"


def test_who_guesses_receipts_is_stopped_and_may_still_present_a_true_one(live: Live) -> None:
    event = make_event({"A": 1})
    (alice,) = make_players(["alice"])
    door = OverHttp(live.url)
    won = door.claim(alice, event.pk, "A").body
    door.client.close()
    codes = [present(live, alice, {"receipt": f"guess {number}"})[1]["code"] for number in range(25)]
    assert codes == ["forged_receipt"] * MOST_REFUSED + ["too_many_requests"] * 5
    assert present(live, alice, {"receipt": won["receipt"]})[0] == 200


def test_after_a_loss_a_receipt_brings_its_ticket_back(live: Live) -> None:
    token = mode_of_events.set(Mode.REDIS)
    try:
        event = make_event({"A": 3})
        alice, bob = make_players(["alice", "bob"])
    finally:
        mode_of_events.reset(token)
    door = OverHttp(live.url)
    first = door.claim(alice, event.pk, "A").body
    write_back()
    lost = door.claim(bob, event.pk, "A").body
    at_each_master("flushdb")
    prime()
    assert door.claim(bob, event.pk, "A").kind == "recovering"
    status, body = present(live, bob, {"receipt": lost["receipt"]})
    assert (status, body["ticket"], body["number"]) == (200, lost["ticket"], lost["number"])
    assert present(live, alice, {"receipt": first["receipt"]})[1]["ticket"] == first["ticket"]
    recovery = Recovery.objects.get()
    assert recovery.restored == 1
    Recovery.objects.update(until=recovery.began_at)
    settle()
    assert door.claim(bob, event.pk, "A").body["ticket"] == lost["ticket"]
    door.client.close()
