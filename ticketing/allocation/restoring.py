"""Takes a receipt back: what it says was decided becomes a row again, if that is lost and nothing later contradicts.

A receipt is proof of more than its own claim. Who got a place had a higher generation than everybody before; who won
held nothing else. So tickets and entries that the rows still have, and that a receipt shows to have ended before it,
end now. A receipt that rows show to be older than what they know restores nothing.

Rows that are behind are a beginning of what happened, in order. So a claim that they lack came after all that they
have: a bar among it was lifted again.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils.translation import gettext as _
from django.utils.translation import override

from ticketing.allocation import at_authority, recoveries
from ticketing.allocation.answering import holding, waiting_list
from ticketing.allocation.base import Decision, Outcome
from ticketing.allocation.turns import clock, known, lock
from ticketing.models import (
    ACTIVE,
    LIVE,
    Authority,
    Claim,
    Event,
    EventState,
    Place,
    Recovery,
    SaleCounter,
    Ticket,
    TicketStatus,
    WaitingEntry,
    WaitingStatus,
    Zone,
    ZoneState,
)
from ticketing.models.authority import Answer
from ticketing.receipts import Receipt, milliseconds


class Restored(StrEnum):
    """What became of a receipt that was presented."""

    RESTORED = "restored"
    PRESENT = "present"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True)
class Restoration:
    """The answer to a receipt: what became of it, and what the student has by it; nothing when it is superseded."""

    result: Restored
    outcome: Outcome | None = None


SUPERSEDED = Restoration(Restored.SUPERSEDED)


def restore(receipt: Receipt) -> Restoration:
    """Restore a claim that was lost, or say what it has become; the student's right to it is the caller's to check.

    Raises Recovering while a loss is noticed and nobody knows yet what is left, Unavailable when nobody can be asked.
    """
    event = Event.objects.filter(pk=receipt.event_id).first()
    if event is None:
        return SUPERSEDED
    if recoveries.is_recovering(event.group_key):
        with transaction.atomic():
            counter = lock(event.group_key, whoever_decides=True)
            if counter.authority == Authority.RECOVERING:
                return Recalled(receipt, event, counter).judge()
    outcome = at_authority(
        event.pk, lambda authority: authority.last_answer(event_id=event.pk, student_id=receipt.student_id)
    )
    return Restoration(Restored.PRESENT, outcome) if is_of(outcome, receipt) else SUPERSEDED


def is_of(outcome: Outcome | None, receipt: Receipt) -> bool:
    """Tell whether what a student has comes of the receipt's claim."""
    if outcome is None:
        return False
    has = outcome.ticket or outcome.waits
    return has is not None and has.claim_id == receipt.claim_id


@dataclass(frozen=True, slots=True)
class Recalled:
    """A receipt under its group's lock, while the sale is recovering."""

    receipt: Receipt
    event: Event
    counter: SaleCounter

    def judge(self) -> Restoration:
        """Say what the rows have of the claim; without anything restore it, if nothing speaks against it."""
        receipt = self.receipt
        ticket = Ticket.objects.filter(claim_id=receipt.claim_id).select_related("zone").first()
        if ticket is not None:
            if ticket.status not in LIVE:
                return SUPERSEDED
            return Restoration(Restored.PRESENT, holding(Decision.WON, ticket))
        entry = WaitingEntry.objects.filter(claim_id=receipt.claim_id).select_related("offered_zone").first()
        if entry is not None and (entry.status not in ACTIVE or receipt.zone_id is None):
            if entry.status not in ACTIVE:
                return SUPERSEDED
            return Restoration(Restored.PRESENT, waiting_list(entry))
        if self.is_late() or self.has_newer():
            return SUPERSEDED
        place = self.place() if receipt.zone_id is not None else None
        if receipt.zone_id is not None and place is None:
            return SUPERSEDED
        self.end_what_was_before()
        outcome = self.give(place, entry) if place is not None else self.let_wait()
        self.count()
        return Restoration(Restored.RESTORED, outcome)

    def is_late(self) -> bool:
        """Tell whether the receipt is over, or is from before a recovery that has ended: others may have the place."""
        before = recoveries.last_end(self.counter.group)
        return clock() >= self.receipt.deadline or (before is not None and self.receipt.at < before)

    def has_newer(self) -> bool:
        """Tell whether the student has since got something that nobody gets who still has what the receipt says."""
        held = Ticket.objects.filter(
            limit_group=self.counter.group, student=self.receipt.student_id, status__in=LIVE
        ).first()
        if held is not None and (held.status == TicketStatus.USED or not self.is_before(held.issued_at)):
            return True
        entry = self.own_entry()
        return entry is not None and not self.is_before(entry.since)

    def own_entry(self) -> WaitingEntry | None:
        """Return the student's active entry of the event's list that another claim made."""
        entries = WaitingEntry.objects.filter(
            event=self.event, student=self.receipt.student_id, status__in=ACTIVE
        )
        return entries.exclude(claim_id=self.receipt.claim_id).first()

    def is_before(self, at: datetime) -> bool:
        """Tell whether something was earlier than the receipt, in the milliseconds that receipts count."""
        return milliseconds(at) <= milliseconds(self.receipt.at)

    def place(self) -> Place | None:
        """Return the receipt's place, ready to be given to it; None when somebody had it later.

        A capacity that was raised and then lost may have left no row of it.
        """
        receipt = self.receipt
        if not Zone.objects.filter(pk=known(receipt.zone_id), event=self.event).exists():
            return None
        number, generation = known(receipt.number), known(receipt.generation)
        place = Place.objects.filter(zone=receipt.zone_id, number=number).first()
        if place is None:
            given = Ticket.objects.filter(zone=receipt.zone_id, number=number, generation__gte=generation)
            if given.exists():
                return None
            place = Place.objects.create(
                zone_id=known(receipt.zone_id), number=number, generation=generation - 1
            )
            made = Place.objects.filter(zone=receipt.zone_id).count()
            ZoneState.objects.update_or_create(zone_id=receipt.zone_id, defaults={"capacity": made})
        offered = self.offer_of(place)
        if offered is not None and offered.claim_id == receipt.claim_id:
            return place if offered.offered_generation == generation else None
        if place.generation >= generation:
            return None
        held = Ticket.objects.filter(place=place, status=TicketStatus.USED)
        return None if held.exists() else place

    def offer_of(self, place: Place) -> WaitingEntry | None:
        """Return the entry that a place is held back for."""
        return WaitingEntry.objects.filter(
            offered_zone=place.zone_id, offered_number=place.number, status=WaitingStatus.OFFERED
        ).first()

    def end_what_was_before(self) -> None:
        """End what the receipt shows to have ended before it: whoever had its place, what its student had."""
        receipt, now = self.receipt, clock()
        student_had = Ticket.objects.filter(
            limit_group=self.counter.group, student=receipt.student_id, status=TicketStatus.HELD
        )
        place_had = Ticket.objects.none()
        offered = WaitingEntry.objects.none()
        if receipt.zone_id is not None and receipt.number is not None:
            place_had = Ticket.objects.filter(
                zone=receipt.zone_id, number=receipt.number, status=TicketStatus.HELD
            ).exclude(student=receipt.student_id)
            offered = WaitingEntry.objects.filter(
                offered_zone=receipt.zone_id, offered_number=receipt.number, status=WaitingStatus.OFFERED
            )
        with override(settings.LANGUAGE_CODE):
            reason = _("A later receipt shows that it had ended; that was lost.")
        for ticket in [*student_had, *place_had]:
            Ticket.objects.filter(pk=ticket.pk).update(
                status=TicketStatus.CANCELLED, ended_at=now, reason=reason
            )
            Place.objects.filter(pk=known(ticket.place_id)).update(free=True)
        own = self.own_entry()
        for other in [*([own] if own else []), *offered.exclude(claim_id=receipt.claim_id)]:
            self.end_entry(other, WaitingStatus.LEFT, now)

    def end_entry(self, entry: WaitingEntry, status: WaitingStatus, now: datetime) -> None:
        """End an entry; a place that was held back for it is free."""
        if entry.status == WaitingStatus.OFFERED:
            held_back = Place.objects.filter(
                zone=known(entry.offered_zone_id), number=known(entry.offered_number)
            )
            held_back.update(free=True)
        WaitingEntry.objects.filter(pk=entry.pk).update(status=status, changed_at=now)

    def give(self, place: Place, entry: WaitingEntry | None) -> Outcome:
        """Write the ticket as it was; an entry of the list that had become it says so."""
        receipt = self.receipt
        if entry is not None:
            self.end_entry(entry, WaitingStatus.PROMOTED, clock())
        Place.objects.filter(pk=place.pk).update(free=False, generation=known(receipt.generation))
        with override(settings.LANGUAGE_CODE):
            given = _("Restored from a receipt.") if receipt.arrival is None else ""
        ticket = Ticket.objects.create(
            claim_id=receipt.claim_id,
            event=self.event,
            limit_group=self.counter.group,
            zone_id=place.zone_id,
            place=place,
            number=place.number,
            generation=known(receipt.generation),
            student_id=receipt.student_id,
            code=known(receipt.code),
            arrival=receipt.arrival,
            elapsed_ms=receipt.elapsed_ms,
            issued_at=receipt.at,
            grant_reason=given,
        )
        self.write_claim(Answer.WON, [ticket.zone.name])
        return holding(Decision.WON, ticket)

    def let_wait(self) -> Outcome:
        """Write the entry of the waiting list as it was."""
        receipt = self.receipt
        names = dict(Zone.objects.filter(event=self.event, pk__in=receipt.wanted).values_list("pk", "name"))
        wanted = [zone for zone in receipt.wanted if zone in names]
        entry = WaitingEntry.objects.create(
            claim_id=receipt.claim_id,
            event=self.event,
            student_id=receipt.student_id,
            zones=wanted,
            arrival=known(receipt.arrival),
            elapsed_ms=known(receipt.elapsed_ms),
            since=receipt.at,
        )
        self.write_claim(Answer.WAITLISTED, [names[zone] for zone in wanted])
        return waiting_list(entry)

    def write_claim(self, answer: Answer, names: list[str]) -> None:
        """Write the counted press, unless the rows have it, or another one has its number since."""
        receipt = self.receipt
        if receipt.arrival is None:
            return
        counted = Claim.objects.filter(group=self.counter.group, arrival=receipt.arrival)
        if counted.exists() or Claim.objects.filter(pk=receipt.claim_id).exists():
            return
        Claim.objects.create(
            id=receipt.claim_id,
            event=self.event,
            group=self.counter.group,
            student_id=receipt.student_id,
            arrival=receipt.arrival,
            decided_at=receipt.at,
            elapsed_ms=known(receipt.elapsed_ms),
            answer=answer,
            zones=names,
        )

    def count(self) -> None:
        """Move the group's numbers to where the receipt shows them to have been."""
        receipt = self.receipt
        SaleCounter.objects.filter(pk=self.counter.pk).update(
            arrival=Greatest(F("arrival"), receipt.arrival or 0),
            last_at=Greatest(F("last_at"), receipt.at) if self.counter.last_at else receipt.at,
        )
        EventState.objects.filter(event=self.event, event__opens_at__lte=receipt.at).update(
            opening=self.event.opens_at
        )
        Recovery.objects.filter(group=self.counter.group, ended_at=None).update(restored=F("restored") + 1)
