"""The photo of a student card in real browsers: what lies under a black box never arrives."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize, expect

from accounts.models import CardReview, CardState, Student
from tests.conftest import Live
from tests.gate.cast import make_staff, staff_client
from ticketing.models import Festival

pytestmark = [
    pytest.mark.servers,
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("empty_queue"),
]
PHONE, DESK = ViewportSize(width=360, height=780), ViewportSize(width=1280, height=900)
SHOTS = os.environ.get("CARD_SHOTS")  # a folder, where somebody wants to look at the pages


@pytest.fixture
def people(live: Live, browser: Browser) -> Iterator[tuple[Page, Page]]:
    """Open a browser each for alice and for the council; neither page may complain about anything."""
    Festival.objects.update(verification_methods=["mail", "card"])
    Student.objects.create(student_number="2024123456", name="김앨리스", department="국어국문학과", year=2)
    key = staff_client(make_staff("council", username="kim")).cookies["sessionid"].value
    faults: list[str] = []
    with ExitStack() as stack:
        pages = []
        for size in (PHONE, DESK):
            context = stack.enter_context(browser.new_context(base_url=live.url, viewport=size))
            page = context.new_page()
            page.set_default_timeout(10_000)
            page.on("pageerror", lambda fault: faults.append(str(fault)))
            page.on("console", lambda line: faults.append(line.text) if line.type == "error" else None)
            pages.append(page)
        pages[1].context.add_cookies([{"name": "sessionid", "value": key, "url": live.url}])
        yield pages[0], pages[1]
    assert faults == []


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """Return a picture of a phone: a yellow card with a name in blue and a resident number in red."""
    image = Image.new("RGB", (2400, 1500), (240, 220, 120))
    image.paste((0, 0, 200), (200, 300, 1000, 420))
    image.paste((220, 0, 0), (1200, 900, 2200, 1050))
    path = tmp_path / "card.jpg"
    image.save(path, quality=95)
    return path


def shoot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def fill(page: Page, photo: Path) -> None:
    """Fill the form in, up to the boxes."""
    page.goto("/accounts/verify/?next=/tickets/")
    shoot(page, "ways")
    page.locator("a[href^='/accounts/verify/card/']").click()
    page.locator("[name=consent]").check()
    page.locator("[name=number]").fill("2024123456")
    page.locator("[name=name]").fill("김 앨리스")
    page.locator("[name=photo]").set_input_files(photo)
    expect(page.locator("[data-card-canvas]")).to_be_visible()
    page.locator("[name=covered]").check()


def drag(page: Page, *shares: float) -> None:
    """Drag a box over the picture, from one corner to the other in shares of its size."""
    canvas = page.locator("[data-card-canvas]")
    canvas.scroll_into_view_if_needed()
    seen = canvas.bounding_box()
    assert seen is not None
    left, top, right, bottom = shares
    page.mouse.move(seen["x"] + left * seen["width"], seen["y"] + top * seen["height"])
    page.mouse.down()
    page.mouse.move(seen["x"] + right * seen["width"], seen["y"] + bottom * seen["height"], steps=5)
    page.mouse.up()


def stored() -> Image.Image:
    return Image.open(BytesIO(bytes(CardReview.objects.get().picture or b"")))


def reds(image: Image.Image) -> int:
    """Count the pixels that are as red as the resident number."""
    pixels = image.convert("RGB").tobytes()
    return sum(
        1
        for at in range(0, len(pixels), 3)
        if pixels[at] > 120 and pixels[at + 1] < 80 and pixels[at + 2] < 80
    )


def test_what_is_covered_never_arrives_and_an_approved_card_logs_in(
    people: tuple[Page, Page], photo: Path
) -> None:
    student, council = people
    fill(student, photo)
    drag(student, 0.48, 0.57, 0.94, 0.73)
    expect(student.locator("[data-card-status]")).to_contain_text("1")
    shoot(student, "covered")
    student.locator("main form button[type=submit]").click()
    student.wait_for_url("**/accounts/verify/card/waiting/")
    shoot(student, "waiting")
    with stored() as image:
        assert image.size == (1600, 1000)
        assert reds(image) == 0, "the number is not on the server's picture"
        assert all(level < 12 for level in image.getpixel((1133, 650)))  # type: ignore[union-attr]
        assert image.getpixel((400, 240))[2] > 150, "what is not covered is there"  # type: ignore[index]

    council.goto("/admin/")
    shoot(council, "index")
    council.locator("a[href='/admin/accounts/cardreview/']").first.click()
    shoot(council, "list")
    council.locator("#result_list tbody a").first.click()
    shown = council.locator(".card-review img")
    expect(shown).to_be_visible()
    assert shown.evaluate("image => image.decode().then(() => image.naturalWidth)") == 1600
    shoot(council, "review")
    council.set_viewport_size(PHONE)
    shoot(council, "review-phone")
    council.locator("[name=decision][value=approve]").click()
    council.wait_for_url("**/admin/accounts/cardreview/")
    assert CardReview.objects.get().state == CardState.APPROVED
    assert CardReview.objects.get().picture is None

    student.locator("main a.button").first.click()
    shoot(student, "approved")
    student.locator("main form button").click()
    student.wait_for_url("**/tickets/")


def test_by_keyboard_and_a_refusal_with_its_reason(people: tuple[Page, Page], photo: Path) -> None:
    student, council = people
    fill(student, photo)
    student.locator("[data-card-add]").click()
    canvas = student.locator("[data-card-canvas]")
    expect(canvas).to_be_focused()
    for key, times in (("ArrowRight", 10), ("ArrowDown", 7), ("Shift+ArrowRight", 4), ("Shift+ArrowDown", 4)):
        for _ in range(times):
            canvas.press(key)
    student.locator("main form button[type=submit]").click()
    student.wait_for_url("**/accounts/verify/card/waiting/")
    with stored() as image:
        assert reds(image) == 0
    council.goto(f"/admin/accounts/cardreview/{CardReview.objects.defer('picture').get().pk}/change/")
    council.locator("[name=reason][value=shown]").check()
    council.locator("[name=note]").fill("종이로 가려 주세요")
    council.locator("[name=decision][value=refuse]").click()
    council.wait_for_url("**/admin/accounts/cardreview/")
    student.reload()
    expect(student.locator(".notice[data-kind=bad]")).to_contain_text("종이로 가려 주세요")
    shoot(student, "refused")


def test_the_control_sends_what_nobody_has_covered(people: tuple[Page, Page], photo: Path) -> None:
    student, _council = people
    fill(student, photo)
    student.locator("main form button[type=submit]").click()
    student.wait_for_url("**/accounts/verify/card/waiting/")
    with stored() as image:
        assert reds(image) > 50_000


def test_a_file_that_cannot_be_covered_is_not_sent(people: tuple[Page, Page], tmp_path: Path) -> None:
    student, _council = people
    student.goto("/accounts/verify/card/")
    broken = tmp_path / "card.jpg"
    broken.write_bytes(b"no picture at all")
    student.locator("[name=photo]").set_input_files(broken)
    expect(student.locator("[data-card-problem]")).to_be_visible()
    assert student.locator("[name=photo]").input_value() == ""
