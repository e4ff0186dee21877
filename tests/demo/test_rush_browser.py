"""The demo's rush in a real browser against a real demo: the button, a press among others, the report."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser
LONG_MS = 120_000


def test_a_visitor_presses_among_others_and_sees_the_report(
    real_demo: str, browser: "Browser", tmp_path: Path
) -> None:
    page = browser.new_page(locale="ko-KR", viewport={"width": 1280, "height": 900})
    page.goto(f"{real_demo}/demo/")
    page.locator("input[name=students]").evaluate("field => { field.value = 30 }")
    page.get_by_role("button", name="나와 함께 3,000명이 누르기").click()
    phone = page.frame_locator("iframe").nth(0)
    phone.get_by_role("button", name="김하나").click()
    phone.locator("[data-sale][data-state=open]").wait_for(timeout=LONG_MS)  # the clock is known
    press = phone.locator("[data-press]:not([disabled])")
    press.wait_for(timeout=LONG_MS)
    press.click()
    won_or_not = phone.locator("[data-result-slot] .result")
    won_or_not.wait_for(timeout=LONG_MS)
    assert won_or_not.get_attribute("data-kind") in ("won", "wait", "end")
    report = page.frame_locator("iframe").nth(1)
    verdict = report.locator(".body-ko .verdict")
    verdict.wait_for(timeout=LONG_MS)
    assert "모든 약속을 지켰습니다." in verdict.inner_text()
    assert "30명이 15석을 두고" in report.locator(".body-ko h1").inner_text()
    colour = verdict.evaluate("part => getComputedStyle(part).backgroundColor")
    assert colour == "rgb(255, 255, 255)", "the report's own style is let through by the policy"
    page.screenshot(path=tmp_path / "rush.png", full_page=True)
    page.goto(f"{real_demo}/demo/")
    page.get_by_role("link", name="지난 선착순과 보고서").click()
    page.frame_locator("iframe").nth(1).locator(".body-ko .verdict").wait_for(timeout=LONG_MS)
    page.close()
