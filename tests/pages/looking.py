"""Opens pages in a real browser, in either language, light or dark, on a phone or a desk, and says what is wrong."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.conftest import ROOT
from tests.pages.scenes import Scene

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
# WCAG 2.2 AA, and what axe-core's authors call good practice.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
ASK_AXE = """async (rules) => (await axe.run(document, {runOnly: {type: "tag", values: rules}})).violations
    .flatMap(({id, nodes}) => nodes.map((node) => `${id}: ${node.target.join(" ")} ${node.failureSummary}`))"""
TOO_WIDE = "() => Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth)"
MOVES = "() => document.getAnimations().map((one) => one.effect?.target?.className ?? 'something')"
NARROWEST = 320


@dataclass(frozen=True, slots=True)
class Way:
    """How a page is looked at."""

    language: str
    scheme: str
    width: int

    @property
    def name(self) -> str:
        """Return the end of a picture's name."""
        return f"{self.width}-{self.scheme}-{self.language}"


EVERY_WAY = [Way(*way) for way in product(("ko", "en"), ("light", "dark"), (360, 1280))]
# Each language, each scheme and each width once; more of them find the same faults again.
SOME_WAYS = [Way("ko", "light", 1280), Way("en", "dark", NARROWEST)]


@contextmanager
def window(browser: "Browser", way: Way) -> "Iterator[Page]":
    """Open a window with everything still: movements would make pictures differ."""
    context = browser.new_context(
        viewport={"width": way.width, "height": 780 if way.width < 800 else 900},
        color_scheme="dark" if way.scheme == "dark" else "light",
        reduced_motion="reduce",
        locale="ko-KR" if way.language == "ko" else "en-GB",
    )
    page = context.new_page()
    page.set_default_timeout(20_000)
    yield page
    context.close()


def visit(page: "Page", url: str, scene: Scene, way: Way) -> None:
    """Show a page as its visitor sees it, who knows nothing of those that were here before."""
    page.context.clear_cookies()
    cookies = {**scene.visitor.cookies, "django_language": way.language}
    page.context.add_cookies([{"name": name, "value": value, "url": url} for name, value in cookies.items()])
    page.goto(url + scene.path)
    if page.evaluate("() => localStorage.length"):
        page.evaluate("() => localStorage.clear()")
        page.reload()
    if scene.press:
        page.locator("[data-press]:enabled").click()
        page.locator("#result section.result").wait_for()


@cache
def axe() -> str:
    """Return axe-core, which set-up has brought."""
    return AXE.read_text(encoding="utf-8")


def faults(page: "Page", scene: Scene, way: Way) -> list[str]:
    """Say what hinders people on an opened page: what axe-core finds, what is out of sight, what moves."""
    page.evaluate(axe())
    found: list[str] = page.evaluate(ASK_AXE, RULES)
    wide: Any = page.evaluate(TOO_WIDE)
    if wide:
        found.append(f"{wide} px wider than the screen")
    moving: list[str] = page.evaluate(MOVES)
    found += [f"moves although the reader wants it still: {what}" for what in moving]
    return [f"{scene.name} {way.name}: {fault}" for fault in found]


def look(browser: "Browser", url: str, scenes: Iterable[Scene], pictures: Path | None) -> list[str]:
    """Look at every scene; return all faults, and leave pictures of each in every way when a folder is given.

    Each way has one window, which keeps styles, scripts and axe-core from page to page.
    """
    told = []
    ways: Sequence[Way] = EVERY_WAY if pictures else SOME_WAYS
    with ExitStack() as open_ones:
        pages = {way: open_ones.enter_context(window(browser, way)) for way in ways}
        for scene, (way, page) in product(scenes, pages.items()):
            visit(page, url, scene, way)
            told += faults(page, scene, way)
            if pictures:
                page.screenshot(path=pictures / f"{scene.name}-{way.name}.png", full_page=True)
    return told
