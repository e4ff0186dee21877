"""Plays the main job over HTTP against a running demo, as people would: roster, login by mail, sale, press, gate.

    .venv/bin/python -m tests.thin_path [--url http://127.0.0.1:8000] [--clone .]

Prints each step with its time; the first thing that is not as promised ends it with an AssertionError.
"""

import argparse
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from uuid import uuid4

import httpx

from tests.checks import bare, say

SEOUL = timezone(timedelta(hours=9))
ROWS = 12_000
MODES = ("redis", "database")
NAME, NUMBER = "남궁 새벽", "2026500001"
OPENS_IN_S = 12


@contextmanager
def step(name: str) -> Iterator[None]:
    begun = time.monotonic()
    yield
    say(f"{time.monotonic() - begun:6.2f} s  {name}")


def roster(file: Path) -> None:
    """Write a roster as a council's spreadsheet exports it: CP949, Korean titles."""
    rows = [
        "학번,성명,소속,학년,재적상태,과정,이메일",
        f"{NUMBER},{NAME},국어국문학과,3,재학,학사,{NUMBER}@univ.example",
    ]
    rows += [
        f"{2026500001 + n},김새벽{n},경영학과,{n % 4 + 1},재학,학사,s{n}@univ.example" for n in range(1, ROWS)
    ]
    file.write_bytes("\r\n".join(rows).encode("cp949"))


def import_roster(clone: Path) -> None:
    with tempfile.NamedTemporaryFile(suffix=".csv") as file:
        roster(Path(file.name))
        python = clone / ".venv" / "bin" / "python"
        command = [str(python), "manage.py", "import_roster", file.name]
        done = subprocess.run(command, cwd=clone, env=bare(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    say(f"          {done.stdout.strip()}")


def token(page: str) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert found, "the page has no form of ours"
    return found[1]


def submit(client: httpx.Client, path: str, page: str, **fields: str) -> httpx.Response:
    return client.post(
        path, data={"csrfmiddlewaretoken": token(page)} | fields, headers={"Referer": str(client.base_url)}
    )


def staff(url: str, username: str) -> httpx.Client:
    """Log in as staff by the demo's button."""
    client = httpx.Client(base_url=url, follow_redirects=True, timeout=30)
    entered = submit(client, "/demo/log-in/staff/", client.get("/demo/").text, username=username)
    assert entered.status_code == 200, entered
    return client


def open_sale(council: httpx.Client, mode: str) -> tuple[str, str]:
    """Open a sale in the admin that this mode decides; return its id and name."""
    name = f"얇은 길 {uuid4().hex[:6]}"
    now = datetime.now(SEOUL)
    opens, closes = now + timedelta(seconds=OPENS_IN_S), now + timedelta(hours=1)
    page = council.get("/admin/ticketing/event/add/").text
    festival = re.search(r'<option value="([0-9a-f-]{36})" selected', page)
    assert festival, "the form offers the newest festival"
    fields = {"festival": festival[1], "name": name, "name_en": "", "mode": mode, "waitlist_size": "0"}
    for key, at in (("opens_at", opens), ("closes_at", closes)):
        fields |= {f"{key}_0": at.strftime("%Y-%m-%d"), f"{key}_1": at.strftime("%H:%M:%S")}
    fields |= {"promotion": "immediate", "offer_minutes": "30"}
    fields |= {"zones-TOTAL_FORMS": "2", "zones-INITIAL_FORMS": "0"}
    fields |= {
        "zones-0-name": "스탠딩",
        "zones-0-capacity": "2",
        "zones-1-name": "좌석",
        "zones-1-capacity": "1",
    }
    saved = submit(council, "/admin/ticketing/event/add/", page, **fields)
    assert name in saved.text, re.findall(r"errorlist[^>]*>.*?</ul>", saved.text, re.DOTALL)
    found = [event["id"] for event in every_event(council) if event["name"] == name]
    assert found, "a saved event is public within a second"
    return found[0], name


def every_event(client: httpx.Client) -> Iterator[dict[str, str]]:
    address = "/api/events/"
    time.sleep(1.1)  # the list may be a second old
    while address:
        document = client.get(address).json()
        yield from document["results"]
        address = document["next"]


def log_in_by_mail(url: str) -> httpx.Client:
    """Log a student in with the code that the demo shows instead of mailing it."""
    student = httpx.Client(base_url=url, follow_redirects=True, timeout=30)
    page = student.get("/accounts/verify/").text
    asked = submit(student, "/accounts/verify/", page, number=NUMBER, name="남궁새벽", consent="on")
    assert "/code/" in str(asked.url), asked
    code = mailed_code(student)
    entered = submit(student, "/accounts/verify/code/", asked.text, code=code)
    assert "festival_pass" in student.cookies, entered.url
    return student


def mailed_code(client: httpx.Client) -> str:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        page = client.get("/demo/").text
        found = re.search(rf"{NUMBER}@univ\.example.*?\b(\d{{6}})\b", page, re.DOTALL)
        if found:
            return found[1]
        time.sleep(0.3)
    raise AssertionError("no mail within 20 s")


def press(student: httpx.Client, event: str, *zones: str) -> httpx.Response:
    headers = {"X-CSRFToken": student.cookies["csrftoken"]}
    return student.post(f"/api/events/{event}/claims/", json={"zones": zones}, headers=headers)


def wait_for_opening(student: httpx.Client, event: str) -> None:
    opens_at = datetime.fromisoformat(student.get(f"/api/events/{event}/").json()["opens_at"])
    now_ms = student.get(f"/api/clock/?event={event}").json()["now_ms"]
    time.sleep(max(0.0, opens_at.timestamp() - now_ms / 1000) + 0.05)


def scan(gate: httpx.Client, text: str) -> dict[str, object]:
    body = {
        "scan_id": str(uuid4()),
        "code": text,
        "gate": "A1",
        "scanned_at": datetime.now(SEOUL).isoformat(),
    }
    headers = {"X-CSRFToken": gate.cookies["csrftoken"]}
    answer = gate.post("/api/gate/scans/", json=body | {"mode": "online"}, headers=headers)
    assert answer.status_code == 200, answer.text
    verdict: dict[str, object] = answer.json()
    return verdict


def play_sale(mode: str, council: httpx.Client, student: httpx.Client, gate: httpx.Client) -> None:
    """Play one sale of a mode, from the admin to the gate."""
    with step(f"the council opens a sale in the admin, mode {mode}"):
        event, name = open_sale(council, mode)
    with step("the event page counts down; a press now is too early"):
        page = student.get(f"/events/{event}/").text
        assert name in page
        assert "data-countdown" in page
        early = press(student, event, "스탠딩")
        assert (early.status_code, early.json()["code"]) == (409, "not_open"), early.text
    with step("wait for the opening by the deciding clock"):
        wait_for_opening(student, event)
    with step("press, and press again"):
        won, again = press(student, event, "좌석", "스탠딩"), press(student, event, "스탠딩")
        assert (won.status_code, won.json()["zone"], won.json()["number"]) == (201, "좌석", 1), won.text
        assert (again.status_code, again.json()["ticket"]) == (200, won.json()["ticket"])
    code = won.json()["ticket"]
    with step("the ticket page shows its QR"):
        assert "<svg" in student.get(f"/tickets/{code}/").text
        text = student.get(f"/api/tickets/{code}/qr/").json()["text"]
    with step("the gate admits once and says when and where it was"):
        first, second = scan(gate, text), scan(gate, text)
        assert (first["verdict"], first["zone"], first["number"]) == ("admit", "좌석", 1), first
        assert (second["verdict"], second["reason"]) == ("refuse", "already_used"), second
        assert isinstance(second["first_use"], dict)
        assert second["first_use"]["gate"] == "A1"
        assert scan(gate, code)["reason"] == "forged"
    with step("a used ticket cannot be given back"):
        headers = {"X-CSRFToken": student.cookies["csrftoken"]}
        kept = student.post(f"/api/tickets/{code}/cancel/", headers=headers)
        assert kept.json()["code"] == "not_cancellable", kept.text


def play(url: str, clone: Path) -> None:
    """Play the whole path, and its sale in both modes."""
    with step(f"import a CP949 roster of {ROWS} rows"):
        import_roster(clone)
    council, gate = staff(url, "council"), staff(url, "gate")
    with step("a student logs in by a mailed code"):
        student = log_in_by_mail(url)
    for mode in MODES:
        play_sale(mode, council, student, gate)
    for client in (council, gate, student):
        client.close()


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--url", default="http://127.0.0.1:8000")
    arguments.add_argument("--clone", type=Path, default=Path.cwd())
    given = arguments.parse_args()
    play(given.url, given.clone.resolve())
    say("as promised")
    sys.exit(0)
