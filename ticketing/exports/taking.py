"""Takes a list away as a file, and records who took which part of it, and why."""

from django.db.models import QuerySet
from import_export.formats.base_formats import CSV, XLSX

from accounts.models import User
from festival.errors import FestivalError
from ticketing.exports.sheets import Sheet
from ticketing.models import FileFormat, ListExport
from ticketing.models.council import Listed

# Everything is made in memory: this many claims take some 200 MB as XLSX, a whole festival of 12,000 far less.
MOST_ROWS = 100_000
BOM = "\ufeff"  # without it Excel takes Hangul for another encoding


class TooManyRows(FestivalError):
    """This list is too long for one file."""

    code = "too_many_rows"


def take(
    rows: QuerySet,  # type: ignore[type-arg]  # of any model that has a sheet
    sheet: type[Sheet],
    *,
    file_format: FileFormat,
    chosen: str,
    by: User,
    reason: str,
) -> bytes:
    """Return the rows as a file, recorded; raises TooManyRows."""
    if rows.count() > MOST_ROWS:
        raise TooManyRows
    found = sheet().export(rows.select_related(*sheet.related))
    ListExport.objects.create(
        by=by,
        listed=Listed(rows.model._meta.model_name),
        chosen=chosen,
        rows=len(found),
        file_format=file_format,
        reason=reason,
    )
    if file_format == FileFormat.CSV:
        text: str = CSV().export_data(found)
        return f"{BOM}{text}".encode()
    found.title = str(rows.model._meta.verbose_name_plural)
    content: bytes = XLSX().export_data(found, column_width=None)
    return content
