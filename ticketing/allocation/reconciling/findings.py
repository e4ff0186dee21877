"""What a comparison finds: one difference, what it is about, what each side says, and how the rows are mended."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Literal
from uuid import UUID

NOTHING = "nothing"
# Mends the rows; returns what they say from now on, None when that cannot be done.
Mend = Callable[[], str | None]


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing of which two sides say different things; it names nobody but by internal keys."""

    kind: str
    about: str
    rows: str
    other: str
    side: Literal["redis", "rows"] = "redis"

    def line(self, group: UUID) -> str:
        other = "other rows" if self.side == "rows" else self.side
        return f"{group} {self.kind} {self.about}: rows say {self.rows}, {other} {self.other}"

    def document(self, group: UUID) -> dict[str, str]:
        return {"group": str(group), **asdict(self)}

    @property
    def before(self) -> str:
        """What the record of a repair says of it."""
        return f"rows: {self.rows}; {self.side}: {self.other}"


@dataclass(frozen=True, slots=True)
class Finding:
    """A difference, and how the rows are mended; without that they are right, and Redis is not."""

    difference: Difference
    mend: Mend | None = None
