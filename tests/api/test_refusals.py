"""Bad input over HTTP: every refusal has its code, in its order, as a problem document; nothing is changed."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.conftest import Live
from tests.contract.doors import headers_of
from tests.factories import make_event, make_players
from ticketing.models import Claim, Event, Ticket

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]
GOOD = b'{"zones": ["A"]}'


def press(client: httpx.Client, event: object, body: bytes = GOOD, /, **headers: str) -> httpx.Response:
    return client.post(
        f"/api/events/{event}/claims/", content=body, headers={"Content-Type": "application/json"} | headers
    )


def assert_problem(response: httpx.Response, status: int, code: str) -> None:
    document = response.json()
    assert (response.status_code, document["status"], document["code"]) == (status, status, code)
    assert response.headers["Content-Type"] == "application/problem+json"
    assert document["type"] == "about:blank"
    assert document["title"]


def test_refusals_of_the_door_come_in_their_order(live: Live) -> None:
    """Stranger, forged request, unreadable body, unknown event, unknown zone: each hides the later ones."""
    event = make_event({"A": 1})
    (alice,) = make_players(["alice"])
    client, known = live.client(), headers_of(alice)
    without_token = {"Cookie": known["Cookie"]}
    assert_problem(press(client, "nonsense", b"{"), 401, "login_required")
    assert_problem(press(client, "nonsense", b"{", **without_token), 403, "csrf_failed")
    assert_problem(press(client, "nonsense", b"{", **known), 400, "malformed")
    assert_problem(press(client, "nonsense", b'{"zones": ["X"]}', **known), 404, "unknown_event")
    assert_problem(press(client, uuid4(), b'{"zones": ["X"]}', **known), 404, "unknown_event")
    assert_problem(press(client, event.pk, b'{"zones": ["X"]}', **known), 422, "unknown_zone")
    assert press(client, event.pk, **known).status_code == 201


def test_a_forged_or_foreign_pass_is_nobody(live: Live) -> None:
    event = make_event({"A": 1})
    alice, charlie = make_players(["alice", "charlie"])
    client = live.client()
    genuine = charlie.cookies.claim_pass
    for forged in (
        genuine[:-1] + ("A" if genuine[-1] != "A" else "B"),
        f"{alice.student.pk}" + genuine[1:],
        "x",
        "",
    ):
        cookie = f"festival_pass={forged}; csrftoken={charlie.cookies.csrf}"
        headers = {"Cookie": cookie, "X-CSRFToken": charlie.cookies.csrf}
        assert_problem(press(client, event.pk, **headers), 401, "login_required")
    assert Ticket.objects.count() == 0


MALFORMED = {
    "empty": b"",
    "no JSON": b"zones=A",
    "cut off": b'{"zones": ["A"',
    "not UTF-8": b'{"zones": ["\xff"]}',
    "UTF-16": '{"zones": ["A"]}'.encode("utf-16"),
    "a list": b'["A"]',
    "null": b"null",
    "NaN": b'{"zones": ["A"], "x": NaN}',
    "no zones": b"{}",
    "zones null": b'{"zones": null}',
    "a string": b'{"zones": "A"}',
    "an object": b'{"zones": {"A": 1}}',
    "none": b'{"zones": []}',
    "a number": b'{"zones": [1]}',
    "a truth": b'{"zones": [true]}',
    "nested": b'{"zones": [["A"]]}',
    "repeated": b'{"zones": ["A", "A"]}',
    "21 zones": b'{"zones": [' + b",".join(b'"Z%d"' % n for n in range(21)) + b"]}",
    "repeated key": b'{"zones": ["B"], "zones": ["A"]}',
    "NUL": b'{"zones": ["A\\u0000"]}',
    "half a pair": b'{"zones": ["\\ud800"]}',
    "too deep": b'{"zones": ' + b"[" * 7000 + b"]" * 7000 + b"}",
    "too big": b'{"zones": ["A"], "x": "' + b"x" * 17_000 + b'"}',
    "huge": b'{"zones": ["A"], "x": "' + b"x" * 3_000_000 + b'"}',
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_bodies_change_nothing(live: Live, body: bytes) -> None:
    event = make_event({"A": 1})
    (alice,) = make_players(["alice"])
    assert_problem(press(live.client(), event.pk, body, **headers_of(alice)), 400, "malformed")
    assert (Claim.objects.count(), Ticket.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
)
def test_only_json_is_read(live: Live, kind: str) -> None:
    event = make_event({"A": 1})
    (alice,) = make_players(["alice"])
    response = press(live.client(), event.pk, **headers_of(alice) | {"Content-Type": kind})
    assert_problem(response, 400, "malformed")


def test_twenty_zones_and_16_kib_are_still_fine(live: Live) -> None:
    event = make_event({f"Z{n}": 1 for n in range(20)})
    (alice,) = make_players(["alice"])
    zones = ", ".join(f'"Z{n}"' for n in range(20))
    body = f'{{"zones": [{zones}], "x": "'.encode()
    body += b"x" * (16 * 1024 - len(body) - 2) + b'"}'
    assert len(body) == 16 * 1024
    assert press(live.client(), event.pk, body, **headers_of(alice)).status_code == 201


def test_everything_under_api_answers_problem_documents(live: Live) -> None:
    client = live.client()
    assert_problem(client.get("/api/nothing/"), 404, "not_found")
    assert_problem(client.get("/api/clock"), 404, "not_found")
    assert_problem(client.get(f"/api/events/{uuid4()}/"), 404, "unknown_event")
    assert_problem(client.get("/api/events/x/"), 404, "unknown_event")
    assert_problem(client.get(f"/api/clock/?event={uuid4()}x"), 404, "unknown_event")
    assert_problem(client.delete("/api/events/"), 405, "method_not_allowed")
    assert_problem(client.get("/api/clock/", headers={"Host": "elsewhere.example"}), 400, "malformed")
    for wrong in (
        "cursor=!",
        "cursor=W10",
        "cursor=WzFd",
        "limit=0",
        "limit=201",
        "limit=x",
        "limit=-1",
        "limit=²",
    ):
        assert_problem(client.get(f"/api/events/?{wrong}"), 400, "malformed")


@pytest.mark.parametrize("accept", ["text/html", "image/png", "*/*", ""])
def test_the_api_speaks_json_whatever_is_accepted(live: Live, accept: str) -> None:
    response = live.client().get("/api/clock/", headers={"Accept": accept})
    assert response.headers["Content-Type"] == "application/json"
    assert response.json()["now_ms"] > 0


def test_an_event_document_has_what_the_contract_says(live: Live) -> None:
    event = make_event({"B": 2, "A": 1}, name="첫째 밤", name_en="First Night")
    document = live.client().get(f"/api/events/{event.pk}/").json()
    expected: dict[str, Any] = {
        "id": str(event.pk),
        "name": "첫째 밤",
        "name_en": "First Night",
        "state": "open",
    }
    assert {key: document[key] for key in expected} == expected
    assert document["opens_at"].endswith("+09:00")
    assert [(zone["name"], zone["capacity"], zone["left"]) for zone in document["zones"]] == [
        ("A", 1, 1),
        ("B", 2, 2),
    ]


def test_left_is_unknown_before_priming(live: Live) -> None:
    event = make_event({"A": 1}, primed=False)
    assert live.client().get(f"/api/events/{event.pk}/").json()["zones"][0]["left"] is None


def test_an_event_without_zones_knows_no_zone(live: Live) -> None:
    event: Event = make_event({})
    (alice,) = make_players(["alice"])
    assert_problem(press(live.client(), event.pk, **headers_of(alice)), 422, "unknown_zone")
