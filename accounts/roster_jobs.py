"""What the job worker does with an uploaded roster: reads it, saves it once it is confirmed, forgets what is left."""

from dataclasses import asdict
from datetime import timedelta

import pghistory
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from procrastinate.contrib.django import app

from accounts.models import RosterBadCell, RosterImport, RosterState, RosterUpload
from accounts.roster import Comparison, Counts, Options, compare, take_turn
from accounts.roster_file import BadCell, Roster, RosterRefused, read

MOST_BAD = 20_000
KEPT = timedelta(days=1)
OPEN = (RosterState.READING, RosterState.BAD, RosterState.READY, RosterState.SAVING)
LONGEST_COLUMN, LONGEST_REASON = 100, 300


class TooManyBad(RosterRefused):
    """So many cells are bad that reading has stopped."""


class RosterMoved(Exception):
    """Between the preview and its confirmation the roster has changed."""


@app.task(queue="roster")
def read_upload(roster_import: int) -> None:
    """Read an uploaded file beside the roster, for the preview; one that waits no more is nothing to do."""
    asked = RosterImport.objects.filter(pk=roster_import, state=RosterState.READING)
    if (row := asked.first()) is None:
        return
    with translation.override(row.language):
        bad: list[BadCell] = []
        try:
            roster = read(content_of(row))
            asked.update(kind=roster.table.kind, sheet=roster.table.sheet[:LONGEST_COLUMN])
            found = compare(
                roster,
                options_of(row),
                on_bad=lambda cell: keep(cell, bad),
                on_progress=lambda rows: note_progress(roster_import, rows),
            )
        except TooManyBad as error:
            finish_reading(row.pk, RosterState.BAD, bad, told=str(error.detail))
        except RosterRefused as error:
            finish_reading(row.pk, RosterState.FAILED, [], told=str(error.detail))
        except Exception:
            finish_reading(row.pk, RosterState.FAILED, [], told=_("A fault of the system: please try again."))
            raise
        else:
            state = RosterState.BAD if bad else RosterState.READY
            finish_reading(row.pk, state, bad, found=found)


def keep(cell: BadCell, bad: list[BadCell]) -> None:
    """Keep a bad cell; a file that is bad all over is not read to its end."""
    bad.append(cell)
    if len(bad) >= MOST_BAD:
        words = _(
            "%(most)d cells are bad: the rest of the file was not read. Is a column in the wrong place?"
        )
        raise TooManyBad(words % {"most": MOST_BAD})


def note_progress(roster_import: int, rows: int) -> None:
    """Let the page show how far reading is."""
    RosterImport.objects.filter(pk=roster_import).update(rows_read=rows)


def content_of(row: RosterImport) -> bytes:
    """Return the uploaded file."""
    return bytes(RosterUpload.objects.values_list("content", flat=True).get(roster_import=row))


def options_of(row: RosterImport) -> Options:
    """Return how whoever uploaded the file meant it."""
    return Options(complete=row.complete, mixed_lengths=row.mixed_lengths)


@transaction.atomic
def finish_reading(
    roster_import: int,
    state: RosterState,
    bad: list[BadCell],
    *,
    found: Comparison | None = None,
    told: str = "",
) -> None:
    """Write down what reading has found, unless the upload was discarded meanwhile; only a good file is kept."""
    waiting = RosterImport.objects.select_for_update(no_key=True).filter(
        pk=roster_import, state=RosterState.READING
    )
    if (row := waiting.first()) is None:
        return
    row.state, row.bad = state, len({cell.line for cell in bad})
    row.told = told or row.told
    if found:
        row.added, row.changed, row.unchanged, row.gone = asdict(found.counts).values()
        row.rows_read = found.read
        row.sample = found.sample if state == RosterState.READY else {}
    row.save()
    row.bad_cells.all().delete()
    RosterBadCell.objects.bulk_create(
        [
            RosterBadCell(
                roster_import=row,
                line=cell.line,
                column=cell.column[:LONGEST_COLUMN],
                reason=str(cell.reason)[:LONGEST_REASON],
            )
            for cell in bad
        ],
        batch_size=2000,
    )
    if state != RosterState.READY:
        RosterUpload.objects.filter(roster_import=row).delete()


@app.task(queue="roster")
def save_upload(roster_import: int) -> None:
    """Bring the roster to a confirmed file, in one transaction; one that is not confirmed is nothing to do."""
    asked = RosterImport.objects.filter(pk=roster_import, state=RosterState.SAVING)
    if (row := asked.first()) is None:
        return
    with translation.override(row.language), pghistory.context(user=row.confirmed_by_id, route="roster"):
        try:
            save(row, read(content_of(row)))
        except RosterMoved:
            words = _("The roster has changed since this preview was made: please look at it once more.")
            asked.update(state=RosterState.READING, confirmed_by=None, started_at=timezone.now(), told=words)
            read_upload.defer(roster_import=roster_import)
        except Exception:
            told = _("A fault of the system: nothing was saved. Please upload the file again.")
            if asked.update(state=RosterState.FAILED, confirmed_by=None, told=told):
                forget(roster_import)
            raise


@transaction.atomic
def save(row: RosterImport, roster: Roster) -> None:
    """Save exactly what the preview has shown, or raise RosterMoved; whoever discards meanwhile comes too late."""
    locked = RosterImport.objects.select_for_update(no_key=True).filter(pk=row.pk, state=RosterState.SAVING)
    if not locked.exists():
        return
    take_turn()
    found = compare(roster, options_of(row), on_bad=lambda _cell: None, save=True)
    if found.bad_lines or found.counts != Counts(row.added, row.changed, row.unchanged, row.gone):
        raise RosterMoved
    RosterImport.objects.filter(pk=row.pk).update(
        state=RosterState.CONFIRMED, confirmed_at=timezone.now(), told=""
    )
    forget(row.pk)


def forget(*roster_imports: int) -> None:
    """Delete files, examples and bad cells; who handed in what, and the numbers, stay."""
    RosterUpload.objects.filter(roster_import__in=roster_imports).delete()
    RosterBadCell.objects.filter(roster_import__in=roster_imports).delete()
    RosterImport.objects.filter(pk__in=roster_imports).update(sample={})


@app.periodic(cron="17 * * * *")
@app.task(queue="roster", queueing_lock="forget old rosters")
def forget_old_uploads(timestamp: int) -> None:
    """Discard uploads that nobody has decided for a day; with them go their bad cells."""
    with transaction.atomic():
        old = RosterImport.objects.filter(state__in=OPEN, uploaded_at__lt=timezone.now() - KEPT)
        keys = list(old.select_for_update(no_key=True).values_list("pk", flat=True))
        RosterImport.objects.filter(pk__in=keys).update(state=RosterState.DISCARDED, confirmed_by=None)
        forget(*keys)
