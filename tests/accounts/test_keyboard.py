"""The keyboard alone: a student agrees, types number and name, and logs in with the code of the mail."""

import pytest
from playwright.sync_api import Browser, expect

from accounts.models import VerificationAttempt
from accounts.verification.mailed import code_of
from tests.conftest import Live
from tests.factories import make_student
from tests.keyboard import jumps, skip_to_main, tab_to, walk

pytestmark = [pytest.mark.servers, pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_student_logs_in_by_the_keyboard(live: Live, browser: Browser) -> None:
    alice = make_student("앨리스", email="alice@example.ac.kr")
    context = browser.new_context(base_url=live.url, viewport={"width": 360, "height": 780}, locale="ko-KR")
    page = context.new_page()
    page.goto("/accounts/verify/?next=/tickets/")
    assert not jumps(walk(page))
    skip_to_main(page)
    expect(page.locator("#id_consent")).to_be_focused()
    page.keyboard.press("Space")
    expect(page.locator("#id_consent")).to_be_checked()
    tab_to(page, "#id_number")
    page.keyboard.type(alice.student_number)
    tab_to(page, "#id_name")
    page.keyboard.type("앨리스")
    page.keyboard.press("Enter")
    page.wait_for_url("**/accounts/verify/code/")
    expect(page.locator("#id_code")).to_be_focused()
    page.keyboard.type("12")
    page.keyboard.press("Enter")
    expect(page.locator("#id_code_error")).to_be_visible()
    expect(page.locator("#id_code")).to_be_focused()
    expect(page.locator("#id_code")).to_have_accessible_description(
        page.locator("#id_code_error").inner_text()
    )
    page.keyboard.press("Control+A")
    page.keyboard.type(code_of(VerificationAttempt.objects.get()) or "")
    tab_to(page, "#id_shared")
    page.keyboard.press("Space")
    tab_to(page, "main form .button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/tickets/")
    context.close()


def test_what_is_missing_has_the_focus_and_says_why(live: Live, browser: Browser) -> None:
    context = browser.new_context(base_url=live.url, viewport={"width": 360, "height": 780}, locale="ko-KR")
    page = context.new_page()
    page.goto("/accounts/verify/")
    page.locator("main form").evaluate("form => { form.noValidate = true; }")
    tab_to(page, "#id_number")
    page.keyboard.type("20260001")
    page.keyboard.press("Enter")
    consent, name = page.locator("#id_consent"), page.locator("#id_name")
    expect(consent).to_be_focused()
    for field in (consent, name):
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(field).to_have_accessible_description(
            page.locator(f"#{field.get_attribute('id')}_error").inner_text()
        )
    context.close()
