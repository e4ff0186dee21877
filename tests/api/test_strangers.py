"""F30: nothing of a student is read without login, and nothing across students."""

import pytest
from django.utils import timezone

from accounts.models import StudentSession
from tests.conftest import Live
from tests.contract.doors import headers_of
from tests.factories import make_event, make_players
from ticketing.claims import claim
from ticketing.models import Ticket

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]


def test_f30_tickets_are_read_by_their_student_only(live: Live) -> None:
    event = make_event({"A": 2})
    alice, charlie = make_players(["alice", "charlie"])
    claim(event_id=event.pk, zones=["A"], claimant=alice.claimant)
    code = Ticket.objects.get().code
    client = live.client()
    own = {"/api/tickets/", f"/api/tickets/{code}/qr/", f"/api/events/{event.pk}/claims/mine/"}
    pages = {f"/tickets/{code}/", f"/tickets/{code}/qr.svg", f"/tickets/{code}/cancel/"}
    for path in own | pages:
        assert client.get(path, headers=headers_of(alice)).status_code == 200, path
    for path in own:
        assert client.get(path).status_code == 401, path
    for path in pages | {"/tickets/"}:
        stranger = client.get(path)
        assert (stranger.status_code, stranger.headers["Location"].split("?")[0]) == (
            302,
            "/accounts/verify/",
        ), path
    for path in {f"/api/tickets/{code}/qr/"} | pages:
        refused = client.get(path, headers=headers_of(charlie))
        assert refused.status_code == 404, path
        assert "alice" not in refused.text
    assert client.get("/api/tickets/", headers=headers_of(charlie)).json()["results"] == []
    assert (
        client.get(f"/api/events/{event.pk}/claims/mine/", headers=headers_of(charlie)).json()["code"]
        == "no_claim"
    )


def test_nobody_cancels_without_login_token_or_ownership(live: Live) -> None:
    event = make_event({"A": 2})
    alice, charlie = make_players(["alice", "charlie"])
    claim(event_id=event.pk, zones=["A"], claimant=alice.claimant)
    code = Ticket.objects.get().code
    client, path = live.client(), f"/api/tickets/{code}/cancel/"
    assert client.post(path).json()["code"] == "login_required"
    assert client.post(path, headers={"Cookie": headers_of(alice)["Cookie"]}).json()["code"] == "csrf_failed"
    assert client.post(path, headers=headers_of(charlie)).json()["code"] == "unknown_ticket"
    assert client.post(f"/tickets/{code}/cancel/", headers=headers_of(charlie)).status_code == 404
    assert Ticket.objects.get().status == "held"
    assert client.post(path, headers=headers_of(alice)).json()["status"] == "cancelled"


def test_an_ended_session_reads_nothing_any_more(live: Live) -> None:
    (alice,) = make_players(["alice"])
    client = live.client()
    assert client.get("/api/tickets/", headers=headers_of(alice)).status_code == 200
    StudentSession.objects.filter(student=alice.student).update(ended_at=timezone.now())
    assert client.get("/api/tickets/", headers=headers_of(alice)).json()["code"] == "login_required"


def test_private_answers_are_kept_by_no_cache(live: Live) -> None:
    event = make_event({"A": 1})
    (alice,) = make_players(["alice"])
    claim(event_id=event.pk, zones=["A"], claimant=alice.claimant)
    code = Ticket.objects.get().code
    paths = [
        "/api/tickets/",
        f"/api/tickets/{code}/qr/",
        f"/api/events/{event.pk}/claims/mine/",
        "/tickets/",
        f"/tickets/{code}/",
    ]
    for path in paths:
        kept = live.client().get(path, headers=headers_of(alice)).headers.get("Cache-Control", "")
        assert "no-store" in kept, path
