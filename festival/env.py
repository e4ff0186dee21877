"""Strict readers of the environment: every mistake is collected and told at once, by the name of its variable."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from django.core.exceptions import ImproperlyConfigured

TRUE = {"1", "yes", "true", "on"}
FALSE = {"0", "no", "false", "off"}


class Environment:
    """Reads settings from `values` and remembers every mistake until `finish` raises them together.

    A reader that meets a mistake notes it and returns a harmless value of its type, so that one start names all
    mistakes and not only the first.
    """

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self.mistakes: list[str] = []

    def mistake(self, name: str, why: str) -> None:
        """Note that variable `name` cannot be used, and why."""
        self.mistakes.append(f"{name}: {why}")

    def finish(self) -> None:
        """Raise ImproperlyConfigured with every mistake noted so far, or return when there is none."""
        if self.mistakes:
            lines = "\n".join(f"  - {line}" for line in self.mistakes)
            raise ImproperlyConfigured(f"The environment has {len(self.mistakes)} mistake(s):\n{lines}")

    def text(self, name: str, default: str | None = None) -> str:
        """Return the text of `name`; without a default it must be set and not empty."""
        value = self._values.get(name, "").strip()
        if value:
            return value
        if default is None:
            self.mistake(name, "is not set")
            return ""
        return default

    def given(self, *names: str) -> bool:
        """Tell whether any of these variables is set."""
        return any(self._values.get(name, "").strip() for name in names)

    def secret(self, name: str, *, at_least: int) -> str:
        """Return a required secret of at least that many characters; the mistake never repeats the value."""
        value = self.text(name)
        if value and len(value) < at_least:
            self.mistake(name, f"must have at least {at_least} characters, it has {len(value)}")
        return value

    def secrets(self, name: str, *, at_least: int) -> list[str]:
        """Return a comma separated list of secrets, the newest first."""
        values = self.words(name)
        if not values:
            self.mistake(name, "is not set")
        if any(len(value) < at_least for value in values):
            self.mistake(name, f"every key must have at least {at_least} characters")
        return values

    def words(self, name: str) -> list[str]:
        """Return a comma separated list without empty entries."""
        return [word.strip() for word in self._values.get(name, "").split(",") if word.strip()]

    def boolean(self, name: str, *, default: bool) -> bool:
        """Return yes or no; an unknown word is a mistake, never a silent no."""
        value = self._values.get(name, "").strip().lower()
        if not value:
            return default
        if value in TRUE | FALSE:
            return value in TRUE
        self.mistake(name, f"must be yes or no, it is {value!r}")
        return default

    def integer(self, name: str, *, default: int, least: int, most: int) -> int:
        """Return a whole number between `least` and `most`, both included."""
        value = self._values.get(name, "").strip()
        if not value:
            return default
        if not (value.isascii() and value.isdigit()) or not least <= int(value) <= most:
            self.mistake(name, f"must be a whole number from {least} to {most}, it is {value!r}")
            return default
        return int(value)

    def choice(self, name: str, options: tuple[str, ...], *, default: str) -> str:
        """Return one of `options`."""
        value = self._values.get(name, "").strip() or default
        if value not in options:
            self.mistake(name, f"must be one of {', '.join(options)}, it is {value!r}")
            return default
        return value

    def url(self, name: str, schemes: tuple[str, ...]) -> SplitResult:
        """Return a required address in one of `schemes`; the mistake never repeats a password."""
        value = self.text(name)
        try:
            parts = urlsplit(value)
            parts.port  # noqa: B018 - reading it is what checks it
        except ValueError as error:
            self.mistake(name, f"is not an address: {error}")
            return urlsplit("")
        if value and parts.scheme not in schemes:
            self.mistake(name, f"must start with {' or '.join(f'{scheme}://' for scheme in schemes)}")
        return parts


def read_file(path: Path) -> dict[str, str]:
    """Return the KEY=value lines of a file; empty lines and lines that start with # are skipped."""
    values = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        key, separator, value = line.partition("=")
        if not separator:
            raise ImproperlyConfigured(f"{path.name} line {number} is not KEY=value")
        values[key.strip()] = value.strip()
    return values


def with_demo_defaults(environ: Mapping[str, str], base: Path) -> dict[str, str]:
    """Return the environment, completed by the running demo's file when nothing says which system this is."""
    values = dict(environ)
    if values.get("FESTIVAL_MODE") or values.get("DATABASE_URL"):
        return values
    file = Path(values.get("FESTIVAL_DATA_DIR") or base / ".data") / "demo.env"
    return read_file(file) | values if file.exists() else values
