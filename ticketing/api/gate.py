"""The API of the gate: scans and their undo, for staff with a session and for devices with a token."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, path
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from accounts.models import User
from accounts.permissions import has_second_factor
from festival.errors import LoginRequired
from ticketing import gate
from ticketing.api.bodies import read_json
from ticketing.api.callers import plain, require_csrf
from ticketing.api.contract import BY_STAFF_OR_DEVICE, NEVER_KEPT, PROBLEMS, ContractView
from ticketing.devices import device_of
from ticketing.models import GateDevice, Scan
from ticketing.models.gate import Reason, Verdict

MOST_CODE_SIGNS = 512
MOST_GATE_SIGNS = 40
MOST_REASON_SIGNS = 300
OLDEST, NEWEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Operator:
    """Who stands at the gate: staff, or a device; never both."""

    user: User | None = None
    device: GateDevice | None = None


def require_operator(request: HttpRequest, permission: str) -> Operator:
    """Return the device of the token, else the staff of the session.

    A wrong token is refused even beside a good session: what a client shows is what it is judged by. A token is
    shown on purpose, so it needs no CSRF check; a session's cookie is sent by itself.
    """
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        device = device_of(token.strip())
        if device is None:
            raise LoginRequired
        return Operator(device=device)
    user = request.user
    if not isinstance(user, User) or not user.is_active:
        raise LoginRequired
    if not (user.is_staff and user.has_perm(permission) and has_second_factor(request)):
        raise PermissionDenied
    require_csrf(request)
    return Operator(user=user)


class Text(serializers.CharField):
    """A JSON string, never a number taken for one; without NUL and lone surrogates."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Key(serializers.UUIDField):
    """A UUID as a string of 36 signs."""

    def to_internal_value(self, data: Any) -> UUID:
        if not isinstance(data, str) or len(data) != len(str(UUID(int=0))):
            self.fail("invalid", value="")
        return super().to_internal_value(data)


class Moment(serializers.DateTimeField):
    """A time of ISO 8601 with its offset, of this age."""

    def to_internal_value(self, value: Any) -> datetime:
        if not isinstance(value, str) or not _MOMENT.fullmatch(value):
            self.fail("invalid", format="2026-05-20T18:03:11.250+09:00")
        moment = super().to_internal_value(value)
        if not OLDEST <= moment < NEWEST:
            self.fail("invalid", format="2026-05-20T18:03:11.250+09:00")
        return moment


class ScanDocument(serializers.Serializer[None]):
    scan_id = Key(help_text="Made by the gate; the same id is answered again as it was answered first.")
    code = Text(
        max_length=MOST_CODE_SIGNS, trim_whitespace=False, help_text="The text of the QR, as it was read."
    )
    gate = Text(max_length=MOST_GATE_SIGNS)
    scanned_at = Moment(help_text="By the clock of the device.")
    mode = serializers.ChoiceField(["online"])
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
        facts = {key: value for key, value in asked.validated_data.items() if key != "mode"}
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
