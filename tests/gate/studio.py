"""A browser with a fake camera, and what tests put before it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.conftest import Live, browser_path
from tests.gate.cast import code_of, make_staff, staff_client
from tests.gate.pictures import blank, frame_of, moving_picture
from ticketing.models import Ticket

FRAMES = 5  # always as many: a film that is overwritten by one of the same size is shown at once
TONES = """() => {
  window.tones = [];
  const start = OscillatorNode.prototype.start;
  OscillatorNode.prototype.start = function (at) { window.tones.push(this.frequency.value); start.call(this, at); };
}"""
ADMIT, REFUSE = "[data-gate][data-verdict=admit]", "[data-gate][data-verdict=refuse]"


@dataclass
class Studio:
    """A browser whose camera shows what a test puts before it."""

    browser: Browser
    film: Path
    address: str = ""
    open_pages: list[BrowserContext] = field(default_factory=list)

    def show(self, *frames: bytes) -> None:
        """Put pictures before the camera, one after the other and again."""
        repeated = [frame for frame in frames for _time in range(FRAMES // len(frames))]
        self.film.touch()
        with self.film.open(
            "r+b"
        ) as film:  # overwritten, never cut short: the camera goes on reading meanwhile
            film.write(moving_picture((repeated + [blank()] * FRAMES)[:FRAMES]))

    def show_ticket(self, ticket: Ticket) -> None:
        self.show(frame_of(code_of(ticket)))

    def context(self, session: str = "", *, camera: bool = True, address: str = "") -> BrowserContext:
        """Open a browser of somebody; without `camera` the permission is refused."""
        where = address or self.address
        context = self.browser.new_context(base_url=where, viewport={"width": 412, "height": 860})
        context.set_default_timeout(10_000)
        if camera:
            context.grant_permissions(["camera"], origin=where)
        context.add_cookies([{"name": "django_language", "value": "en", "url": where}])
        if session:
            context.add_cookies([{"name": "sessionid", "value": session, "url": where}])
        self.open_pages.append(context)
        return context


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    film = tmp_path_factory.mktemp("camera") / "film.y4m"
    path = browser_path()
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        # Playwright keeps an event loop in this thread, which makes Django think that our ORM calls are asynchronous.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        playwright = stack.enter_context(sync_playwright())
        studio = Studio(None, film)  # type: ignore[arg-type]  # the film must be there before the browser starts
        studio.show(blank())
        arguments = ["--no-sandbox", "--use-fake-device-for-media-stream"]
        arguments += [
            f"--use-file-for-fake-video-capture={film}",
            "--host-resolver-rules=MAP testserver 127.0.0.1",
        ]
        studio.browser = playwright.chromium.launch(executable_path=path, args=arguments)
        stack.callback(studio.browser.close)
        yield studio


@pytest.fixture
def studio(camera: Studio, live: Live) -> Iterator[Studio]:
    camera.address = live.url
    camera.show(blank())
    yield camera
    while camera.open_pages:
        camera.open_pages.pop().close()


@pytest.fixture
def session(live: Live) -> str:
    return staff_client(make_staff("gate")).cookies["sessionid"].value


@pytest.fixture
def open_gate(studio: Studio, session: str) -> Callable[..., Page]:
    """Return what opens the gate page with a name, its camera on."""

    def opened(gate: str = "A1", *, camera: bool = True) -> Page:
        page = studio.context(session, camera=camera).new_page()
        page.add_init_script(f"({TONES})()")
        page.goto(f"/gate/?gate={gate}")
        page.get_by_role("button", name="Start the camera").click()
        if camera:
            expect(page.locator("video")).to_be_visible()  # a film must not change while it is opened
        return page

    return opened
