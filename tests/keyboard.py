"""Somebody who has a keyboard alone: goes from stop to stop, and must see at each one where they are."""

from collections.abc import Iterable
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

MOST_STEPS = 90
# What has the focus, what is wrong with how it is shown, and where it stands on the page; null for none.
STOP = """() => {
    const here = document.activeElement;
    if (!here || here === document.body || here === document.documentElement) return null;
    const outlined = (part) => {
        const look = getComputedStyle(here, part);
        return look.outlineStyle !== "none" && parseFloat(look.outlineWidth) >= 2;
    };
    const box = here.getClientRects()[0] ?? new DOMRect();
    const [left, top] = [Math.max(box.left, 0), Math.max(box.top, 0)];
    const [right, bottom] = [Math.min(box.right, innerWidth), Math.min(box.bottom, innerHeight)];
    const above = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
    const faults = [];
    if (!outlined(null) && !outlined("::after")) faults.push("no outline");
    if (!above || !(here.contains(above) || above.closest("label")?.control === here)) faults.push("out of sight");
    const [x, y] = [box.left + scrollX, box.top + scrollY];
    return {
        html: here.outerHTML.slice(0, 160), faults, main: Boolean(here.closest("main")),
        box: [x, y, x + box.width, y + box.height],
    };
}"""
Stop = dict[str, Any]


def stop(page: "Page") -> Stop | None:
    """Return what has the focus, which must be seen."""
    found: Stop | None = page.evaluate(STOP)
    assert found is None or not found["faults"], f"{found['faults']}: {found['html']}"
    return found


def tab_to(page: "Page", selector: str, key: str = "Tab") -> None:
    """Go on by the keyboard until the element has the focus, which must be seen at every step."""
    for _step in range(MOST_STEPS):
        page.keyboard.press(key)
        stop(page)  # between the last element and the first the browser's own bar has the focus
        if page.locator(f"{selector}:focus").count():
            return
    raise AssertionError(f"the keyboard does not reach {selector}")


def walk(page: "Page") -> list[Stop]:
    """Go through everything that comes next, to the end of the page."""
    stops: list[Stop] = []
    while len(stops) < MOST_STEPS:
        page.keyboard.press("Tab")
        found = stop(page)
        if found is None:
            return stops
        stops.append(found)
    raise AssertionError(f"the keyboard does not leave the page: {stops[-3:]}")


def jumps(stops: Iterable[Stop]) -> list[str]:
    """Name the steps that lead back: up, unless into a column further right, or to the left in one row."""
    told = []
    for one, other in pairwise(stop for stop in stops if stop["main"]):
        (left, top, right, bottom), (x, y, end, low) = one["box"], other["box"]
        up, back = low <= top and x < right, end <= left and y < bottom and low > top
        told += [f"{one['html']} -> {other['html']}"] * (up or back)
    return told


def skip_to_main(page: "Page") -> None:
    """Take the first stop of a page that nothing on it has the focus of yet: it leads past the header."""
    page.keyboard.press("Tab")
    assert page.locator(".skip:focus").count(), "the first stop leads to the content"
    stop(page)
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    found = stop(page)
    assert found, "there is something in the content"
    assert found["main"], f"after the skip link: {found['html']}"
