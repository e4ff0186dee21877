"""Figures of a sale as the council reads them: counted in the rows, written with their thousands."""

from typing import Any

from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from ticketing.models import ACTIVE, LIVE, Ticket, TicketStatus, WaitingEntry, WaitingStatus

LIVE_TICKETS = Ticket.objects.filter(status__in=LIVE)
USED_TICKETS = Ticket.objects.filter(status=TicketStatus.USED)
GIVEN_TICKETS = LIVE_TICKETS.exclude(grant_reason="")
WAITING = WaitingEntry.objects.filter(status__in=ACTIVE)
OFFERED_PLACES = WaitingEntry.objects.filter(status=WaitingStatus.OFFERED)
EMPTY = "-"  # as the admin shows what is not there


def total(rows: QuerySet[Any], key: str, number: Count | Sum) -> Coalesce:
    """Return the total of the rows whose `key` names the outer row."""
    grouped = rows.filter(**{key: OuterRef("pk")}).order_by().values(key).annotate(total=number)
    return Coalesce(Subquery(grouped.values("total"), output_field=IntegerField()), 0)


def grouped(number: int) -> str:
    return str(number_format(number, use_l10n=True, force_grouping=True))


def places_of(made: int, wanted: int) -> str:
    """Return the number of places; while they are being made or taken away, the way to it."""
    if made == wanted:
        return grouped(wanted)
    return pgettext("places", "%(made)s of %(wanted)s") % {"made": grouped(made), "wanted": grouped(wanted)}


def places_on_the_way(made: int, wanted: int, free: int) -> str:
    """Return the number of places of a zone, and what stands between it and the wanted one."""
    if made == wanted:
        return grouped(wanted)
    figures = {"made": grouped(made), "wanted": grouped(wanted), "more": grouped(abs(made - wanted))}
    if made > wanted and not free:
        words = _("%(made)s, %(wanted)s wanted: the other %(more)s go only when tickets are cancelled")
        return words % figures
    return _("%(made)s, %(wanted)s wanted: on the way") % figures
