"""What a gate asks beside its scans: the ticket of somebody whose phone is dead, and how it goes."""

from typing import Any

from django.http import HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from ticketing import gate_lookups, gate_standing
from ticketing.api.bodies import read_json
from ticketing.api.callers import plain
from ticketing.api.contract import BY_STAFF_OR_DEVICE, PROBLEMS, ContractView
from ticketing.api.fields import Key, Text
from ticketing.api.gate import MOST_GATE_SIGNS, MOST_REASON_SIGNS, HolderDocument, private
from ticketing.holders import holder_of
from ticketing.models import Scan, Ticket, TicketStatus
from ticketing.models.gate import Reason, Verdict
from ticketing.operators import Operator, require_operator

MOST_ASKED_SIGNS = 100


class LookUpAsked(serializers.Serializer[None]):
    asked = Text(max_length=MOST_ASKED_SIGNS, help_text="A whole student number, or a whole name.")
    reason = Text(max_length=MOST_REASON_SIGNS)
    gate = Text(max_length=MOST_GATE_SIGNS)
    event = Key(
        required=False, allow_null=True, help_text="The gate's event; without it, all but rehearsals."
    )


class FoundTicketDocument(serializers.Serializer[None]):
    code = serializers.CharField(help_text="Goes into a scan with mode `lookup`.")
    event = serializers.CharField()
    zone = serializers.CharField()
    number = serializers.IntegerField()
    status = serializers.ChoiceField(TicketStatus.values)
    holder = HolderDocument()


class LookUpDocument(serializers.Serializer[None]):
    look_up = serializers.UUIDField(help_text="Good for a scan by whoever looked, for five minutes.")
    results = FoundTicketDocument(many=True, help_text="Five at most.")
    more = serializers.BooleanField(help_text="There are more than five: ask for the student number.")
    left = serializers.IntegerField(help_text="How many look-ups are left at present.")


class StandingAsked(serializers.Serializer[None]):
    gate = Text(max_length=MOST_GATE_SIGNS)
    event = Key(required=False, allow_null=True)


class CountsDocument(serializers.Serializer[None]):
    admitted = serializers.IntegerField()
    refused = serializers.IntegerField()


class EnteredDocument(serializers.Serializer[None]):
    zone = serializers.CharField()
    entered = serializers.IntegerField()
    tickets = serializers.IntegerField()


class LastScanDocument(serializers.Serializer[None]):
    scan_id = serializers.UUIDField()
    at = serializers.DateTimeField()
    verdict = serializers.ChoiceField(Verdict.values)
    reason = serializers.ChoiceField(Reason.values, allow_null=True)
    name = serializers.CharField(help_text="Empty when the code named nobody.")
    zone = serializers.CharField(allow_null=True)
    undone = serializers.BooleanField()
    undoable = serializers.BooleanField()


class StandingDocument(serializers.Serializer[None]):
    gate = CountsDocument(help_text="Of the gate of this name since five in the morning.")
    zones = EnteredDocument(many=True, help_text="Of the gate's event; empty without one.")
    scans = LastScanDocument(many=True, help_text="The last ten; a device sees its own only.")


class LookUpsView(ContractView):
    """Find a ticket by exact number or whole name; every look-up is recorded with who, when and why."""

    security = BY_STAFF_OR_DEVICE

    @extend_schema(
        operation_id="gate_look_up", request=LookUpAsked, responses={200: LookUpDocument, **PROBLEMS}
    )
    def post(self, request: Request) -> HttpResponse:
        operator = require_operator(plain(request), "ticketing.add_gatelookup")
        asked = LookUpAsked(data=read_json(plain(request)))
        asked.is_valid(raise_exception=True)
        wanted = gate_lookups.LookUpRequest(
            **asked.validated_data, user=operator.user, device=operator.device
        )
        return private(found_document(gate_lookups.look_up(wanted)))


class StandingView(ContractView):
    """How it goes at this gate."""

    security = BY_STAFF_OR_DEVICE

    @extend_schema(
        operation_id="gate_standing",
        parameters=[
            OpenApiParameter("gate", str, required=True),
            OpenApiParameter("event", str, description="the gate's event"),
        ],
        responses={200: StandingDocument, **PROBLEMS},
    )
    def get(self, request: Request) -> HttpResponse:
        operator = require_operator(plain(request), "ticketing.add_scan")
        asked = StandingAsked(data={key: value for key, value in request.query_params.items() if value})
        asked.is_valid(raise_exception=True)
        facts = asked.validated_data
        found = gate_standing.standing(gate=facts["gate"], event=facts.get("event"), device=operator.device)
        return private(standing_document(found, operator))


def found_document(found: gate_lookups.Found) -> dict[str, Any]:
    """Return a look-up in the words of the contract."""
    return {
        "look_up": str(found.look_up.pk),
        "results": [ticket_document(ticket) for ticket in found.tickets],
        "more": found.more,
        "left": found.left,
    }


def ticket_document(ticket: Ticket) -> dict[str, Any]:
    """Return what the gate learns of a ticket before it lets anybody in by it."""
    holder = holder_of(ticket)
    return {
        "code": ticket.code,
        "event": ticket.event.display_name,
        "zone": ticket.zone.name,
        "number": ticket.number,
        "status": ticket.status,
        "holder": {
            "name": holder.name,
            "department": holder.department,
            "student_number_end": holder.student_number_end,
        },
    }


def standing_document(found: gate_standing.Standing, operator: Operator) -> dict[str, Any]:
    """Return the figures of a gate and its last scans."""
    may_undo = operator.may("ticketing.change_scan")
    return {
        "gate": found.gate,
        "zones": found.zones,
        "scans": [scan_document(scan, may_undo=may_undo) for scan in found.scans],
    }


def scan_document(scan: Scan, *, may_undo: bool) -> dict[str, Any]:
    """Return a scan as the list of a gate shows it: no department, no number."""
    ticket, undone = scan.ticket, scan.undone_at is not None
    return {
        "scan_id": str(scan.pk),
        "at": timezone.localtime(scan.received_at).isoformat(),
        "verdict": scan.verdict,
        "reason": scan.reason,
        "name": holder_of(ticket).name if ticket else "",
        "zone": ticket.zone.name if ticket else None,
        "undone": undone,
        "undoable": may_undo and scan.verdict == Verdict.ADMIT and not undone,
    }


gate_desk_urlpatterns: list[URLPattern] = [
    path("gate/look-ups/", LookUpsView.as_view(), name="api-gate-look-ups"),
    path("gate/standing/", StandingView.as_view(), name="api-gate-standing"),
]
