"""The gate's page: by forms alone, and with JavaScript in a real browser."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from tests.conftest import Live
from tests.factories import make_event
from tests.gate.cast import code_of, end_ticket, make_staff, make_ticket, staff_client
from ticketing.models import Scan, Ticket, TicketStatus

pytestmark = pytest.mark.servers


@pytest.fixture
def staff(db: None) -> Client:
    return staff_client(make_staff("gate"))


def hidden(page: str, name: str) -> str:
    """Return the value of a hidden field."""
    found = re.search(rf'<input type="hidden" name="{name}" value="([^"]*)"', page)
    assert found, name
    return found[1]


def submit(client: Client, page: Any, **fields: str) -> Any:
    token = hidden(page.content.decode(), "csrfmiddlewaretoken")
    return client.post("/gate/", {"csrfmiddlewaretoken": token} | fields)


def type_code(client: Client, code: str, **fields: str) -> Any:
    page = client.get("/gate/")
    scan_id = hidden(page.content.decode(), "scan_id")
    return submit(client, page, **{"code": code, "gate": "A1", "event": "", "scan_id": scan_id} | fields)


def test_a_typed_code_is_let_in_once_without_javascript(staff: Client) -> None:
    ticket = make_ticket()
    first = type_code(staff, code_of(ticket))
    shown = first.content.decode()
    assert first.status_code == 200
    assert 'data-verdict="admit"' in shown
    for text in ("앨리스", "국어국문학과", ticket.student.student_number[-4:] if ticket.student else ""):
        assert text in shown
    second = type_code(staff, code_of(ticket), gate="B2").content.decode()
    assert 'data-verdict="refuse"' in second
    at = Scan.objects.get(gate="A1").received_at
    assert re.search(rf'data-fill="first">[^<]*{at:%M:%S}[^<]*A1', second)


def test_the_page_keeps_gate_and_event(staff: Client) -> None:
    event = make_event()
    for page in (
        staff.get("/gate/", {"gate": "A7", "event": str(event.pk)}),
        type_code(staff, "hello", gate="A7", event=str(event.pk)),
    ):
        shown = page.content.decode()
        assert 'name="gate" required maxlength="40" value="A7"' in shown
        assert f'<option value="{event.pk}" selected>' in shown


def test_a_form_sent_twice_is_one_scan(staff: Client) -> None:
    ticket, scan_id = make_ticket(), str(uuid4())
    code = code_of(ticket)
    for _again in range(2):
        shown = type_code(staff, code, scan_id=scan_id).content.decode()
        assert 'data-verdict="admit"' in shown
    assert Scan.objects.count() == 1


def test_a_page_that_was_gone_back_to_decides_the_next_code(staff: Client) -> None:
    event, scan_id = make_event(), str(uuid4())
    for ticket in (make_ticket(event), make_ticket(event)):
        shown = type_code(staff, code_of(ticket), scan_id=scan_id).content.decode()
        assert 'data-verdict="admit"' in shown
    assert Scan.objects.count() == 2


def test_a_code_typed_with_caps_lock_is_let_in(staff: Client) -> None:
    shown = type_code(staff, f" {code_of(make_ticket()).lower()} ").content.decode()
    assert 'data-verdict="admit"' in shown


def test_an_undo_by_form_lets_the_ticket_enter_again(staff: Client) -> None:
    ticket = make_ticket()
    page = type_code(staff, code_of(ticket))
    scan_id = hidden(page.content.decode(), "undo")
    done = submit(staff, page, undo=scan_id, reason="wrong person", gate="A1", event="")
    assert (done.status_code, done.headers["Location"]) == (302, "/gate/?gate=A1&event=")
    assert Ticket.objects.get().status == TicketStatus.HELD
    assert Scan.objects.get().undo_reason == "wrong person"


@pytest.mark.parametrize(
    "wrong", [{"gate": ""}, {"code": ""}, {"scan_id": "x"}, {"event": "x"}, {"code": "a\0b"}]
)
def test_a_form_that_cannot_be_read_decides_nothing(staff: Client, wrong: dict[str, str]) -> None:
    assert type_code(staff, **{"code": code_of(make_ticket())} | wrong).status_code == 400
    assert not Scan.objects.exists()


@pytest.mark.parametrize("wrong", [{"reason": ""}, {"reason": "x" * 301}, {"undo": "x"}])
def test_an_undo_that_cannot_be_read_undoes_nothing(staff: Client, wrong: dict[str, str]) -> None:
    page = type_code(staff, code_of(make_ticket()))
    fields = {"undo": hidden(page.content.decode(), "undo"), "reason": "wrong person"} | wrong
    assert submit(staff, page, **fields).status_code == 400
    assert Ticket.objects.get().status == TicketStatus.USED


@pytest.mark.django_db
def test_the_page_is_for_the_gate_only() -> None:
    assert Client().get("/gate/").status_code == 302
    assert staff_client(make_staff("council viewer")).get("/gate/").status_code == 403
    without = staff_client(make_staff("gate", username="other"), second_factor=False)
    assert without.get("/gate/").status_code == 302


def test_the_form_needs_its_token(staff: Client) -> None:
    fields = {"code": code_of(make_ticket()), "gate": "A1", "event": "", "scan_id": str(uuid4())}
    assert staff.post("/gate/", fields).status_code == 403
    assert not Scan.objects.exists()


# With JavaScript

LOST = "net::ERR_FAILED"  # what the browser itself says about an answer that a test has lost on purpose


@pytest.fixture
def gate(live: Live, browser: Browser) -> Iterator[Page]:
    """Open the gate in a browser in which staff is logged in."""
    key = staff_client(make_staff("gate")).cookies["sessionid"].value
    context = browser.new_context(base_url=live.url, viewport={"width": 412, "height": 860})
    context.add_cookies([{"name": "sessionid", "value": key, "url": live.url}])
    context.add_cookies([{"name": "django_language", "value": "en", "url": live.url}])
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    page.on("console", lambda line: faults.append(line.text) if line.type == "error" else None)
    page.goto("/gate/?gate=A1")
    page.set_default_timeout(5_000)
    yield page
    context.close()
    assert [fault for fault in faults if LOST not in fault] == []


def wedge(page: Page, code: str) -> None:
    """Type as a scanner does: into whatever has the focus, with Enter at the end."""
    page.keyboard.type(code)
    page.keyboard.press("Enter")


@pytest.mark.browser
def test_a_scanner_that_types_lets_in_once_and_undoes(gate: Page) -> None:
    ticket = make_ticket()
    screen, word = gate.locator("[data-gate]"), gate.locator(".gate-word")
    expect(gate.locator("#code")).to_be_focused()
    wedge(gate, code_of(ticket))
    expect(word).to_have_text("Let in")
    expect(screen).to_have_attribute("data-verdict", "admit")
    expect(gate.locator(".gate-name")).to_have_text("앨리스")
    expect(gate.locator("[data-symbol=admit]")).to_be_visible()
    expect(gate.locator("#code")).to_be_focused()

    wedge(gate, code_of(ticket))
    expect(word).to_have_text("Stop")
    expect(gate.locator(".gate-reason")).to_have_text("Used before")
    expect(gate.locator(".gate-first")).to_contain_text("gate A1")
    expect(gate.locator("[data-undo]")).to_be_hidden()

    other = make_ticket(guest_name="손님")
    wedge(gate, code_of(other))
    expect(gate.locator(".gate-name")).to_have_text("손님")
    gate.get_by_text("Let in by mistake?").click()
    gate.locator("#undo-reason").fill("wrong person")
    gate.get_by_role("button", name="Undo this entry").click()
    expect(word).to_have_text("Undone")
    assert Ticket.objects.get(pk=other.pk).status == TicketStatus.HELD
    assert Ticket.objects.get(pk=ticket.pk).status == TicketStatus.USED


@pytest.mark.browser
def test_every_refusal_says_what_it_is(gate: Page) -> None:
    event = make_event({"A": 5})
    void, forged = make_ticket(event), make_ticket(event)
    end_ticket(void, TicketStatus.VOID)
    wedge(gate, code_of(void))
    expect(gate.locator(".gate-reason")).to_have_text("Void")
    wedge(gate, forged.code)
    expect(gate.locator(".gate-reason")).to_have_text("Not our code")
    expect(gate.locator("[data-holder]")).to_be_hidden()


@pytest.mark.browser
def test_a_lost_answer_is_asked_for_again_by_the_same_scan(gate: Page) -> None:
    ticket = make_ticket()
    lost: list[str] = []

    def lose_the_first_answer(route: Any) -> None:
        if lost:
            route.continue_()
            return
        lost.append(route.request.post_data)
        route.fetch()
        route.abort()

    gate.route("**/api/gate/scans/", lose_the_first_answer)
    wedge(gate, code_of(ticket))
    expect(gate.locator(".gate-word")).to_have_text("Let in")
    assert Scan.objects.count() == 1


@pytest.mark.browser
def test_hangul_from_a_scanner_is_named_and_not_sent(gate: Page) -> None:
    gate.locator("#code").fill("ㅇ1.ㅁㅊ4")
    gate.keyboard.press("Enter")
    expect(gate.locator(".gate-advice")).to_contain_text("한/영")
    assert not Scan.objects.exists()


@pytest.mark.browser
def test_the_gate_is_remembered_on_this_device(gate: Page) -> None:
    gate.locator("#gate").fill("C3")
    wedge_into = gate.locator("#code")
    wedge_into.fill("hello")
    wedge_into.press("Enter")
    expect(gate.locator(".gate-word")).to_have_text("Stop")
    gate.goto("/gate/")
    expect(gate.locator("#gate")).to_have_value("C3")
