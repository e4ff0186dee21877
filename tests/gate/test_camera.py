"""The gate's camera in a real browser: a fake camera films real QR codes of tickets."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import Live
from tests.factories import make_event, make_student
from tests.gate.cast import code_of, make_device, make_ticket
from tests.gate.pictures import blank, frame_of
from tests.gate.studio import ADMIT, REFUSE, Studio
from ticketing.devices import invite
from ticketing.models import Scan, Ticket, TicketStatus

pytestmark = [pytest.mark.servers, pytest.mark.browser]


def until_away(page: Page) -> None:
    """Wait until the camera has forgotten what it saw: a blank picture for longer than that."""
    page.wait_for_timeout(3_500)  # the page's own rule, AWAY_MS: the passing of time is what is tested


def test_a_ticket_before_the_camera_is_let_in_once_and_its_picture_is_refused_afterwards(
    studio: Studio, open_gate: Callable[..., Page]
) -> None:
    ticket, page = make_ticket(), open_gate()
    studio.show_ticket(ticket)
    expect(page.locator(ADMIT)).to_be_visible()
    expect(page.locator(".gate-name")).to_have_text("앨리스")
    expect(page.locator("video")).to_be_visible()  # small, beside the verdict: to aim at the next code
    until_away(page)  # still before the camera: its verdict stands
    assert Scan.objects.count() == 1
    expect(page.locator(ADMIT)).to_be_visible()

    studio.show(blank())
    until_away(page)
    expect(page.locator(ADMIT)).to_be_visible()
    studio.show_ticket(ticket)
    expect(page.locator(REFUSE)).to_be_visible()
    expect(page.locator(".gate-reason")).to_have_text("Used before")
    first = Scan.objects.get(verdict="admit")
    expect(page.locator(".gate-first")).to_contain_text("gate A1")
    expect(page.locator(".gate-first")).to_contain_text(f"{first.received_at:%M:%S}")
    assert Scan.objects.count() == 2
    admit_tones, refuse_tones = [880, 1319], [196, 147]
    assert [round(tone) for tone in page.evaluate("window.tones")] == admit_tones + refuse_tones


def test_the_next_code_is_read_at_once_and_a_film_of_several_reads_each_once(
    studio: Studio, open_gate: Callable[..., Page]
) -> None:
    event = make_event({"A": 5})
    first, second, third = (
        make_ticket(event, student=make_student(name)) for name in ("가나", "다라", "마바")
    )
    page = open_gate()
    studio.show(frame_of(code_of(first)), frame_of(code_of(second)), blank())
    expect(page.locator("[data-count=admitted]")).to_have_text("2", timeout=20_000)
    studio.show_ticket(third)
    expect(page.locator(".gate-name")).to_have_text("마바")
    verdicts = Scan.objects.order_by("received_at").values_list("ticket__student__name", "verdict")
    assert sorted(verdicts) == [("가나", "admit"), ("다라", "admit"), ("마바", "admit")]


def test_of_two_gates_that_see_the_same_ticket_at_once_one_lets_in(
    studio: Studio, open_gate: Callable[..., Page]
) -> None:
    pages = {gate: open_gate(gate) for gate in ("A1", "B1")}
    studio.show_ticket(make_ticket())
    for page in pages.values():
        expect(page.locator(f"{ADMIT}, {REFUSE}")).to_be_visible()
    shown = {gate: page.locator("[data-gate]").get_attribute("data-verdict") for gate, page in pages.items()}
    assert sorted(map(str, shown.values())) == ["admit", "refuse"]
    [let_in] = [gate for gate, verdict in shown.items() if verdict == "admit"]
    [other] = pages.keys() - {let_in}
    expect(pages[other].locator(".gate-first")).to_contain_text(f"gate {let_in}")


def test_mute_is_kept_and_silences_the_tones_only(studio: Studio, open_gate: Callable[..., Page]) -> None:
    page = open_gate()
    page.get_by_role("button", name="Sound").click()
    studio.show_ticket(make_ticket())
    expect(page.locator(ADMIT)).to_be_visible()
    assert page.evaluate("window.tones") == []
    page.reload()
    expect(page.get_by_role("button", name="Sound")).to_have_attribute("aria-pressed", "false")


def test_nothing_comes_from_elsewhere_and_only_this_page_may_compile(
    studio: Studio, open_gate: Callable[..., Page], live: Live, session: str
) -> None:
    hosts = set()
    context = studio.context(session)
    page = context.new_page()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    page.goto("/gate/?gate=A1")
    page.get_by_role("button", name="Start the camera").click()
    expect(page.locator("video")).to_be_visible()
    studio.show_ticket(make_ticket())
    expect(page.locator(ADMIT)).to_be_visible()
    assert hosts == {live.url.split("/")[2]}
    policies = {
        path: live.client().get(path).headers["Content-Security-Policy"] for path in ("/", "/tickets/")
    }
    assert not any("wasm" in policy for policy in policies.values())


def test_a_refused_camera_is_said_and_typed_codes_still_work(
    studio: Studio, open_gate: Callable[..., Page]
) -> None:
    page = open_gate(camera=False)
    expect(page.locator("[data-why]")).to_contain_text("does not let this page use the camera")
    expect(page.get_by_role("button", name="Start the camera")).to_be_visible()
    page.locator("#code").fill(code_of(make_ticket()))
    page.keyboard.press("Enter")
    expect(page.locator(ADMIT)).to_be_visible()


def test_without_https_there_is_no_camera_and_the_page_says_so(studio: Studio, session: str) -> None:
    address = studio.address.replace("127.0.0.1", "testserver")
    page = studio.context(session, camera=False, address=address).new_page()
    page.goto("/gate/?gate=A1")
    page.get_by_role("button", name="Start the camera").click()
    expect(page.locator("[data-why]")).to_contain_text("https://")
    page.locator("#code").fill(code_of(make_ticket()))
    page.keyboard.press("Enter")
    expect(page.locator(ADMIT)).to_be_visible()


def test_by_keyboard_alone(studio: Studio, session: str) -> None:
    page = studio.context(session).new_page()
    page.goto("/gate/?gate=A1")
    code, keys = page.locator("#code"), page.keyboard
    expect(code).to_be_focused()
    keys.press("Shift+Tab")
    expect(page.get_by_role("button", name="Start the camera")).to_be_focused()
    keys.press("Enter")
    expect(page.locator("video")).to_be_visible()
    studio.show_ticket(make_ticket())
    expect(page.locator(ADMIT)).to_be_visible()
    page.locator("[data-undo] summary").focus()
    for key in ("Enter", "Tab"):
        keys.press(key)
    keys.type("wrong person")
    keys.press("Enter")
    expect(page.locator(".gate-word")).to_have_text("Undone")
    keys.press("Escape")
    expect(page.locator("[data-panel]")).to_be_hidden()
    assert Ticket.objects.get().status == TicketStatus.HELD


def test_a_dead_phone_is_looked_up_let_in_and_undone_from_the_list(studio: Studio, session: str) -> None:
    ticket = make_ticket()
    assert ticket.student
    page = studio.context(session).new_page()
    page.goto("/gate/?gate=A1")
    page.get_by_text("Look the ticket up").click()
    page.get_by_label("Student number or name").fill(ticket.student.student_number)
    page.get_by_role("button", name="Look up").click()
    expect(page.locator(".gate-one")).to_contain_text("앨리스")
    page.locator(".gate-one").get_by_role("button", name="Let in").click()
    expect(page.locator(ADMIT)).to_be_visible()
    assert Scan.objects.get().mode == "lookup"
    page.get_by_role("button", name="Next").click()
    page.get_by_text("Last scans of this gate").click()
    page.get_by_role("button", name="Undo").click()
    page.locator("#why-undo").fill("wrong person")
    page.keyboard.press("Enter")
    expect(page.locator(".gate-word")).to_have_text("Undone")
    ticket.refresh_from_db()
    assert ticket.status == TicketStatus.HELD
    assert Scan.objects.get().undo_reason == "wrong person"


def test_a_phone_becomes_a_device_by_the_address_in_the_qr(studio: Studio) -> None:
    device = make_device("gate phone")[0]
    secret = invite(device)
    page = studio.context().new_page()
    page.goto(f"/gate/device/#{secret}")
    assert secret not in page.url
    page.get_by_role("button", name="Use this phone at the gate").click()
    expect(page.locator("#gate")).to_have_value("gate phone")
    page.get_by_role("button", name="Start the camera").click()
    expect(page.locator("video")).to_be_visible()
    studio.show_ticket(make_ticket())
    expect(page.locator(ADMIT)).to_be_visible()
    assert Scan.objects.get().device == device
    second = studio.context().new_page()
    second.goto(f"/gate/device/#{secret}")
    second.get_by_role("button", name="Use this phone at the gate").click()
    expect(second.get_by_role("alert")).to_contain_text("used up or too old")
