"""What all calls of the contract share: how they are told in OpenAPI, and that we ask ourselves who calls."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from drf_spectacular.openapi import AutoSchema
from rest_framework.request import Request
from rest_framework.views import APIView

from ticketing.api.serializers import Problem

PROBLEMS = {(status, "application/problem+json"): Problem for status in ("4XX", "5XX")}
NEVER_KEPT = {"Cache-Control": "private, no-store"}
ASK_AGAIN = {"Cache-Control": "no-cache"}

Ways = Sequence[Mapping[str, Sequence[str]]]
CSRF: Mapping[str, Sequence[str]] = {"csrfCookie": [], "csrfToken": []}
BY_PASS: Ways = [{"claimPass": [], **CSRF}]
BY_SESSION: Ways = [{"session": []}]
BY_SESSION_WRITING: Ways = [{"session": [], **CSRF}]
BY_STAFF_OR_DEVICE: Ways = [*BY_SESSION_WRITING, {"gateDevice": []}]


class ContractSchema(AutoSchema):
    """Tells OpenAPI the ways to be let in that a view names (settings.SPECTACULAR_SETTINGS describes each)."""

    def get_auth(self) -> list[dict[str, Any]]:
        return [dict(way) for way in getattr(self.view, "security", ())]


class ContractView(APIView):
    """A call of the contract; who may make it is asked in the contract's order, by `ticketing/api/callers.py`."""

    schema = ContractSchema()
    security: ClassVar[Ways] = ()

    def perform_authentication(self, request: Request) -> None:
        """Leave the user of Django's session in place: the framework would put nobody there."""
