"""The keyboard alone at the council's desk: the live pages, a look-up of a student, an export."""

import pytest
from playwright.sync_api import Page, expect

from tests.admin.desk import press
from tests.council.test_browser import council, look_at
from tests.council.watching import address
from tests.factories import make_event, make_players, settle
from tests.keyboard import jumps, skip_to_main, tab_to, walk
from ticketing.models import ListExport, StudentLook

__all__ = ["council"]
pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True), pytest.mark.browser]


def test_the_council_goes_from_the_live_page_into_an_event_and_its_plots(council: Page) -> None:
    event = make_event({"A": 2, "B": 3})
    press(make_players(["앨리스"])[0], event)
    look_at(council, "/council/", event)
    assert not jumps(walk(council))
    skip_to_main(council)
    expect(council.locator("h2 a")).to_be_focused()
    council.keyboard.press("Enter")
    council.wait_for_url(f"**{address(event)}")
    assert not jumps(walk(council))
    skip_to_main(council)
    tab_to(council, 'a[href="?span=now#plots"]')
    council.keyboard.press("Enter")
    council.wait_for_url("**?span=now#plots")
    tab_to(council, "#plots summary")
    council.keyboard.press("Enter")
    expect(council.locator("#plots details[open] table")).to_be_visible()
    with council.expect_response("**/figures.json"):
        pass
    expect(council.locator("#plots summary").first).to_be_focused()
    assert not jumps(walk(council))


def test_the_council_looks_a_student_up(council: Page) -> None:
    event = make_event({"A": 2})
    (alice,) = make_players(["앨리스"])
    press(alice, event)
    settle()
    council.goto("/council/")
    tab_to(council, 'a[href="/council/students/"]')
    council.keyboard.press("Enter")
    council.wait_for_url("**/council/students/")
    skip_to_main(council)
    council.keyboard.type(alice.student.student_number)
    tab_to(council, "#id_reason")
    council.keyboard.type("an objection")
    council.keyboard.press("Enter")
    expect(council.locator(".council-file h2")).to_contain_text("앨리스")
    assert StudentLook.objects.get().reason == "an objection"
    assert not jumps(walk(council))
    skip_to_main(council)
    tab_to(council, ".council-act summary")
    council.keyboard.press("Enter")
    tab_to(council, ".council-act input")
    tab_to(council, ".council-act .button")


def test_the_council_exports_a_list(council: Page) -> None:
    event = make_event({"A": 2})
    press(make_players(["앨리스"])[0], event)
    council.goto("/admin/ticketing/ticket/")
    walk(council)
    tab_to(council, "a[href*='/export/']")
    council.keyboard.press("Enter")
    council.wait_for_url("**/export/**")
    walk(council)
    tab_to(council, "[name=reason]")
    council.keyboard.type("settlement")
    with council.expect_download() as download:
        council.keyboard.press("Enter")
    assert download.value.suggested_filename.endswith((".csv", ".xlsx"))
    assert ListExport.objects.get().reason == "settlement"
