"""The page of the gate: one input, one verdict. With JavaScript it asks the API, without it posts this form."""

from typing import Any
from uuid import UUID, uuid4

from csp.constants import SELF, WASM_UNSAFE_EVAL
from csp.decorators import csp_update
from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods

from ticketing.api.gate import MOST_CODE_SIGNS, MOST_GATE_SIGNS, MOST_REASON_SIGNS
from ticketing.gate import (
    Decision,
    ForeignScan,
    NotUndoable,
    ScanIdReused,
    ScanRequest,
    UnknownScan,
    admit,
    undo,
)
from ticketing.models import Event, TicketStatus
from ticketing.models.gate import Reason
from ticketing.operators import Operator, operator_required

MOST_EVENTS = 60

# What the screen says about each refusal: what it is, and what to do.
WORDS: dict[Reason, tuple[Promise, Promise]] = {
    Reason.ALREADY_USED: (
        pgettext_lazy("verdict of the gate", "Used before"),
        gettext_lazy("Somebody entered with this ticket. Compare the holder with the student card."),
    ),
    Reason.EXPIRED_CODE: (
        pgettext_lazy("verdict of the gate", "Old code"),
        gettext_lazy("A picture, or a page that stands still. Let the ticket's page load again and scan it."),
    ),
    Reason.FORGED: (
        pgettext_lazy("verdict of the gate", "Not our code"),
        gettext_lazy("This text was not made by us, or it was altered."),
    ),
    Reason.VOID: (
        pgettext_lazy("verdict of the gate", "Void"),
        gettext_lazy("The student council has made this ticket void."),
    ),
    Reason.CANCELLED: (
        pgettext_lazy("verdict of the gate", "Cancelled"),
        gettext_lazy("This ticket was given back; its place may belong to somebody else."),
    ),
    Reason.WRONG_EVENT: (
        pgettext_lazy("verdict of the gate", "Another event"),
        gettext_lazy("A genuine ticket, but not for the event of this gate."),
    ),
    Reason.REHEARSAL: (
        pgettext_lazy("verdict of the gate", "Rehearsal"),
        gettext_lazy("Tickets of a rehearsal never open a gate."),
    ),
    Reason.UNKNOWN: (
        pgettext_lazy("verdict of the gate", "Unknown ticket"),
        gettext_lazy("A genuine code whose ticket is not here. Scan it again in a few seconds."),
    ),
}


# Why staff look a ticket up instead of scanning it; kept with the look-up as it was chosen.
LOOK_UP_REASONS = (
    pgettext_lazy("reason of a look-up", "The phone is empty"),
    pgettext_lazy("reason of a look-up", "The phone is lost or broken"),
    pgettext_lazy("reason of a look-up", "The page does not load"),
)


class ScanForm(forms.Form):
    """A code that was typed, or read by a scanner that types."""

    scan_id = forms.UUIDField()
    code = forms.CharField(max_length=MOST_CODE_SIGNS)
    gate = forms.CharField(max_length=MOST_GATE_SIGNS)
    event = forms.ModelChoiceField(Event.objects.all(), required=False)

    def clean_code(self) -> str:
        """Undo what a keyboard with caps lock does to the capitals of a code."""
        return str(self.cleaned_data["code"]).upper()


class UndoForm(forms.Form):
    """Which admission is taken back, and why."""

    undo = forms.UUIDField()
    reason = forms.CharField(max_length=MOST_REASON_SIGNS)
    gate = forms.CharField(max_length=MOST_GATE_SIGNS, required=False)
    event = forms.UUIDField(required=False)


# The reader of QR codes for browsers that have none is WebAssembly; no other page may compile any.
@csp_update({"script-src": [SELF, WASM_UNSAFE_EVAL]})
@require_http_methods(["GET", "HEAD", "POST"])
@operator_required
def gate(request: HttpRequest, operator: Operator) -> HttpResponse:
    """Show the gate; decide a scan or undo one for a browser without JavaScript."""
    if request.method != "POST":
        return page(request, operator, chosen=request.GET)
    if "undo" in request.POST:
        return take_back(request, operator)
    form = ScanForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Nothing was decided: a code and the name of the gate are needed."))
        return page(request, operator, chosen=request.POST, status=400)
    scan_id, decision = decide(form.cleaned_data, operator)
    return page(request, operator, chosen=request.POST, scan_id=scan_id, decision=decision)


def decide(asked: dict[str, Any], operator: Operator) -> tuple[UUID, Decision]:
    """Decide a scan; a page that was gone back to sends another code with its old id, which then gets a new one."""
    event = asked["event"].pk if asked["event"] else None

    def scan(scan_id: UUID) -> Decision:
        now = timezone.now()
        wanted = ScanRequest(
            scan_id=scan_id,
            code=asked["code"],
            gate=asked["gate"],
            scanned_at=now,
            event=event,
            user=operator.user,
            device=operator.device,
        )
        return admit(wanted, now=now)

    try:
        return asked["scan_id"], scan(asked["scan_id"])
    except ScanIdReused:
        fresh = uuid4()
        return fresh, scan(fresh)


def take_back(request: HttpRequest, operator: Operator) -> HttpResponse:
    """Undo an admission, then show the gate ready for the next scan."""
    if not operator.may("ticketing.change_scan"):
        raise PermissionDenied
    form = UndoForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Nothing was undone: a reason is needed."))
        return page(request, operator, chosen=request.POST, status=400)
    asked = form.cleaned_data
    try:
        undo(asked["undo"], reason=asked["reason"], user=operator.user, device=operator.device)
        messages.success(request, _("Undone. The ticket may enter again."))
    except (NotUndoable, UnknownScan, ForeignScan):
        messages.error(request, _("Nothing was undone: this scan does not hold a ticket in use any more."))
    chosen = {"gate": asked["gate"], "event": asked["event"] or ""}
    return HttpResponseRedirect(f"{reverse('gate')}?{urlencode(chosen)}")


def page(
    request: HttpRequest,
    operator: Operator,
    *,
    chosen: Any,
    scan_id: UUID | None = None,
    decision: Decision | None = None,
    status: int = 200,
) -> HttpResponse:
    """Render the gate with what it has chosen, and the verdict of a scan if there is one."""
    context = {
        "gate_name": (chosen.get("gate") or (operator.device.name if operator.device else ""))[
            :MOST_GATE_SIGNS
        ],
        "event_id": chosen.get("event", ""),
        "events": Event.objects.order_by("-opens_at", "id")[:MOST_EVENTS],
        "next_scan_id": uuid4(),
        "scan_id": scan_id,
        "decision": decision,
        "words": [(reason.value, *texts) for reason, texts in WORDS.items()],
        "answer": WORDS[decision.reason] if decision and decision.reason else None,
        "most_code": MOST_CODE_SIGNS,
        "most_gate": MOST_GATE_SIGNS,
        "most_reason": MOST_REASON_SIGNS,
        "device": operator.device,
        "may_undo": operator.may("ticketing.change_scan"),
        "may_look_up": operator.may("ticketing.add_gatelookup"),
        "look_up_reasons": LOOK_UP_REASONS,
        "statuses": TicketStatus.choices,
    }
    return render(request, "ticketing/gate.html", context, status=status)
