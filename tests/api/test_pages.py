"""The pages of students: they work without a script, speak Korean unless switched, and are safe to open."""

import re

import httpx
import pytest

from tests.conftest import Live
from tests.factories import make_event, make_players
from ticketing.models import Ticket

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]


def browser(live: Live, player: object) -> httpx.Client:
    """Return a client that keeps a student's cookies, as a browser without JavaScript would."""
    cookies = player.cookies  # type: ignore[attr-defined]  # a Player
    jar = {"sessionid": cookies.session_key, "csrftoken": cookies.csrf, "festival_pass": cookies.claim_pass}
    return live.client(cookies=jar, follow_redirects=True)


def form_token(page: str) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert found
    return found[1]


def test_a_press_without_javascript_wins_shows_the_result_and_the_ticket(live: Live) -> None:
    event = make_event({"A": 1, "B": 1}, name="첫째 밤")
    (alice,) = make_players(["홍길동"])
    client = browser(live, alice)
    address = f"/events/{event.pk}/"
    token = form_token(client.get(address).text)
    page = client.post(address, data={"zones": ["B", "A", "", "B"], "csrfmiddlewaretoken": token})
    assert page.status_code == 200
    ticket = Ticket.objects.select_related("zone").get()
    assert ticket.zone.name == "B"
    assert f"/tickets/{ticket.code}/" in page.text
    shown = client.get(f"/tickets/{ticket.code}/").text
    assert "<svg" in shown
    assert "홍길동" in shown
    assert ticket.code in client.get("/tickets/").text
    cancelled = client.post(f"/tickets/{ticket.code}/cancel/", data={"csrfmiddlewaretoken": token})
    assert cancelled.status_code == 200
    assert "<svg" not in cancelled.text or "data-ticket" not in cancelled.text
    assert Ticket.objects.get().status == "cancelled"


@pytest.mark.parametrize(
    ("fields", "status"),
    [({"opens_in": 60}, 409), ({"paused": True}, 409), ({"opens_in": -60, "closes_in": -1}, 409)],
)
def test_a_refused_press_without_javascript_is_a_page_with_its_status(
    live: Live, fields: dict[str, object], status: int
) -> None:
    event = make_event({"A": 1}, **fields)  # type: ignore[arg-type]  # fields of an event
    (alice,) = make_players(["alice"])
    client = browser(live, alice)
    token = form_token(client.get("/").text)
    page = client.post(f"/events/{event.pk}/", data={"zones": "A", "csrfmiddlewaretoken": token})
    assert page.status_code == status
    assert 'id="result"' in page.text


def test_sold_out_is_a_page_and_stays_on_reload(live: Live) -> None:
    event = make_event({"A": 0})
    (bob,) = make_players(["bob"])
    client = browser(live, bob)
    address = f"/events/{event.pk}/"
    token = form_token(client.get(address).text)
    pressed = client.post(address, data={"zones": "A", "csrfmiddlewaretoken": token})
    reloaded = client.get(address)
    for page in (pressed, reloaded):
        assert page.status_code == 200
        assert 'data-kind="end"' in page.text


def test_a_press_without_the_forms_token_is_refused(live: Live) -> None:
    event = make_event({"A": 1})
    (alice,) = make_players(["alice"])
    assert browser(live, alice).post(f"/events/{event.pk}/", data={"zones": "A"}).status_code == 403
    assert Ticket.objects.count() == 0


def test_pages_speak_korean_whatever_the_browser_prefers_until_switched(live: Live) -> None:
    event = make_event({"A": 1}, name="첫째 밤", name_en="First Night")
    client = live.client(headers={"Accept-Language": "en"}, follow_redirects=True)
    page = client.get(f"/events/{event.pk}/")
    assert page.headers["Content-Language"] == "ko"
    assert '<html lang="ko"' in page.text
    assert "<h1>첫째 밤</h1>" in page.text
    switched = client.post(
        "/i18n/setlang/",
        data={"language": "en", "csrfmiddlewaretoken": form_token(page.text), "next": f"/events/{event.pk}/"},
    )
    assert '<html lang="en"' in switched.text
    assert "<h1>First Night</h1>" in switched.text


def test_error_pages_are_in_both_languages_and_need_no_login(live: Live) -> None:
    client = live.client()
    missing = client.get("/nothing/")
    assert missing.status_code == 404
    for words in ('lang="ko"', 'lang="en"'):
        assert words in missing.text
    assert client.post("/i18n/setlang/", data={"language": "en"}).status_code == 403
    assert client.get("/", headers={"Host": "elsewhere.example"}).status_code == 400


def test_no_page_allows_or_needs_an_inline_script(live: Live) -> None:
    event = make_event({"A": 1})
    for path in ("/", f"/events/{event.pk}/", "/accounts/verify/", "/staff/login/", "/nothing/"):
        page = live.client(follow_redirects=True).get(path)
        policy = page.headers["Content-Security-Policy"]
        assert "unsafe" not in policy, path
        assert not re.search(r"<script(?![^>]*\bsrc=)", page.text), path
        assert not re.search(r"<[a-z]+[^>]*\s(?:style|on[a-z]+)=", page.text), path


def test_answers_name_their_request_and_robots_keep_out(live: Live) -> None:
    client = live.client()
    ids = {client.get("/healthz").headers["X-Request-ID"] for _ in range(2)}
    assert len(ids) == 2
    assert "Disallow: /tickets/" in client.get("/robots.txt").text
    assert client.get("/favicon.ico", follow_redirects=True).headers["Content-Type"] == "image/svg+xml"
