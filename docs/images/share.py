"""Takes the pictures that messengers show of a festival without a poster, one in each colour, from our own styles.

`.venv/bin/python -m docs.images.share` writes static/img/share-*.jpg; run it after a change of the night palette.
"""

import os
from io import BytesIO
from pathlib import Path

import django
from PIL import Image
from playwright.sync_api import sync_playwright

STATIC = Path(__file__).resolve().parents[2] / "static"
SIZE = {"width": 1200, "height": 630}
PAGE = """<!doctype html><html lang="ko" data-accent="{accent}"><meta charset="utf-8">
<link rel="stylesheet" href="{static}/css/tokens.css"><link rel="stylesheet" href="{static}/css/base.css">
<link rel="stylesheet" href="{static}/css/components.css">
<style>
  .hero {{ display: grid; align-content: end; height: 630px; padding: 0 88px 84px; }}
  .hero::before {{ height: 168px; background-size: 630px 168px; }}
  .hero h1 {{ font-size: 150px; letter-spacing: -0.055em; line-height: 1; }}
  .hero p {{ margin-top: 32px; font-size: 40px; font-weight: 600; color: var(--night-muted); }}
  .hero p b {{ color: var(--lamp); }}
</style>
<div class="hero night"><h1>축제 티켓</h1><p><b>선착순, 한 사람에 한 장</b> · First come, first served</p></div>"""


def take() -> None:
    """Write the picture of every colour."""
    from ticketing.models import Accent

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page(viewport=SIZE)  # type: ignore[arg-type]  # the two keys it takes
        for accent in Accent:
            draft = STATIC / "img" / "share.html"
            draft.write_text(PAGE.format(accent=accent.value, static=STATIC.as_uri()), encoding="utf-8")
            page.goto(draft.as_uri())
            shown = Image.open(BytesIO(page.screenshot())).convert("RGB")
            shown.save(STATIC / accent.picture, "JPEG", quality=82, optimize=True, progressive=True)
            draft.unlink()
        browser.close()


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "festival.settings")
    django.setup()
    take()
