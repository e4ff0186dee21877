"""Guesses at codes by the thousand, and whether hit and miss take the same time.

    .venv/bin/python -m loadtest.guessing --url http://127.0.0.1:8000 --guesses 10000 --pairs 1000

Beside a running demo, with its invented students: hits are asked for by their number and name, misses by their number
and another name. Nobody may be found, no answer may differ, and the times of pairs measured in random order may not
tell hit from miss; `--plant-us 300` makes hits slower on purpose and must be noticed. With `FESTIVAL_TRUSTED_PROXY=yes`
half of the guesses come from networks of their own. Exit code 0: all of this held; 1: not.
"""

import argparse
import asyncio
import os
import random
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from loadtest.difference import Difference, compare
from loadtest.wire import Answer, Connection, Target

LANES = 8
TRIES = 5
TOKEN = "a" * 32  # whoever sends a form may choose the token that it must repeat
SAME_NETWORK = "198.51.100.1"
Seen = dict[str, dict[str, Counter[str]]]  # kind -> step -> how often each answer came
ENOUGH = 20  # an answer that came so often, and to one of two kinds alone, is no chance: 1 in 500,000


@dataclass(frozen=True, slots=True)
class Guess:
    """Somebody's number and name as a guesser types them, and the codes tried for them."""

    kind: str
    number: str
    name: str
    network: str = SAME_NETWORK
    codes: tuple[str, ...] = ()


class Guesser:
    """One browser of a guesser: it takes what cookies it needs and nothing else."""

    def __init__(self, connection: Connection, guess: Guess) -> None:
        self._connection, self._guess, self._cookies = connection, guess, f"csrftoken={TOKEN}"

    async def send(self, path: str, fields: Mapping[str, str]) -> Answer:
        headers = {
            "Cookie": self._cookies,
            "X-Forwarded-For": self._guess.network,
            "Content-Type": "application/x-www-form-urlencoded",
        }
        body = urlencode({**fields, "csrfmiddlewaretoken": TOKEN}).encode()
        return await self._connection.ask("POST", path, headers, body)

    async def begin(self) -> Answer:
        """Type number and name."""
        typed = {"number": self._guess.number, "name": self._guess.name, "consent": "on"}
        answer = await self.send("/accounts/verify/", typed)
        self._cookies += "; " + answer.headers.get("set-cookie", "").partition(";")[0]
        return answer

    async def finish(self, code: str) -> Answer:
        """Type a code."""
        return await self.send("/accounts/verify/code/", {"code": code})


def plain(answer: Answer) -> str:
    """Return an answer without what is drawn anew for each request."""
    headers = {**answer.headers, "date": "", "expires": "", "x-request-id": ""}
    headers["set-cookie"] = re.sub(r"=[^;]*", "=", headers.get("set-cookie", ""))
    body = re.sub(r'(csrfmiddlewaretoken" value=")\w+', r"\1", answer.body.decode())
    return f"{answer.status}\n{sorted(headers.items())}\n{body}"


async def attack(target: Target, guesses: Iterable[Guess]) -> Seen:
    """Guess, several at once, and return how often each answer came at each step."""
    waiting, seen = iter(guesses), defaultdict(lambda: defaultdict(Counter))  # type: ignore[var-annotated]

    async def lane() -> None:
        connection = Connection(target)
        for guess in waiting:
            guesser, steps = Guesser(connection, guess), seen[guess.kind]
            steps["begin"][plain(await guesser.begin())] += 1
            for place, code in enumerate(guess.codes, 1):
                answer = plain(await guesser.finish(code))
                steps[f"code {place}"][answer.replace(f'value="{code}"', 'value=""')] += 1  # what was typed
        connection.close()

    await asyncio.gather(*(lane() for _ in range(LANES)))
    return {kind: dict(steps) for kind, steps in seen.items()}


async def measure(
    target: Target, pairs: Sequence[tuple[Guess, Guess]], *, plant_us: int, seed: int
) -> dict[str, Difference]:
    """Time each pair of hit and miss in random order; a planted delay counts as the server's."""
    dice, connection = random.Random(seed), Connection(target)  # noqa: S311 - an order, no secret
    times: dict[str, list[tuple[float, float]]] = {"begin": [], "wrong code": []}
    for pair in pairs:
        took: dict[str, dict[bool, float]] = {step: {} for step in times}
        for hit in dice.sample([True, False], 2):
            guesser = Guesser(connection, pair[0 if hit else 1])
            for step in times:
                started = time.perf_counter()
                await (guesser.begin() if step == "begin" else guesser.finish("0" * 12))
                took[step][hit] = (time.perf_counter() - started) * 1e6 + (plant_us if hit else 0)
        for step, both in took.items():
            times[step].append((both[True], both[False]))
    connection.close()
    return {step: compare(found) for step, found in times.items()}


def of_one_kind_alone(seen: Seen) -> int:
    """Return how many answers came often to hits and never to misses, or the other way round.

    An answer may say how many mails wait at the moment, and how many tries are left while somebody guesses: rare ones
    come to one kind alone by chance.
    """
    none: Counter[str] = Counter()
    steps = seen["hit"].keys() | seen["miss"].keys()
    pairs = [(seen["hit"].get(step, none), seen["miss"].get(step, none)) for step in steps]
    return sum(
        (hits + misses)[answer] >= ENOUGH and not (hits[answer] and misses[answer])
        for hits, misses in pairs
        for answer in hits | misses
    )


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def guesses_at(students: Sequence[tuple[str, str]], count: int) -> list[Guess]:
    """Return as many guesses as wanted, five at a challenge; hits and misses by turns, half from many networks."""
    made = []
    for place in range(count // TRIES):
        number, name = students[place % len(students)]
        network = f"203.0.{place // 250 % 250}.{place % 250}" if place % 4 < 2 else SAME_NETWORK
        codes = tuple(f"{(place * TRIES + one) * 7919 % 10**6:06}" for one in range(TRIES))
        kind, typed = ("hit", name) if place % 2 else ("miss", f"{name}님")
        made.append(Guess(kind, number, typed, network, codes))
    return made


def told_apart(target: Target, students: Sequence[tuple[str, str]], *, plant_us: int, seed: int) -> int:
    """Measure a pair at each student, say what came out, and return how many steps tell hit from miss."""
    pairs = [(Guess("hit", *one), Guess("miss", one[0], f"{one[1]}님")) for one in students]
    found = asyncio.run(measure(target, pairs, plant_us=plant_us, seed=seed))
    for step, apart in found.items():
        say(
            f"{step}: a hit takes {apart.median:+.0f} µs longer ({apart.low:+.0f} … {apart.high:+.0f} at 99 %, "
            f"{apart.pairs} pairs, chance {apart.chance:.3g}): {'told apart' if apart.seen else 'not told apart'}"
        )
    return sum(apart.seen for apart in found.values())


def harm_done(target: Target, students: Sequence[tuple[str, str]], count: int) -> int:
    """Guess, say what came out, and return how many were found or logged out, one more when answers differ."""
    from accounts.models import StudentSession, VerificationAttempt

    logins = StudentSession.objects.filter(ended_at=None)
    successes = VerificationAttempt.objects.exclude(succeeded_at=None)
    before, started = (logins.count(), successes.count()), time.monotonic()
    seen = asyncio.run(attack(target, guesses_at(students, count)))
    ended, found = before[0] - logins.count(), successes.count() - before[1]
    same = not of_one_kind_alone(seen)
    say(
        f"{count} guesses in {time.monotonic() - started:.0f} s: {found} students found, {ended} logins ended, "
        f"answers to hit and miss {'the same' if same else 'DIFFERENT'}"
    )
    return found + max(0, ended) + (not same)


def main(words: Sequence[str]) -> int:
    """Guess and measure; return 1 when somebody was found or hit and miss can be told apart."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--guesses", type=int, default=10_000)
    parser.add_argument("--pairs", type=int, default=1000)
    parser.add_argument("--plant-us", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(words)
    target = Target.parse(asked.url)
    import django

    django.setup()
    from accounts.models import Student

    found = Student.objects.filter(demo=True).exclude(email="").order_by("?")
    students = list(found.values_list("student_number", "name"))
    bad = 0
    if asked.pairs:
        bad += told_apart(target, students[: asked.pairs], plant_us=asked.plant_us, seed=asked.seed)
    if asked.guesses:
        bad += harm_done(target, students[asked.pairs :], asked.guesses)
    return 1 if bad else 0


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "festival.settings")
    sys.exit(main(sys.argv[1:]))
