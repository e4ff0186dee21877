"""Takes the README's pictures from a running demo: `.venv/bin/python -m docs.images.take [--url http://127.0.0.1:8000]`.

Drives a real browser through one sale for each language: the event before it opens, the answer, the ticket, the gate.
Needs what the tests need (`make test` installs it), and Chromium. Before a commit, reduce the files to a palette of
128 colours with any tool that can (pngquant, ImageMagick, Pillow): a third of the size, and nobody sees it.
"""

import argparse
import base64
import re
import subprocess
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.checks import bare, say
from tests.conftest import browser_path

HERE = Path(__file__).resolve().parent
PHONE = {"width": 390, "height": 780}
OPENS_IN_S = 20
CAPTIONS = {
    "en": ("Before the opening", "The answer", "The ticket", "The gate"),
    "ko": ("오픈 전", "결과", "티켓", "게이트"),
}
STUDENTS = {"en": "20230001", "ko": "20230002"}
SHEET = """
<style>
  body {{ margin: 0; background: #f1eef6; font: 600 22px system-ui, "Noto Sans CJK KR", sans-serif; color: #2d2640 }}
  main {{ display: flex; gap: 28px; padding: 28px; width: max-content }}
  figure {{ margin: 0; text-align: center }}
  img {{ display: block; width: 390px; border-radius: 26px; border: 5px solid #2d2640; margin-bottom: 14px }}
</style>
<main>{figures}</main>
"""


def new_sale(clone: Path) -> str:
    """Start a sale in the demo of that clone and return its id."""
    command = [str(clone / ".venv" / "bin" / "python"), "manage.py", "new_sale", "--in", str(OPENS_IN_S)]
    done = subprocess.run(command, cwd=clone, env=bare(), capture_output=True, text=True, check=True)
    return done.stdout.split()[-1]


def phone(browser: Browser, url: str, language: str) -> BrowserContext:
    """Return a phone that reads this language."""
    context = browser.new_context(viewport=PHONE, device_scale_factor=1, is_mobile=True, has_touch=True)  # type: ignore[arg-type]  # a plain dict is taken
    context.add_cookies([{"name": "django_language", "value": language, "url": url}])
    return context


def enter(page: Page, url: str, who: str, value: str) -> None:
    """Log this phone in by the demo's own button with that value."""
    page.goto(f"{url}/demo/enter/{who}/")
    page.locator(f"button[value='{value}']").click()
    page.wait_for_load_state()


def shots(browser: Browser, url: str, language: str, clone: Path) -> list[bytes]:
    """Play one sale and return its four pictures."""
    student, gate = (phone(browser, url, language).new_page() for _ in range(2))
    enter(student, url, "student", STUDENTS[language])
    enter(gate, url, "gate", "gate")
    event = new_sale(clone)
    student.goto(f"{url}/events/{event}/")
    student.wait_for_timeout(3000)
    before = student.screenshot()
    student.locator("[data-press]:not([disabled])").click(timeout=(OPENS_IN_S + 10) * 1000)
    student.locator("#result a[href^='/tickets/']").first.wait_for()
    student.wait_for_timeout(600)
    answer = student.screenshot()
    code = re.search(r"/tickets/(\w{20})/", student.content())
    if code is None:
        raise LookupError("the answer does not lead to a ticket")
    student.goto(f"{url}/tickets/{code[1]}/")
    student.wait_for_timeout(600)
    ticket = student.screenshot()
    text = student.request.get(f"{url}/api/tickets/{code[1]}/qr/").json()["text"]
    gate.goto(f"{url}/gate/?gate=A1&event={event}")
    gate.fill("#gate", "A1")
    gate.fill("#code", text)
    gate.keyboard.press("Enter")
    gate.locator("[data-holder]").wait_for()
    gate.wait_for_timeout(400)
    return [before, answer, ticket, gate.screenshot()]


def sheet(browser: Browser, pictures: list[bytes], captions: tuple[str, ...]) -> bytes:
    """Return the pictures side by side in one."""
    figures = "".join(
        f'<figure><img src="data:image/png;base64,{base64.b64encode(picture).decode()}">{caption}</figure>'
        for picture, caption in zip(pictures, captions, strict=True)
    )
    page = browser.new_page(viewport={"width": 1760, "height": 900})
    page.set_content(SHEET.format(figures=figures))
    return page.locator("main").screenshot()


def main() -> None:
    """Take the pictures of every language asked for."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--url", default="http://127.0.0.1:8000")
    arguments.add_argument("--clone", type=Path, default=Path.cwd(), help="the clone whose demo runs there")
    arguments.add_argument("languages", nargs="*", default=list(CAPTIONS))
    given = arguments.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=["--no-sandbox"])
        for language in given.languages:
            pictures = shots(browser, given.url, language, given.clone.resolve())
            file = HERE / f"phones-{language}.png"
            file.write_bytes(sheet(browser, pictures, CAPTIONS[language]))
            say(f"{file.name}: {file.stat().st_size // 1024} kB")
        browser.close()


if __name__ == "__main__":
    main()
