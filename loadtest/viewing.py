"""What browsers ask for while their viewers wait on the page of an event: `python -m loadtest.viewing`, without Django.

Reads a plan as JSON, plays it, and writes as JSON what was answered. The rhythm of the page is read from its own
script, so that both stay the same. As browsers do, a request on a kept connection that the server has just closed goes
out once more on a new one; everything else goes out once.
"""

import asyncio
import json
import random
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from loadtest.wire import Answer, BrokenAnswer, Connection, Target

ROOT = Path(__file__).resolve().parent.parent
LOOKS_BACK_S = 180.0  # on average a viewer comes back from another app so often
RELOADS_S = 600.0  # and loads the page again so often
ANSWERED_WITHIN_S = 20.0
MOST_FAULTS = 20
ASSET = re.compile(r'<(?:link|script|img)[^>]* (?:href|src)="(/static/[^"]+)"')
PICTURE = re.compile(r'url\("?([^")]+)"?\)')  # of a style sheet
VISITOR, STUDENT, CLOCK, ASSETS = "page of a visitor", "page of a student", "clock", "asset"


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often the page asks for the deciding clock; times in seconds."""

    samples: int
    fresh: float
    last_look: float
    spread: float


@cache
def rhythm() -> Rhythm:
    """Return the rhythm of the page, from its script; KeyError when the script does not say it any more."""
    text = (ROOT / "static/js/countdown.js").read_text(encoding="utf-8")
    said = {
        name: int(number) for name, number in re.findall(r"^const ([A-Z_]+) = (\d+);", text, re.MULTILINE)
    }
    return Rhythm(
        said["SAMPLES"],
        said["FRESH_MS"] / 1000,
        said["LAST_LOOK_MS"] / 1000,
        said["LOOKS_SPREAD_MS"] / 1000,
    )


@dataclass(frozen=True, slots=True)
class Plan:
    """Who comes when; moments in seconds of the epoch. `cookies` are those of a student, or nothing of a visitor."""

    url: str
    path: str
    clock: str
    starts: float
    ends: float
    opens: float
    arrivals: list[float]
    cookies: list[str]
    seed: int = 1


@dataclass(slots=True)
class Told:
    """What was answered to requests of one kind."""

    statuses: Counter[str] = field(default_factory=Counter)
    seconds: Counter[int] = field(default_factory=Counter)
    latencies_ms: list[float] = field(default_factory=list)
    bytes: int = 0


@dataclass(slots=True)
class Seen:
    """What a crowd of viewers saw."""

    kinds: defaultdict[str, Told] = field(default_factory=lambda: defaultdict(Told))
    faults: list[str] = field(default_factory=list)
    opened: int = 0
    most_open: int = 0

    def document(self) -> dict[str, Any]:
        names = ("statuses", "seconds", "latencies_ms", "bytes")
        kinds = {kind: {name: getattr(told, name) for name in names} for kind, told in self.kinds.items()}
        return {"kinds": kinds, "faults": self.faults, "opened": self.opened, "most_open": self.most_open}


class Browser:
    """One viewer's browser: a connection, and the assets that it keeps (their ETag, or None when they never change)."""

    def __init__(self, plan: Plan, seen: Seen, cookies: str) -> None:
        self.plan, self.seen, self.cookies = plan, seen, cookies
        self.connection = Connection(Target.parse(plan.url))
        self.kept: dict[str, str | None] = {}

    async def get(self, kind: str, path: str, headers: Mapping[str, str] | None = None) -> Answer | None:
        """Ask once and count what came of it; None without an answer."""
        told, sent = self.seen.kinds[kind], time.perf_counter()
        told.seconds[int(time.time() - self.plan.starts)] += 1
        given = {"Cookie": self.cookies} if self.cookies else {}
        try:
            async with asyncio.timeout(ANSWERED_WITHIN_S):
                answer = await self.ask(path, {"Accept-Language": "ko", **given, **(headers or {})})
        except (OSError, BrokenAnswer, TimeoutError) as fault:
            told.statuses["error"] += 1
            if len(self.seen.faults) < MOST_FAULTS:
                self.seen.faults.append(f"{kind}: {type(fault).__name__} {fault}")
            return None
        told.latencies_ms.append(round((time.perf_counter() - sent) * 1000, 2))
        told.statuses[str(answer.status)] += 1
        told.bytes += len(answer.body)
        return answer

    async def ask(self, path: str, headers: Mapping[str, str]) -> Answer:
        """Send a request; the one that a kept connection has swallowed while it was being closed, once more."""
        kept = self.connection.is_open
        self.seen.opened += not kept
        try:
            return await self.connection.ask("GET", path, headers)
        except (ConnectionError, BrokenAnswer):
            if not kept:
                raise
            self.seen.opened += 1
            return await self.connection.ask("GET", path, headers)

    async def load(self) -> None:
        """Load the page, what it needs and is not kept, and the clock."""
        page = await self.get(STUDENT if self.cookies else VISITOR, self.plan.path)
        if page is not None and page.status == 200:
            for path in dict.fromkeys(ASSET.findall(page.body.decode())):
                await self.fetch(path)
        await self.sync()

    async def fetch(self, path: str) -> None:
        """Fetch an asset as a browser does: never again what is immutable, else only if it has changed."""
        if path in self.kept and self.kept[path] is None:
            return
        known = self.kept.get(path)
        answer = await self.get(ASSETS, path, {"If-None-Match": known} if known else None)
        if answer is not None and answer.status == 200:
            immutable = "immutable" in answer.headers.get("cache-control", "")
            self.kept[path] = None if immutable else answer.headers.get("etag", "")
            if path.endswith(".css"):
                for name in PICTURE.findall(answer.body.decode()):
                    await self.fetch(urljoin(path, name))

    async def sync(self) -> None:
        """Take the samples of the clock, one after the other."""
        for _ in range(rhythm().samples):
            if await self.get(CLOCK, self.plan.clock) is None:
                return


def looks_of(plan: Plan, loaded: float, reload: float, chance: random.Random) -> list[tuple[float, bool]]:
    """Return when a page looks at the clock again, and whether it surely does: only if its look is old when not."""
    last = plan.opens - rhythm().last_look - chance.random() * rhythm().spread
    looks, back = [(last, True)], loaded
    while (back := back + chance.expovariate(1 / LOOKS_BACK_S)) < reload:
        looks.append((back, False))
    return sorted(look for look in looks if loaded < look[0] < reload)


async def view(browser: Browser, arrives: float, chance: random.Random) -> None:
    """Come, and wait on the page until the end: look away and come back, load the page again."""
    plan = browser.plan
    await until(arrives)
    while time.time() < plan.ends:
        await browser.load()
        synced = time.time()
        reload = min(synced + chance.expovariate(1 / RELOADS_S), plan.ends)
        for moment, surely in looks_of(plan, synced, reload, chance):
            await until(moment)
            if surely or time.time() - synced > rhythm().fresh:
                await browser.sync()
                synced = time.time()
        await until(reload)


async def until(moment: float) -> None:
    await asyncio.sleep(max(0.0, moment - time.time()))


async def count_open(browsers: Sequence[Browser], seen: Seen) -> None:
    """Note each second how many connections stand."""
    while True:
        seen.most_open = max(seen.most_open, sum(browser.connection.is_open for browser in browsers))
        await asyncio.sleep(1)


async def play(plan: Plan) -> Seen:
    """Let everybody of the plan come and wait; return what they saw."""
    seen = Seen()
    chance = random.Random(plan.seed)  # noqa: S311 - a crowd, no secret
    browsers = [Browser(plan, seen, cookies) for cookies in plan.cookies]
    watch = asyncio.create_task(count_open(browsers, seen))
    async with asyncio.TaskGroup() as group:
        for browser, arrives in zip(browsers, plan.arrivals, strict=True):
            own = random.Random(chance.random())  # noqa: S311 - a crowd, no secret
            group.create_task(view(browser, arrives, own))
    watch.cancel()
    for browser in browsers:
        browser.connection.close()
    return seen


def main() -> None:
    """Play the plan of the input."""
    seen = asyncio.run(play(Plan(**json.load(sys.stdin))))
    json.dump(seen.document(), sys.stdout)


if __name__ == "__main__":
    main()
