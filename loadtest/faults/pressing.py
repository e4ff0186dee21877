"""Students who press until they are told, again after a 503 or no answer; each try is written down."""

import asyncio
import json
import random
import ssl
import time
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Thread
from typing import Any

from loadtest.crowd import Login, Press
from loadtest.play import Options, Record, Sale, headers_of, press
from loadtest.tally import COUNTED, WON
from loadtest.wire import BrokenAnswer, Connection, Target

CONNECTIONS = 32
PRESS_TIMEOUT_S = 10.0
PAUSE_S = (0.2, 0.5)  # after no answer, and beside every Retry-After
LONGEST_PAUSE_S = 2.0  # what Retry-After asks for may be half a minute: a cell has less
GIVES = (*WON, "waitlisted")  # these come with a receipt


@dataclass
class Crowd:
    """A crowd in a thread of its own, so that whoever kills servers does not hold it up."""

    target: Target
    sale: Sale
    presses: Sequence[Press]
    seed: int
    records: list[Record] = field(default_factory=list)
    told: dict[str, Record] = field(default_factory=dict)
    over: bool = False

    def __post_init__(self) -> None:
        self._luck = random.Random(self.seed)  # noqa: S311 - a load test must be repeatable
        self._loop = asyncio.new_event_loop()
        self._free: asyncio.Queue[Connection] = asyncio.Queue()
        self._options = Options(self.target, CONNECTIONS, PRESS_TIMEOUT_S)
        self._thread = Thread(target=self._loop.run_forever, name="crowd", daemon=True)
        self._logins = {one.login.student_number: one.login for one in self.presses}
        for _ in range(CONNECTIONS):
            self._free.put_nowait(Connection(self.target))
        self._thread.start()
        self._pressing = self._run(self._everybody())

    def _run(self, work: "Coroutine[Any, Any, Any]") -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def close(self) -> None:
        """Let nobody press any more, and end the thread."""
        self.over = True
        try:
            self._pressing.result(PRESS_TIMEOUT_S + LONGEST_PAUSE_S + 1)
        finally:
            self._run(self._let_go()).result(PRESS_TIMEOUT_S)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    async def _let_go(self) -> None:
        while not self._free.empty():
            self._free.get_nowait().close()
        await asyncio.sleep(0)  # connections are closed in the loop's next round

    # What is known at a moment

    @property
    def winners(self) -> int:
        """How many were told that they have won."""
        return sum(record.outcome in WON for record in list(self.told.values()))

    @property
    def in_flight(self) -> int:
        """How many presses were sent and are not answered."""
        return sum(1 for record in list(self.records) if record.sent_ms and not record.answered_ms)

    @property
    def arrivals(self) -> list[int]:
        """The arrivals of all who were told their result."""
        return [record.arrival for record in list(self.told.values()) if record.arrival is not None]

    @property
    def everybody_is_told(self) -> bool:
        return len(self.told) == len(self.presses)

    # Pressing

    async def _everybody(self) -> None:
        await asyncio.gather(*(self._until_told(one) for one in self.presses))

    async def _until_told(self, one: Press) -> None:
        """Press at the fixed moment, then again for as long as nobody has said what came of it."""
        await asyncio.sleep(max(0.0, self.sale.opens_at_ms / 1000 + one.after_s - time.time()))
        while not self.over:
            record = await self._press(one)
            if record.outcome in COUNTED:
                self.told[one.login.student_number] = record
                return
            await asyncio.sleep(self._pause(record.retry_after))

    async def _press(self, one: Press) -> Record:
        record = Record(one.login.student_number, list(one.zones), time.time() * 1000)
        self.records.append(record)
        await press(one, record, self.sale.event, self._free, self._options)
        return record

    def _pause(self, retry_after: str | None) -> float:
        asked = float(retry_after) if retry_after and retry_after.isdigit() else 0.0
        return min(asked, LONGEST_PAUSE_S) + self._luck.uniform(*PAUSE_S)

    # Afterwards

    def ask_again(self, but: "set[str]") -> dict[str, Record]:
        """Let everybody who was told press once more, but some; return what they are told now."""
        asking = [one for one in self.presses if one.login.student_number in self.told.keys() - but]
        found: dict[str, Record] = self._run(self._ask_again(asking)).result(120)
        return found

    async def _ask_again(self, asking: Sequence[Press]) -> dict[str, Record]:
        records = await asyncio.gather(*map(self._press, asking))
        return {record.student_number: record for record in records}

    def present(self, students: Sequence[str], seconds: float) -> dict[str, str]:
        """Let students present their receipts until each is answered; return the outcome or code of each answer."""
        limit = time.time() + seconds
        found: dict[str, str] = self._run(self._present(students, limit)).result(
            seconds + PRESS_TIMEOUT_S + 5
        )
        return found

    async def _present(self, students: Sequence[str], limit: float) -> dict[str, str]:
        answers = await asyncio.gather(*(self._present_one(student, limit) for student in students))
        return dict(zip(students, answers, strict=True))

    async def _present_one(self, student: str, limit: float) -> str:
        body = json.dumps({"receipt": self.told[student].receipt}).encode()
        said = ""
        while time.time() < limit:
            status, document, retry_after = await self._ask("/api/receipts/", self._logins[student], body)
            said = str(document.get("outcome") or document.get("code") or status)
            if status and status not in (429, 503):
                return said
            await asyncio.sleep(self._pause(retry_after))
        return said

    async def _ask(self, path: str, login: Login, body: bytes) -> tuple[int, Mapping[str, Any], str | None]:
        """Return status, document and Retry-After of a call; status 0 when nobody answered."""
        connection = await self._free.get()
        try:
            async with asyncio.timeout(PRESS_TIMEOUT_S):
                answer = await connection.ask("POST", path, headers_of(login, self.target), body)
            return answer.status, json.loads(answer.body), answer.headers.get("retry-after")
        except (OSError, BrokenAnswer, TimeoutError, ssl.SSLError, ValueError) as error:
            return 0, {"code": f"{type(error).__name__}"}, None
        finally:
            self._free.put_nowait(connection)
