"""Keyset pagination: a page begins behind the last row's values; ties and inserts lose nothing, repeat nothing."""

import base64
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, QueryDict

from festival.errors import Malformed

Row = TypeVar("Row", bound=Model)
PAGE = 50
MOST = 200


@dataclass(frozen=True, slots=True)
class Keyset(Generic[Row]):
    """One page of rows and the cursors around it (None: there is nothing on that side)."""

    rows: list[Row]
    next: str | None
    previous: str | None


@dataclass(frozen=True, slots=True)
class Cursor:
    """The values of the row at which a page begins, and the side of it that is wanted."""

    values: tuple[str, ...]
    backwards: bool

    def text(self) -> str:
        document = json.dumps([self.backwards, *self.values], ensure_ascii=False, separators=(",", ":"))
        return base64.urlsafe_b64encode(document.encode()).decode().rstrip("=")

    @classmethod
    def read(cls, text: str) -> "Cursor":
        """Return the cursor that a text says; raises Malformed."""
        try:
            backwards, *values = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        except (ValueError, TypeError) as error:
            raise Malformed("cursor") from error
        if not isinstance(backwards, bool) or not all(isinstance(value, str) for value in values):
            raise Malformed("cursor")
        return cls(tuple(values), backwards)


def page(
    rows: QuerySet[Row], *, order: Sequence[str], cursor: Cursor | None, size: int = PAGE
) -> Keyset[Row]:
    """Return one page of rows in `order`: field names, `-` for descending, never null, the primary key last."""
    if order[-1].lstrip("-") not in ("pk", rows.model._meta.pk.name):
        raise ValueError("the order must end in the primary key")
    backwards = cursor is not None and cursor.backwards
    direction = [turned(name) for name in order] if backwards else list(order)
    if cursor is not None:
        rows = rows.filter(behind(rows.model, direction, cursor.values))
    found = list(rows.order_by(*direction)[: size + 1])
    more, found = len(found) > size, found[:size]
    if backwards:
        found.reverse()
    if not found:
        return Keyset(found, None, None)
    has_next, has_previous = (True, more) if backwards else (more, cursor is not None)
    return Keyset(
        found,
        cursor_of(found[-1], order, backwards=False) if has_next else None,
        cursor_of(found[0], order, backwards=True) if has_previous else None,
    )


def turned(name: str) -> str:
    """Return the other direction of an order."""
    return name[1:] if name.startswith("-") else f"-{name}"


def behind(model: type[Model], order: Sequence[str], values: Sequence[str]) -> Q:
    """Return the condition of standing behind a row: (a, b, pk) > (x, y, z), each part in its own direction.

    Written out, because a row comparison of SQL knows only one direction; the first part alone bounds the index.
    """
    if len(values) != len(order):
        raise Malformed("cursor")
    condition, equal = Q(), Q()
    for name, text in zip(order, values, strict=True):
        field, comparison = name.lstrip("-"), "lt" if name.startswith("-") else "gt"
        value = parsed(model, field, text)
        condition |= equal & Q(**{f"{field}__{comparison}": value})
        equal &= Q(**{field: value})
    first = order[0].lstrip("-")
    bound = {f"{first}__{'lte' if order[0].startswith('-') else 'gte'}": parsed(model, first, values[0])}
    return Q(**bound) & condition


def parsed(model: type[Model], field: str, text: str) -> Any:
    """Return a cursor's value as its field's type."""
    try:
        found = model._meta.pk if field == "pk" else model._meta.get_field(field)
        return found.to_python(text)  # type: ignore[union-attr]  # an order names columns, which all can parse
    except (ValidationError, ValueError, FieldDoesNotExist) as error:
        raise Malformed("cursor") from error


def cursor_of(row: Model, order: Sequence[str], *, backwards: bool) -> str:
    values = (getattr(row, name.lstrip("-")) for name in order)
    return Cursor(
        tuple(value.isoformat() if hasattr(value, "isoformat") else str(value) for value in values), backwards
    ).text()


def asked(request: HttpRequest) -> tuple[Cursor | None, int]:
    """Return the cursor and the page size that a request asks for; raises Malformed."""
    text, size = request.GET.get("cursor"), request.GET.get("limit", str(PAGE))
    if not (size.isascii() and size.isdigit() and len(size) < 4 and 1 <= int(size) <= MOST):
        raise Malformed(f"limit: 1 to {MOST}")
    return (Cursor.read(text) if text else None), int(size)


def listing(
    request: HttpRequest, results: Iterable[Any], keyset_next: str | None, keyset_previous: str | None
) -> dict[str, Any]:
    """Return the list document: results and the addresses of the pages around them."""

    def address(cursor: str | None) -> str | None:
        if cursor is None:
            return None
        query: QueryDict = request.GET.copy()
        query["cursor"] = cursor
        return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")

    return {"results": list(results), "next": address(keyset_next), "previous": address(keyset_previous)}
