"""The Korean catalogue is whole, and pages in Korean show no English sentence of it."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path

import polib
import pytest
from django.core.cache import caches
from django.test import Client
from pytest_django.fixtures import Settings

from accounts.demo import roster, staff
from accounts.models import Student
from tests.conftest import IN_CI, ROOT
from tests.factories import Player, make_event, make_players
from tests.gate.cast import make_staff, staff_client
from ticketing.models import Event

CATALOGUE = ROOT / "locale" / "ko" / "LC_MESSAGES" / "django.po"
ELSEWHERE = (".*", "node_modules", "tests", "locale", "static", "docs")
HELP = (
    "python manage.py makemessages -l ko --no-wrap --no-location -i .venv -i .data -i tests -i node_modules"
)
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[a-z]|\{\w*\}|<[^>]+>")
VOID_TAGS = {"br", "hr", "img", "input", "link", "meta", "source", "wbr"}
Key = tuple[str | None, str, str]


def key_of(entry: polib.POEntry) -> Key:
    return entry.msgctxt, entry.msgid, entry.msgid_plural


def extracted(folder: Path) -> polib.POFile:
    """Return what the code of this project asks for, gathered in a copy of it."""
    if shutil.which("xgettext") is None:
        words = "no xgettext on this machine; this helps: apt install gettext"
        if IN_CI:
            pytest.fail(words)
        pytest.skip(words)
    copy = folder / "copy"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*ELSEWHERE, "*.pyc"))
    (copy / "locale").mkdir()
    # The demo of this clone is none of the copy's business, whose settings come from the tests' environment.
    command = [sys.executable, "manage.py", *HELP.split()[2:]]
    done = subprocess.run(command, cwd=copy, env=os.environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return polib.pofile(str(copy / "locale" / "ko" / "LC_MESSAGES" / "django.po"))


def faults(catalogue: polib.POFile, wanted: polib.POFile) -> Iterator[str]:
    """Tell what is wrong with a catalogue, a line for each fault."""
    have, want = ({key_of(entry) for entry in each if not entry.obsolete} for each in (catalogue, wanted))
    yield from (f"missing: {key}" for key in sorted(want - have, key=repr))
    yield from (f"nothing asks for it any more: {key}" for key in sorted(have - want, key=repr))
    for entry in catalogue:
        if entry.obsolete or entry.fuzzy:
            yield f"obsolete or fuzzy: {key_of(entry)}"
        words = list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]
        if not words or not all(words):
            yield f"not translated: {key_of(entry)}"
        asked = sorted(PLACEHOLDER.findall(entry.msgid_plural or entry.msgid))
        if any(sorted(PLACEHOLDER.findall(text)) != asked for text in words if text):
            yield f"other placeholders: {key_of(entry)}"


def test_the_korean_catalogue_is_whole(tmp_path: Path) -> None:
    found = list(faults(polib.pofile(str(CATALOGUE)), extracted(tmp_path)))
    assert not found, "\n".join([*found, "", f"To bring the entries in: {HELP}"])


def spoil_missing(catalogue: polib.POFile) -> None:
    catalogue.remove(catalogue[-1])


def spoil_translation(catalogue: polib.POFile) -> None:
    catalogue[0].msgstr = ""


def spoil_certainty(catalogue: polib.POFile) -> None:
    catalogue[0].flags.append("fuzzy")


def spoil_placeholder(catalogue: polib.POFile) -> None:
    entry = next(entry for entry in catalogue if "{seconds}" in entry.msgid)
    entry.msgstr = entry.msgstr.replace("{seconds}", "{second}")


def spoil_plural(catalogue: polib.POFile) -> None:
    entry = next(entry for entry in catalogue if entry.msgid_plural)
    entry.msgstr_plural = {0: ""}


def leave_behind(catalogue: polib.POFile) -> None:
    catalogue.append(polib.POEntry(msgid="Nobody says this", msgstr="아무도 쓰지 않는 말"))


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (spoil_missing, "missing"),
        (spoil_translation, "not translated"),
        (spoil_plural, "not translated"),
        (spoil_certainty, "obsolete or fuzzy"),
        (spoil_placeholder, "other placeholders"),
        (leave_behind, "nothing asks for it any more"),
    ],
)
def test_a_spoilt_catalogue_is_noticed(spoil: Callable[[polib.POFile], None], told: str) -> None:
    whole, spoilt = polib.pofile(str(CATALOGUE)), polib.pofile(str(CATALOGUE))
    spoil(spoilt)
    found = set(faults(spoilt, whole)) - set(faults(whole, whole))
    assert [line.split(":")[0] for line in found] == [told]


class Words(HTMLParser):
    """Everything on a page that a person may see or hear, except what is marked as English."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.english: list[str] = []  # the open tags from the one marked as English on

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self.english or ("lang", "en") in attrs:
            self.english += [] if tag in VOID_TAGS else [tag]
            return
        self.parts += [value for name, value in attrs if value and name not in ("class", "id")]

    def handle_endtag(self, tag: str) -> None:
        if self.english and self.english[-1] == tag:
            self.english.pop()

    def handle_data(self, data: str) -> None:
        if not self.english:
            self.parts.append(data)


def english_sentences() -> list[re.Pattern[str]]:
    """Return what finds the parts of our English sentences that are longer than a word."""
    texts = [text for entry in polib.pofile(str(CATALOGUE)) for text in (entry.msgid, entry.msgid_plural)]
    parts = {part.strip() for text in texts for part in PLACEHOLDER.split(" ".join(text.split()))}
    long = sorted(part for part in parts if len(re.findall(r"[A-Za-z]{2,}", part)) > 1)
    return [re.compile(rf"(?<!\w){re.escape(part)}(?!\w)") for part in long]


def assert_korean(page: str) -> None:
    """Fail when a page shows an English sentence of ours."""
    assert '<html lang="ko"' in page
    words = Words()
    words.feed(page)
    text = " ".join(" ".join(words.parts).split())
    found = [sentence.pattern for sentence in english_sentences() if sentence.search(text)]
    assert not found


def show(client: Client, address: str, status: int = 200, host: str = "testserver") -> str:
    """Open a page as it is now: what a process keeps for a second is dropped first."""
    caches["process"].clear()
    page = client.get(address, headers={"host": host})
    assert page.status_code == status, address
    return page.content.decode()


def browser_of(player: Player) -> Client:
    client = Client()
    cookies = player.cookies
    client.cookies.load(
        {"sessionid": cookies.session_key, "csrftoken": cookies.csrf, "festival_pass": cookies.claim_pass}
    )
    return client


def press(client: Client, event: Event) -> None:
    assert client.post(f"/events/{event.pk}/", {"zones": "A"}).status_code == 303


def test_a_page_in_english_is_noticed() -> None:
    english = '<html lang="ko"><p title="Keep my ticket">공연</p></html>'
    with pytest.raises(AssertionError):
        assert_korean(english)
    assert_korean(english.replace("<p ", '<p lang="en" '))


@pytest.mark.servers
@pytest.mark.django_db
@pytest.mark.parametrize(
    "fields",
    [
        {"opens_in": 60},
        {},
        {"zones": {"A": 0}},
        {"paused": True, "pause_reason": "비가 옵니다"},
        {"opens_in": -60, "closes_in": -1},
        {"rehearsal": True},
    ],
    ids=["before the opening", "open", "sold out", "paused", "closed", "rehearsal"],
)
def test_an_event_is_in_korean_in_every_state(fields: dict[str, object]) -> None:
    event = make_event(**fields)  # type: ignore[arg-type]  # fields of an event
    (alice,) = make_players(["홍길동"])
    for client in (Client(), browser_of(alice)):
        assert_korean(show(client, "/"))
        assert_korean(show(client, f"/events/{event.pk}/"))


@pytest.mark.servers
@pytest.mark.django_db
def test_answers_and_tickets_are_in_korean() -> None:
    event = make_event({"A": 1})
    alice, charlie = (browser_of(player) for player in make_players(["홍길동", "김늦음"]))
    assert_korean(show(alice, "/tickets/"))
    for client in (alice, charlie):
        press(client, event)
        assert_korean(show(client, f"/events/{event.pk}/"))
    mine = show(alice, "/tickets/")
    found = re.search(r"/tickets/[0-9A-Z]+/", mine)
    assert found
    for page in (mine, show(alice, found[0]), show(alice, f"{found[0]}cancel/")):
        assert_korean(page)


@pytest.mark.servers
@pytest.mark.django_db
def test_logins_and_error_pages_are_in_korean(client: Client) -> None:
    for address, status in (
        ("/accounts/verify/", 200),
        ("/staff/login/", 200),
        ("/nothing/", 404),
        ("/events/00000000-0000-4000-8000-000000000000/", 404),
    ):
        assert_korean(show(client, address, status))
    refused = client.post("/accounts/verify/", {"number": "", "name": ""})
    assert_korean(refused.content.decode())


@pytest.mark.servers
@pytest.mark.django_db
def test_the_gate_and_the_councils_desk_are_in_korean() -> None:
    event = make_event({"A": 1})
    assert_korean(show(staff_client(make_staff("gate")), "/gate/"))
    council = staff_client(make_staff("council", username="council"))
    for page in ("", "ticketing/event/", "ticketing/event/add/", f"ticketing/event/{event.pk}/change/"):
        assert_korean(show(council, f"/admin/{page}"))
    for page in ("ticket", "claim", "bar", "scan", "gatedevice", "festival", "limitgroup"):
        assert_korean(show(council, f"/admin/ticketing/{page}/"))
    assert_korean(show(council, "/admin/accounts/student/"))


@pytest.mark.servers
@pytest.mark.django_db
def test_the_demo_is_in_korean(settings: Settings, client: Client) -> None:
    settings.DEMO, settings.ROOT_URLCONF = True, "tests.demo.urls"
    settings.ALLOWED_HOSTS = [".localhost"]
    staff.keep_staff()
    Student.objects.bulk_create([next(roster.students())])
    for address in ("/demo/", "/demo/side-by-side/", "/demo/enter/council/"):
        assert_korean(show(client, address, host="daedong.localhost"))
