"""Who presses, when and for what: the crowd of a played sale, the same for the same seed."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

FIELDS = 3


class PlayError(Exception):
    """The play could not begin."""


@dataclass(frozen=True, slots=True)
class Login:
    """A student's session, as `manage.py rush_sessions` wrote it."""

    student_number: str
    cookies: str
    csrf: str


@dataclass(frozen=True, slots=True)
class Press:
    """One student's press: for which zones, and how many seconds after the start."""

    login: Login
    zones: tuple[str, ...]
    after_s: float


def read_logins(file: Path) -> list[Login]:
    """Read the sessions; a line that is not three fields, or a student twice, is an error."""
    logins = []
    for number, row in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        fields = row.split("\t")
        if len(fields) != FIELDS or not all(fields):
            raise PlayError(f"{file} line {number} is not number, cookie header and CSRF token")
        logins.append(Login(*fields))
    if len({login.student_number for login in logins}) != len(logins) or not logins:
        raise PlayError(f"{file} is empty or names a student twice")
    return logins


def schedule(
    logins: Sequence[Login], zones: Mapping[str, float], *, within_s: float, seed: int
) -> list[Press]:
    """Give every student a wish and a moment, the same for the same seed.

    The crowd arrives evenly over `within_s`, in random order. A wish is a random order of the zones by their weights,
    cut at a random length: some want one zone only, some take any.
    """
    luck = random.Random(seed)  # noqa: S311 - a load test must be repeatable
    order = list(logins)
    luck.shuffle(order)
    gap = within_s / len(order)
    return [Press(login, wish(zones, luck), place * gap) for place, login in enumerate(order)]


def wish(zones: Mapping[str, float], luck: random.Random) -> tuple[str, ...]:
    """Draw zones without putting them back, the heavier ones sooner."""
    order = sorted(zones, key=lambda name: luck.random() ** (1 / zones[name]), reverse=True)
    return tuple(order[: luck.randint(1, len(order))])


def weights_of(zones: Mapping[str, int], given: Sequence[str]) -> dict[str, float]:
    """Return how wanted each zone is; a weight for a zone that is not there is an error."""
    weights = dict.fromkeys(zones, 1.0)
    for text in given:
        name, _, number = text.rpartition("=")
        if name not in zones or not number.replace(".", "", 1).isdigit() or float(number) <= 0:
            raise PlayError(f"--weight {text}: a zone of the event, =, and a number above 0")
        weights[name] = float(number)
    return weights
