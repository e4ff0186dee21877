"""The API of the gate: scans and their undo, for staff with a session and for devices with a token."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.urls import URLPattern, path
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from festival.errors import Malformed
from ticketing import gate
from ticketing.api.bodies import read_json
from ticketing.api.callers import plain
from ticketing.api.contract import BY_STAFF_OR_DEVICE, NEVER_KEPT, PROBLEMS, ContractView
from ticketing.api.fields import Key, Moment, Text
from ticketing.models import Scan
from ticketing.models.gate import Mode, Reason, Verdict
from ticketing.operators import require_operator

MOST_CODE_SIGNS = 512
MOST_GATE_SIGNS = 40
MOST_REASON_SIGNS = 300


class ScanDocument(serializers.Serializer[None]):
    scan_id = Key(help_text="Made by the gate; the same id is answered again as it was answered first.")
    code = Text(
        max_length=MOST_CODE_SIGNS, trim_whitespace=False, help_text="The text of the QR, as it was read."
    )
    gate = Text(max_length=MOST_GATE_SIGNS)
    scanned_at = Moment(help_text="By the clock of the device.")
    mode = serializers.ChoiceField(Mode.values)
    look_up = Key(
        required=False,
        allow_null=True,
        help_text="With mode `lookup`: the look-up that has shown this ticket; `code` is the ticket's own then.",
    )
    event = Key(required=False, allow_null=True, help_text="The gate's event; tickets of others are refused.")


class HolderDocument(serializers.Serializer[None]):
    name = serializers.CharField()
    department = serializers.CharField(help_text="Empty for a guest.")
    student_number_end = serializers.CharField(help_text="Empty for a guest.")


class FirstUseDocument(serializers.Serializer[None]):
    at = serializers.DateTimeField()
    gate = serializers.CharField()


class VerdictDocument(serializers.Serializer[None]):
    verdict = serializers.ChoiceField(Verdict.values)
    reason = serializers.ChoiceField(Reason.values, allow_null=True)
    holder = HolderDocument(allow_null=True)
    zone = serializers.CharField(allow_null=True)
    number = serializers.IntegerField(allow_null=True)
    first_use = FirstUseDocument(allow_null=True)


class UndoDocument(serializers.Serializer[None]):
    reason = Text(max_length=MOST_REASON_SIGNS)


class UndoneDocument(serializers.Serializer[None]):
    scan_id = serializers.UUIDField()
    undone_at = serializers.DateTimeField()
    reason = serializers.CharField()


class ScansView(ContractView):
    """One scan, one verdict."""

    security = BY_STAFF_OR_DEVICE

    @extend_schema(
        operation_id="gate_scan",
        request=ScanDocument,
        responses={200: VerdictDocument, **PROBLEMS},
    )
    def post(self, request: Request) -> HttpResponse:
        operator = require_operator(plain(request), "ticketing.add_scan")
        asked = ScanDocument(data=read_json(plain(request)))
        asked.is_valid(raise_exception=True)
        facts = dict(asked.validated_data)
        if (facts.pop("mode") == Mode.LOOKUP) != bool(facts.get("look_up")):
            raise Malformed('{"mode": "lookup", "look_up": "…"}')
        decision = gate.admit(gate.ScanRequest(**facts, user=operator.user, device=operator.device))
        return private(verdict_document(decision))


class UndoView(ContractView):
    """Take an admission back; a device may do so with its own scans."""

    security = BY_STAFF_OR_DEVICE

    @extend_schema(
        operation_id="gate_undo",
        request=UndoDocument,
        responses={200: UndoneDocument, **PROBLEMS},
    )
    def post(self, request: Request, scan_id: str) -> HttpResponse:
        operator = require_operator(plain(request), "ticketing.change_scan")
        asked = UndoDocument(data=read_json(plain(request)))
        asked.is_valid(raise_exception=True)
        scan = gate.undo(
            scan_key(scan_id), **asked.validated_data, user=operator.user, device=operator.device
        )
        return private(undone_document(scan))


def scan_key(text: str) -> UUID:
    """Return a scan's id; a text that is none names no scan."""
    try:
        return UUID(text)
    except ValueError:
        raise gate.UnknownScan from None


def private(document: dict[str, Any]) -> JsonResponse:
    """Answer a document that names a person: nothing on the way keeps it."""
    return JsonResponse(document, headers=NEVER_KEPT)


def verdict_document(decision: gate.Decision) -> dict[str, Any]:
    """Return a decision in the words of the contract."""
    holder, first = decision.holder, decision.first_use
    return {
        "verdict": decision.verdict.value,
        "reason": decision.reason.value if decision.reason else None,
        "holder": {
            "name": holder.name,
            "department": holder.department,
            "student_number_end": holder.student_number_end,
        }
        if holder
        else None,
        "zone": decision.zone,
        "number": decision.number,
        "first_use": {"at": timezone.localtime(first.at).isoformat(), "gate": first.gate} if first else None,
    }


def undone_document(scan: Scan) -> dict[str, Any]:
    """Return when an admission was taken back, and why."""
    return {
        "scan_id": str(scan.pk),
        "undone_at": timezone.localtime(scan.undone_at).isoformat(),
        "reason": scan.undo_reason,
    }


gate_urlpatterns: list[URLPattern] = [
    path("gate/scans/", ScansView.as_view(), name="api-gate-scans"),
    path("gate/scans/<str:scan_id>/undo/", UndoView.as_view(), name="api-gate-undo"),
]
