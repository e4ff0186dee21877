"""The way of a roster from its upload to its confirmation; what takes long happens in the job worker."""

import csv
import hashlib
import io
import unicodedata
from datetime import timedelta

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.models import RosterImport, RosterState, RosterUpload, User
from accounts.roster_cells import FORMULA_SIGNS
from accounts.roster_jobs import OPEN, forget, read_upload, save_upload
from accounts.text import tidy

SLOW = timedelta(minutes=1)
JOBS = {RosterState.READING: read_upload, RosterState.SAVING: save_upload}


def newest_confirmed() -> RosterImport | None:
    """Return the newest confirmed roster that says where it comes from; the notice to students names it."""
    return (
        RosterImport.objects.exclude(source="")
        .filter(state=RosterState.CONFIRMED)
        .order_by("-confirmed_at")
        .first()
    )


@transaction.atomic
def receive(
    content: bytes,
    *,
    file_name: str,
    user: User,
    source: str,
    legal_basis: str,
    complete: bool,
    mixed_lengths: bool,
) -> RosterImport:
    """Keep an uploaded file and let the job worker read it; job and file are there together or not at all."""
    row = RosterImport.objects.create(
        uploaded_by=user,
        file_name=tidy(file_name)[:200],
        digest=hashlib.sha256(content).hexdigest(),
        source=source,
        legal_basis=legal_basis,
        complete=complete,
        mixed_lengths=mixed_lengths,
        language=translation.get_language() or "ko",
    )
    RosterUpload.objects.create(roster_import=row, content=content)
    read_upload.defer(roster_import=row.pk)
    return row


@transaction.atomic
def confirm(roster_import: int, *, user: User) -> bool:
    """Let the job worker save what the preview shows; tell whether there was anything to confirm."""
    ready = RosterImport.objects.filter(pk=roster_import, state=RosterState.READY)
    if not ready.update(state=RosterState.SAVING, confirmed_by=user, started_at=timezone.now(), told=""):
        return False
    save_upload.defer(roster_import=roster_import)
    return True


@transaction.atomic
def discard(roster_import: int) -> bool:
    """Throw an upload away with its file; tell whether it was still undecided."""
    undecided = RosterImport.objects.filter(pk=roster_import, state__in=OPEN)
    if not undecided.update(state=RosterState.DISCARDED, confirmed_by=None):
        return False
    forget(roster_import)
    return True


def is_slow(row: RosterImport) -> bool:
    """Tell whether the job worker should have been done by now."""
    return row.state in JOBS and timezone.now() - row.started_at > SLOW


@transaction.atomic
def hurry(roster_import: int) -> bool:
    """Queue the job of a slow upload again, whose worker may have died; the job itself runs only once."""
    row = RosterImport.objects.select_for_update(no_key=True).filter(pk=roster_import).first()
    if row is None or not is_slow(row):
        return False
    RosterImport.objects.filter(pk=row.pk).update(started_at=timezone.now())
    JOBS[RosterState(row.state)].defer(roster_import=row.pk)
    return True


def bad_cells_csv(row: RosterImport) -> bytes:
    """Return every bad cell as a CSV that Excel opens; nothing in it can run as a formula."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow([_("Line"), _("Column"), _("Reason")])
    for line, column, reason in row.bad_cells.values_list("line", "column", "reason").iterator():
        writer.writerow([line, harmless(column), harmless(reason)])
    return text.getvalue().encode("utf-8-sig")


def harmless(text: str) -> str:
    """Return text that no spreadsheet takes for a formula."""
    first = unicodedata.normalize("NFKC", text[:1])
    return f"'{text}" if first in (*FORMULA_SIGNS, "\t", "\r", "\n") and first else text
