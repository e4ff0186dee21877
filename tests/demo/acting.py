"""The people of the main job, each in a browser of their own: what they do, by the words that they see."""

import base64
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from playwright.sync_api import Browser, Page, ViewportSize, expect

from festival import processes

SEOUL = ZoneInfo("Asia/Seoul")
DESK = ViewportSize(width=1280, height=900)
PHONE = ViewportSize(width=360, height=780)
JOB_MS = 60_000  # for what a worker of the demo does, on a machine that is busy
# What the camera of any phone does with a QR code. On an empty page, where no policy of ours forbids the reader.
READ = """async ({picture, parts}) => {
  const {BarcodeDetector, prepareZXingModule} = await import(`${parts}/barcode-detector/ponyfill.js`);
  const locateFile = () => `${parts}/zxing-wasm/zxing_reader.wasm`;
  await prepareZXingModule({overrides: {locateFile}, fireImmediately: true});
  const shown = new Image();
  shown.src = `data:image/png;base64,${picture}`;
  await shown.decode();
  const [code] = await new BarcodeDetector({formats: ["qr_code"]}).detect(shown);
  return code.rawValue;
}"""


def sit_down(browser: Browser, url: str, size: ViewportSize) -> Page:
    """Open a browser of somebody in Korea who has never been here."""
    context = browser.new_context(
        base_url=url, locale="ko-KR", timezone_id="Asia/Seoul", viewport=size, device_scale_factor=2
    )
    context.set_default_timeout(20_000)
    return context.new_page()


# The council


def log_in_as_council(desk: Page) -> None:
    desk.goto("/demo/")
    desk.get_by_role("button", name="로그인: 총학생회", exact=True).click()
    expect(desk.get_by_role("heading", name="무엇을 하시겠습니까?")).to_be_visible()


def import_roster(desk: Page, file: Path, rows: int) -> None:
    """Hand a roster in, look at what would change, confirm."""
    desk.goto("/admin/accounts/student/")
    desk.get_by_role("link", name="명부 가져오기").click()
    desk.get_by_label("명부 파일").set_input_files(file)
    desk.get_by_label("명부 출처").fill("학사지원팀 2026-11-20")
    desk.get_by_label("법적 근거").fill("학생의 제3자 제공 동의")
    desk.get_by_role("button", name="올리고 확인하기").click()
    confirm = desk.get_by_role("button", name="확인하고 저장")
    expect(confirm).to_be_visible(timeout=JOB_MS)  # the page renews itself
    counts = desk.locator(".roster-counts dd")
    expect(counts).to_have_text([f"{rows:,}", "0", "0", "0"])
    confirm.click()
    expect(desk.get_by_role("heading", name="저장했습니다")).to_be_visible(timeout=JOB_MS)
    expect(counts.first).to_have_text(f"{rows:,}")


def plan_event(desk: Page, name: str, mode: str, zones: dict[str, int], *, seconds: int) -> None:
    """Save an event that opens in so many seconds."""
    desk.goto("/admin/ticketing/event/add/")
    desk.locator("#id_name").fill(name)
    desk.locator("#id_name_en").fill(f"Night {name}")
    desk.get_by_label("모드").select_option(mode)
    for place, (zone, capacity) in enumerate(zones.items()):
        desk.locator(f"#id_zones-{place}-name").fill(zone)
        desk.locator(f"#id_zones-{place}-capacity").fill(str(capacity))
    opens = datetime.now(SEOUL) + timedelta(seconds=seconds)
    for field, moment in (("opens_at", opens), ("closes_at", opens + timedelta(hours=1))):
        desk.locator(f"#id_{field}_0").fill(f"{moment:%Y-%m-%d}")
        desk.locator(f"#id_{field}_1").fill(f"{moment:%H:%M:%S}")
    desk.get_by_role("button", name="저장", exact=True).click()
    expect(desk.locator(".messagelist .success")).to_contain_text(name)


def invite_phone(desk: Page, gate: str) -> bytes:
    """Make a device of the gate and return the picture of the code that makes one phone this device."""
    desk.goto("/admin/ticketing/gatedevice/add/")
    desk.get_by_label("이름").fill(gate)
    desk.get_by_role("button", name="저장", exact=True).click()
    desk.get_by_role("row", name=gate).get_by_role("checkbox").check()
    desk.get_by_label("액션").select_option("invite_phones")
    desk.get_by_role("button", name="실행").click()
    invitation = desk.locator(".invitation", has_text=gate)
    return invitation.locator("svg").screenshot()


# The student


def log_in_by_mail(phone: Page, number: str, name: str) -> None:
    """Ask for a code with number and name, read it in the mail, type it."""
    phone.goto("/accounts/verify/")
    phone.get_by_label("학번").fill(number)
    phone.get_by_label("이름").fill(name)
    phone.get_by_label("위 내용을 읽었으며 동의합니다").check()
    phone.get_by_role("button", name="인증번호 받기").click()
    phone.get_by_label("메일로 받은 인증번호").fill(mailed_code(phone, number))
    phone.get_by_role("button", name="로그인", exact=True).click()
    expect(phone.get_by_role("button", name="로그아웃")).to_be_visible()


def mailed_code(phone: Page, number: str) -> str:
    """Look into the demo's mailbox, in another tab, until the mail is there; return its code."""
    box = phone.context.new_page()
    code = box.locator(".mails li", has_text=f"{number}@").locator(".code")

    def has_come() -> bool:
        box.goto("/demo/")
        return code.count() > 0

    assert processes.wait_until(has_come, JOB_MS / 1000), "no mail with a code"
    text = code.first.inner_text()
    box.close()
    return text


# The gate


def become_gate_phone(phone: Page, invitation: bytes, gate: str, url: str) -> None:
    """Scan the invitation with the phone's own camera and follow its address."""
    phone.goto(read_code(phone, invitation, url))
    phone.get_by_role("button", name="이 휴대폰을 게이트에서 쓰기").click()
    expect(phone.locator("#gate")).to_have_value(gate)


def read_code(phone: Page, picture: bytes, url: str) -> str:
    """Return what stands in the code of a picture."""
    about = {"picture": base64.b64encode(picture).decode(), "parts": f"{url}/static/parts"}
    text: str = phone.evaluate(READ, about)
    return text


def start_camera(phone: Page, url: str) -> None:
    phone.context.grant_permissions(["camera"], origin=url)
    phone.get_by_role("button", name="카메라 켜기").click()
    expect(phone.locator("video")).to_be_visible()  # a film must not change while it is opened
