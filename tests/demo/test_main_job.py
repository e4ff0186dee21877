"""The main job in real browsers against a fresh demo: roster, code by mail, opening, press, ticket, gate, dashboard.

Nothing is mocked: the council hands a CP949 file of 12,000 rows in, the student's code comes by the demo's mail, and
the gate's camera films the picture that the student's phone shows.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect

from tests.demo import acting
from tests.gate.pictures import blank, frame_of_screen
from tests.gate.studio import ADMIT, REFUSE, Studio
from tests.thin_path import NAME, NUMBER, ROWS, roster

pytestmark = pytest.mark.browser
ZONES = {"스탠딩": 300, "좌석": 120}
# One wait for an opening is enough; but nobody can press before the places of an event have been made.
OPENS_IN_S = {"redis": 15, "database": 3}
GATE = "정문 A1"
PATIENCE_MS = 15_000  # a whole demo runs beside the browser


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody's browser, and the camera of the gate's phone."""

    desk: Page
    student: Page
    gate: Page
    camera: Studio


@pytest.fixture(scope="module")
def cast(real_demo: str, camera: Studio, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cast]:
    """Import the roster, let the student log in by mail and a phone become the gate's."""
    file = tmp_path_factory.mktemp("roster") / "재학생 명부.csv"
    roster(file)
    sizes = (acting.DESK, acting.PHONE, acting.PHONE)
    expect.set_options(timeout=PATIENCE_MS)
    desk, student, gate = (acting.sit_down(camera.browser, real_demo, size) for size in sizes)
    acting.log_in_as_council(desk)
    acting.import_roster(desk, file, ROWS)
    acting.log_in_by_mail(student, NUMBER, NAME)
    acting.become_gate_phone(gate, acting.invite_phone(desk, GATE), GATE, real_demo)
    acting.start_camera(gate, real_demo)
    yield Cast(desk, student, gate, camera)
    expect.set_options(timeout=5_000)  # as it is anywhere else


@pytest.mark.parametrize("mode", OPENS_IN_S)
def test_the_main_job(cast: Cast, mode: str) -> None:
    name = f"첫째 밤 {mode}"
    acting.plan_event(cast.desk, name, mode, ZONES, seconds=OPENS_IN_S[mode])
    find_event(cast.student, name, waits=mode == "redis")
    win(cast.student)
    scan_twice(cast)
    watch(cast.desk, name)
    in_english(cast.student)


def find_event(phone: Page, name: str, *, waits: bool) -> None:
    """Find the event on the festival's page; until it opens, its button is off."""
    phone.goto("/")
    phone.get_by_role("link", name=name, exact=True).click()
    if waits:
        expect(phone.locator("[data-press]")).to_be_disabled()
        expect(phone.locator("[data-press]")).to_have_text("오픈 전입니다")


def win(phone: Page) -> None:
    """Order the zones, wait for the opening, press, and find the result again."""
    press = phone.locator("[data-press]")
    phone.get_by_label("1지망").select_option(label="좌석")
    expect(phone.get_by_label("2지망")).to_have_value("스탠딩")
    expect(press).to_be_enabled(timeout=acting.JOB_MS)  # by itself
    press.click()
    for _time in ("at once", "and after a reload"):
        result = phone.locator("[data-result-slot] .result")
        expect(result.get_by_role("heading")).to_have_text("성공! 티켓을 받았습니다")
        expect(result.locator("dd").first).to_have_text("좌석")
        expect(result.locator("dd").nth(1)).to_have_text("1")
        phone.reload()
    phone.get_by_role("link", name="내 티켓 열기").click()
    expect(phone.locator(".holder")).to_contain_text(f"{NAME} 국어국문학과")


def scan_twice(cast: Cast) -> None:
    """Hold the picture of the ticket's page before the gate's camera: let in once, then refused with when and where."""
    gate, camera = cast.gate, cast.camera
    screen = frame_of_screen(cast.student.locator("[data-qr]").screenshot())
    camera.show(screen)
    expect(gate.locator(ADMIT)).to_be_visible()
    expect(gate.locator(".gate-word")).to_have_text("입장")
    expect(gate.locator(".gate-name")).to_have_text(NAME)
    shown = {"department": "국어국문학과", "student_number_end": NUMBER[-4:], "zone": "좌석", "number": "1"}
    for part, text in shown.items():
        expect(gate.locator(f"[data-fill={part}]")).to_have_text(text)
    camera.show(blank())
    gate.wait_for_timeout(3_500)  # the page's own rule, AWAY_MS: the passing of time makes it a second look
    camera.show(screen)  # still of the same step of time: only that it was used may refuse it
    expect(gate.locator(REFUSE)).to_be_visible()
    expect(gate.locator(".gate-word")).to_have_text("입장 불가")
    expect(gate.locator(".gate-reason")).to_have_text("이미 사용됨")
    expect(gate.locator(".gate-first")).to_have_text(re.compile(rf"첫 입장: .*\d+:\d\d:\d\d, 게이트 {GATE}"))
    camera.show(blank())


def watch(desk: Page, name: str) -> None:
    """Find the win and the entry on the council's pages."""
    desk.goto("/council/")
    event = desk.locator("li.panel", has=desk.get_by_role("heading", name=name))
    expect(event.locator(".council-given strong")).to_have_text("1")
    event.get_by_role("link", name=name).click()
    expect(desk.locator(".council-given strong")).to_have_text("1")
    fact = desk.locator(".council-facts > div", has=desk.get_by_text("입장", exact=True))
    expect(fact.locator("dd")).to_have_text("1")
    zone, gate = (desk.get_by_role("row", name=re.compile(f"^{start}")) for start in ("좌석", GATE))
    expect(zone.get_by_role("cell").first).to_have_text("1")
    expect(zone.get_by_role("cell").last).to_have_text("1")
    expect(gate.get_by_role("cell")).to_have_text(["1", "1"])


def in_english(phone: Page) -> None:
    """Read the used ticket in Korean and, by the page's own button, in English."""
    phone.reload()
    expect(phone.locator(".stamp")).to_contain_text("사용됨")
    phone.get_by_role("button", name="English").click()
    expect(phone.locator(".stamp")).to_contain_text("Used Let in")
    phone.get_by_role("button", name="한국어").click()
