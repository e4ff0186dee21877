"""The demo's pages: there in the demo only, and every way in works as the real one does."""

from pathlib import Path

import pytest
from django.core.mail import EmailMessage, get_connection
from django.test import Client
from pytest_django.fixtures import Settings

from accounts import consent
from accounts.models import Student, StudentSession
from accounts.passes import PASS_COOKIE
from tests.factories import make_event, make_student
from ticketing.models import Event

pytestmark = pytest.mark.servers
ADDRESSES = (
    ("get", "/demo/"),
    ("get", "/demo/look/"),
    ("get", "/demo/side-by-side/"),
    ("get", "/demo/enter/council/"),
    ("post", "/demo/log-in/student/"),
    ("post", "/demo/log-in/staff/"),
    ("post", "/demo/sales/"),
)


@pytest.mark.parametrize(("method", "address"), ADDRESSES)
def test_outside_the_demo_there_is_nothing(db: None, client: Client, method: str, address: str) -> None:
    assert getattr(client, method)(address).status_code == 404


@pytest.mark.parametrize(("method", "address"), ADDRESSES)
def test_wired_in_by_mistake_the_pages_still_refuse(
    demo: Settings, people: list[Student], client: Client, method: str, address: str
) -> None:
    demo.DEMO = False
    facts = {"number": "20230001", "username": "council", "seconds": "1", "places": "10"}
    assert getattr(client, method)(address, facts).status_code == 404
    assert not Event.objects.exists()
    assert client.get("/gate/").status_code == 302


def test_the_overview_offers_people_whose_names_are_easy_to_say(
    demo: Settings, people: list[Student], client: Client
) -> None:
    page = client.get("/demo/").content.decode()
    assert "김하나" in page
    assert page.index("20230001") < page.index(people[-1].student_number), "who must be refused comes last"


@pytest.mark.parametrize("wanted", ["20230007", "조하늘", "조 하늘", "하늘"])
def test_a_student_is_found_by_number_and_by_name(
    demo: Settings, people: list[Student], client: Client, wanted: str
) -> None:
    page = client.get("/demo/", {"q": wanted}).content.decode()
    assert "20230007" in page
    assert "20230002" not in page


def test_log_in_as_a_student_is_a_login_with_consent(
    demo: Settings, people: list[Student], client: Client
) -> None:
    event = make_event()
    response = client.post("/demo/log-in/student/", {"number": "20230001"})
    assert response.headers["Location"] == f"/events/{event.pk}/"
    alice = Student.objects.get(student_number="20230001")
    assert consent.in_force(alice)
    assert client.get("/tickets/").status_code == 200
    assert client.cookies[PASS_COOKIE].value
    assert StudentSession.objects.get(student=alice).ended_at is None


def test_nobody_of_a_real_roster_can_be_entered_or_found(
    demo: Settings, people: list[Student], client: Client
) -> None:
    charlie = make_student("조하늘", student_number="20239999")
    assert client.post("/demo/log-in/student/", {"number": charlie.student_number}).status_code == 404
    assert "20239999" not in client.get("/demo/", {"q": "조하늘"}).content.decode()


@pytest.mark.parametrize(
    ("username", "home"),
    [
        ("council", "/admin/"),
        ("viewer", "/admin/"),
        ("gate", "/gate/"),
        ("booth", "/accounts/booth/"),
    ],
)
def test_log_in_as_staff_passes_the_second_factor(
    demo: Settings, people: list[Student], client: Client, username: str, home: str
) -> None:
    response = client.post("/demo/log-in/staff/", {"username": username})
    assert response.headers["Location"] == home
    assert client.get(home).status_code == 200


def test_a_viewer_is_not_the_council_and_the_gate_is_neither(
    demo: Settings, people: list[Student], client: Client
) -> None:
    client.post("/demo/log-in/staff/", {"username": "viewer"})
    assert client.get("/admin/ticketing/event/add/").status_code == 403
    assert client.get("/gate/").status_code == 403
    client.post("/demo/log-in/staff/", {"username": "gate"})
    assert client.get("/admin/ticketing/event/").status_code == 403


def test_staff_who_enter_end_the_students_login_of_this_browser(
    demo: Settings, people: list[Student], client: Client
) -> None:
    client.post("/demo/log-in/student/", {"number": "20230001"})
    client.post("/demo/log-in/staff/", {"username": "council"})
    assert StudentSession.objects.get().ended_at is not None
    assert client.cookies[PASS_COOKIE].value == ""
    assert client.get("/tickets/").status_code == 302


def test_every_way_in_wants_a_csrf_token(demo: Settings, people: list[Student]) -> None:
    client = Client(enforce_csrf_checks=True)
    assert client.post("/demo/log-in/student/", {"number": "20230001"}).status_code == 403
    assert client.post("/demo/log-in/staff/", {"username": "council"}).status_code == 403
    assert client.post("/demo/sales/", {"seconds": "1", "places": "10"}).status_code == 403


def test_another_site_cannot_be_the_page_afterwards(
    demo: Settings, people: list[Student], client: Client
) -> None:
    facts = {"number": "20230001", "next": "https://evil.example/"}
    assert client.post("/demo/log-in/student/", facts).headers["Location"] == "/"


def test_with_a_passcode_staff_must_type_it(demo: Settings, people: list[Student], client: Client) -> None:
    demo.DEMO_PASSCODE = "ab3de7gh"
    for wrong in ("", "ab3de7g", "AB3DE7GH", "암호"):
        response = client.post("/demo/log-in/staff/", {"username": "council", "passcode": wrong})
        assert response.status_code == 403
        assert client.get("/admin/").status_code == 302
    response = client.post("/demo/log-in/staff/", {"username": "council", "passcode": " ab3de7gh "})
    assert response.status_code == 302
    assert client.get("/admin/").status_code == 200


def test_the_passcode_cannot_be_guessed_by_trying(
    demo: Settings, people: list[Student], client: Client
) -> None:
    demo.DEMO_PASSCODE = "ab3de7gh"
    for number in range(5):
        client.post("/demo/log-in/staff/", {"username": "council", "passcode": f"guess{number}"})
    response = client.post("/demo/log-in/staff/", {"username": "council", "passcode": "ab3de7gh"})
    assert response.status_code == 429
    assert client.get("/admin/").status_code == 302


def test_a_new_sale_is_a_press_away(demo: Settings, db: None, client: Client) -> None:
    for _ in range(2):
        assert client.post("/demo/sales/", {"seconds": "60", "places": "5000"}).status_code == 302
    events = list(Event.objects.order_by("opens_at"))
    assert len({event.name for event in events}) == 2
    assert sorted(events[0].zones.values_list("capacity", flat=True)) == [1000, 2000, 2000]
    assert events[0].name in client.get("/demo/").content.decode()


@pytest.mark.parametrize(
    "facts",
    [{}, {"seconds": "-1", "places": "9"}, {"seconds": "1", "places": "2"}, {"seconds": "x", "places": "9"}],
)
def test_a_sale_that_makes_no_sense_is_not_made(
    demo: Settings, db: None, client: Client, facts: dict[str, str]
) -> None:
    assert client.post("/demo/sales/", facts).status_code == 422
    assert not Event.objects.exists()


def test_mailed_codes_are_shown_newest_first(
    demo: Settings, db: None, client: Client, tmp_path: Path
) -> None:
    backend = "django.core.mail.backends.filebased.EmailBackend"
    for code, hour in (("111111", 1), ("222222", 2)):
        headers = {"Date": f"Mon, 23 Nov 2026 0{hour}:00:00 +0900"}
        with get_connection(backend, file_path=tmp_path) as folder:
            EmailMessage(
                f"코드는 {code}",
                f"안녕하세요, {code} 입니다",
                to=["a@x.example"],
                headers=headers,
                connection=folder,
            ).send()
    (tmp_path / "20261123-half.log").write_bytes(b"Subject: half writ")
    page = client.get("/demo/").content.decode()
    assert page.index("222222") < page.index("111111")
    assert "안녕하세요, 222222 입니다" in page
    assert "half writ" not in page


def test_side_by_side_each_part_has_a_host_name_of_its_own(
    demo: Settings, people: list[Student], client: Client
) -> None:
    elsewhere = client.get("/demo/side-by-side/", HTTP_HOST="127.0.0.1:8123")
    assert elsewhere.headers["Location"] == "http://daedong.localhost:8123/demo/side-by-side/"
    response = client.get("/demo/side-by-side/", HTTP_HOST="daedong.localhost:8123")
    for who in ("student", "gate", "council"):
        assert f"http://{who}.daedong.localhost:8123/demo/enter/{who}/" in response.content.decode()
    assert "frame-src http://*.daedong.localhost:*" in response.headers["Content-Security-Policy"]


def test_by_https_the_parts_are_links_only(demo: Settings, db: None, client: Client) -> None:
    demo.HTTPS = True
    response = client.get("/demo/side-by-side/", secure=True)
    assert response.status_code == 200
    assert b"<iframe" not in response.content


def test_whoever_is_in_already_is_led_on(demo: Settings, people: list[Student], client: Client) -> None:
    assert client.get("/demo/enter/gate/").status_code == 200
    client.post("/demo/log-in/staff/", {"username": "gate"})
    assert client.get("/demo/enter/gate/").headers["Location"] == "/gate/"
    assert client.get("/demo/enter/council/").status_code == 200
    client.post("/demo/log-in/student/", {"number": "20230001"})
    assert client.get("/demo/enter/student/", {"next": "/tickets/"}).headers["Location"] == "/tickets/"
