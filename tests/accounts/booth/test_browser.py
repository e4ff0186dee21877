"""The booth in real browsers: a student on a phone, and two people of the staff."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from accounts.models import BoothCheck
from tests.conftest import Live
from tests.gate.cast import make_staff, staff_client

pytestmark = [
    pytest.mark.servers,
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("empty_queue"),
]
PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 780}, "locale": "ko-KR"}


@pytest.fixture
def people(live: Live, browser: Browser) -> Iterator[tuple[Page, Page, Page]]:
    """Open a browser each for alice, for somebody at the booth and for somebody of the council."""
    with ExitStack() as stack:
        pages = []
        for role in (None, "booth", "council"):
            context = stack.enter_context(browser.new_context(base_url=live.url, **PHONE))
            if role:
                key = staff_client(make_staff(role, username=role)).cookies["sessionid"].value
                context.add_cookies([{"name": "sessionid", "value": key, "url": live.url}])
            pages.append(context.new_page())
        yield pages[0], pages[1], pages[2]


def ask(student: Page) -> str:
    """Go to the booth's way from the first page of verification, and return the code that is shown."""
    student.goto("/accounts/verify/")
    student.locator("a[href^='/accounts/verify/booth/']").click()
    student.locator("[name=consent]").check()
    student.locator("[name=number]").fill("2024123456")
    student.locator("[name=name]").fill("김 앨리스")
    student.locator("main form button.button").click()
    expect(student.locator(".qr svg")).to_be_visible()
    return student.locator(".booth-code").inner_text()


def test_a_student_is_let_in_by_two_people(people: tuple[Page, Page, Page]) -> None:
    student, booth, council = people
    code = ask(student)
    booth.goto("/staff/")
    booth.locator("[name=code]").fill(code)
    booth.locator("main form button.button").first.click()
    expect(booth.locator(".booth-number")).to_have_text("2024123456")
    booth.locator("[name=decision][value=first]").click()
    expect(booth.locator(".booth-waiting .badge")).to_be_visible()
    expect(student.locator("[data-booth=second]")).to_be_visible(timeout=15_000)  # by itself
    council.goto("/accounts/booth/")
    council.locator(".booth-waiting button").click()
    council.locator("[name=decision][value=second]").click()
    expect(council.locator(".notice[data-kind=good]")).to_be_visible()
    expect(student.locator("[data-booth=confirmed]")).to_be_visible(timeout=15_000)
    with student.expect_navigation():
        student.locator("main form button.button").click()
    student.goto("/tickets/")
    assert student.url.endswith("/tickets/")


def test_a_refusal_is_shown_by_itself(people: tuple[Page, Page, Page]) -> None:
    student, booth, _council = people
    ask(student)
    booth.goto(f"/accounts/booth/?code={BoothCheck.objects.get().code}")  # as the phone's camera opens it
    booth.locator("main form button.button").first.click()
    booth.locator("[name=reason]").select_option("other_person")
    booth.locator("[name=decision][value=refuse]").click()
    expect(student.locator("[data-booth=refused]")).to_be_visible(timeout=15_000)
    student.locator("main a.button").click()
    student.wait_for_url("**/accounts/verify/booth/")
