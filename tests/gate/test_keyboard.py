"""The keyboard alone at the gate: verdict, undo and look-up, and the focus is never lost to nowhere."""

import pytest
from playwright.sync_api import Page, expect

from tests.gate.cast import code_of, make_ticket, scan
from tests.gate.test_page import gate, wedge
from tests.keyboard import jumps, skip_to_main, tab_to, walk
from ticketing.models import GateLookUp, Scan, Ticket, TicketStatus

__all__ = ["gate"]
pytestmark = [pytest.mark.servers, pytest.mark.browser]


def code_has_the_focus(page: Page) -> None:
    expect(page.locator("#code")).to_be_focused()


def test_the_page_is_walked_from_end_to_end(gate: Page) -> None:
    code_has_the_focus(gate)
    gate.keyboard.press("Shift+Tab")
    expect(gate.locator("[data-start]")).to_be_focused()
    assert not jumps(walk(gate))
    skip_to_main(gate)
    tab_to(gate, "[data-start]")
    gate.keyboard.press("Enter")
    expect(gate.locator("[data-why]")).to_contain_text("no camera")
    code_has_the_focus(gate)


def test_a_code_is_typed_and_the_next_one(gate: Page) -> None:
    ticket = make_ticket()
    wedge(gate, code_of(ticket))
    expect(gate.locator(".gate-word")).to_have_text("Let in")
    gate.keyboard.press("Shift+Tab")
    assert not gate.locator(":focus").count(), "what the verdict covers has no stop"
    tab_to(gate, "[data-next] button")
    gate.keyboard.press("Enter")
    expect(gate.locator("[data-panel]")).to_be_hidden()
    code_has_the_focus(gate)
    wedge(gate, code_of(ticket))
    expect(gate.locator(".gate-word")).to_have_text("Stop")
    gate.keyboard.press("Escape")
    expect(gate.locator("[data-panel]")).to_be_hidden()
    code_has_the_focus(gate)


def test_an_entry_is_undone_with_a_reason(gate: Page) -> None:
    wedge(gate, code_of(make_ticket()))
    tab_to(gate, ".gate-undo summary")
    for key in ("Enter", "Escape", "Enter"):
        gate.keyboard.press(key)
        expect(gate.locator(".gate-undo summary")).to_be_focused()
    tab_to(gate, "#undo-reason")
    gate.keyboard.press("Escape")
    expect(gate.locator("#undo-reason")).to_be_hidden()
    expect(gate.locator(".gate-undo summary")).to_be_focused()
    gate.keyboard.press("Enter")
    tab_to(gate, "#undo-reason")
    gate.keyboard.type("wrong person")
    tab_to(gate, ".gate-undo button")
    gate.keyboard.press("Space")
    expect(gate.locator(".gate-word")).to_have_text("Undone")
    code_has_the_focus(gate)
    assert Scan.objects.get().undo_reason == "wrong person"


def test_a_ticket_is_looked_up_with_a_reason_and_let_in(gate: Page) -> None:
    ticket = make_ticket()
    tab_to(gate, ".gate-look-up summary")
    gate.keyboard.press("Space")
    tab_to(gate, "#asked")
    gate.keyboard.press("Escape")
    expect(gate.locator(".gate-look-up summary")).to_be_focused()
    expect(gate.locator("#asked")).to_be_hidden()
    gate.keyboard.press("Space")
    tab_to(gate, "#asked")
    gate.keyboard.type("앨리스")
    tab_to(gate, "#reason")
    gate.keyboard.press("End")
    tab_to(gate, "#other")
    gate.keyboard.type("battery")
    tab_to(gate, ".gate-asking .button")
    gate.keyboard.press("Enter")
    expect(gate.locator(".gate-one")).to_have_count(1)
    tab_to(gate, ".gate-one .button")
    gate.keyboard.press("Enter")
    expect(gate.locator(".gate-word")).to_have_text("Let in")
    code_has_the_focus(gate)
    assert GateLookUp.objects.get().reason == "battery"
    assert Ticket.objects.get(pk=ticket.pk).status == TicketStatus.USED


def test_an_earlier_entry_is_undone_from_the_list_that_renews_itself(gate: Page) -> None:
    event = make_ticket().event
    first, last = (make_ticket(event, guest_name=name) for name in ("손님", "다음"))
    wedge(gate, code_of(first))
    expect(gate.locator(".gate-name")).to_have_text("손님")
    gate.keyboard.press("Escape")
    tab_to(gate, ".gate-last summary")
    gate.keyboard.press("Enter")
    undo = gate.get_by_role("button", name="손님")
    expect(undo).to_be_visible()
    tab_to(gate, ".gate-scan .button")
    expect(undo).to_be_focused()
    scan(code_of(last), gate="A1")  # by another device of the same gate
    expect(gate.locator(".gate-scan")).to_have_count(2)
    expect(undo).to_be_focused()
    gate.keyboard.press("Enter")
    expect(gate.locator("#why-undo")).to_be_focused()
    gate.keyboard.press("Escape")
    expect(undo).to_be_focused()
    gate.keyboard.press("Enter")
    gate.keyboard.type("wrong person")
    gate.keyboard.press("Enter")
    expect(gate.locator(".gate-word")).to_have_text("Undone")
    code_has_the_focus(gate)
    assert [scan.undo_reason for scan in Scan.objects.order_by("received_at")] == ["wrong person", ""]


def test_an_undo_that_is_lost_is_tried_again_for_the_same_entry(gate: Page) -> None:
    event = make_ticket().event
    first, last = (make_ticket(event, guest_name=name) for name in ("손님", "다음"))
    for ticket, name in ((first, "손님"), (last, "다음")):
        wedge(gate, code_of(ticket))
        expect(gate.locator(".gate-name")).to_have_text(name)
    gate.keyboard.press("Escape")
    gate.locator(".gate-last summary").click()
    gate.get_by_role("button", name="손님").focus()
    gate.keyboard.press("Enter")
    gate.keyboard.type("wrong person")
    gate.route("**/undo/", lambda route: route.abort())
    gate.keyboard.press("Enter")
    expect(gate.locator(".gate-word")).to_have_text("Not decided")
    expect(gate.locator("#undo-reason")).to_be_focused()
    expect(gate.locator("#undo-reason")).to_have_value("wrong person")
    gate.unroute("**/undo/")
    gate.keyboard.press("Enter")
    expect(gate.locator(".gate-word")).to_have_text("Undone")
    statuses = {ticket.guest_name: ticket.status for ticket in Ticket.objects.exclude(guest_name="")}
    assert statuses == {"손님": TicketStatus.HELD, "다음": TicketStatus.USED}
