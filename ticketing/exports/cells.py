"""What stands in a cell of an exported list: a number, or a text that no spreadsheet takes for a formula."""

import re
from datetime import datetime
from typing import Any

from django.utils.timezone import localtime
from import_export.widgets import Widget

# Control characters that no XLSX may hold.
NOT_WRITTEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
# What begins a formula for Excel, LibreOffice or Google, at the head of a cell or of a line in it; the wide signs too.
BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def harmless(text: str) -> str:
    """Return a text that is shown as it is: what would be a formula gets an apostrophe before it."""
    kept = NOT_WRITTEN.sub("", text)
    is_formula = kept.startswith(BEGINS_A_FORMULA) or kept.lstrip().startswith(BEGINS_A_FORMULA)
    return f"'{kept}" if is_formula else kept


class Cell(Widget):  # type: ignore[misc]  # the library has no types
    """Writes numbers as numbers, times by the clock on the wall to the millisecond, all else as harmless text."""

    def render(self, value: Any, obj: Any = None, **_options: Any) -> str | int:
        if value is None:
            return ""
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if isinstance(value, datetime):
            return localtime(value).replace(tzinfo=None).isoformat(sep=" ", timespec="milliseconds")
        if isinstance(value, list):
            value = ", ".join(map(str, value))
        return harmless(str(value))
