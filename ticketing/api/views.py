"""The API of students and of everybody: parse, call one step, answer."""

from uuid import UUID

from django.core.cache import caches
from django.http import HttpResponse, JsonResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, PolymorphicProxySerializer, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from ticketing import claims, events, keeping, presenting, tickets, waiting
from ticketing.allocation import allocator_of
from ticketing.api import answers, serializers
from ticketing.api.bodies import read_json, read_receipt, read_zones
from ticketing.api.callers import require_claimant, require_csrf, require_student
from ticketing.api.contract import (
    ASK_AGAIN,
    BY_PASS,
    BY_SESSION,
    BY_SESSION_WRITING,
    NEVER_KEPT,
    PROBLEMS,
    ContractView,
)
from ticketing.api.pagination import asked, listing, page
from ticketing.errors import NoClaim, UnknownEvent, UnknownTicket
from ticketing.models import Ticket
from ticketing.presenting import Superseded
from ticketing.qr import code_text
from ticketing.signing import TicketCode, parse_ticket_code

CURSOR = [OpenApiParameter("cursor", str), OpenApiParameter("limit", int)]


def event_key(text: str) -> UUID:
    """Return an event's key; a text that is none names no event."""
    try:
        return UUID(text)
    except ValueError:
        raise UnknownEvent from None


def ticket_code(text: str) -> TicketCode:
    """Return a ticket's code; a text that is none names no ticket."""
    code = parse_ticket_code(text)
    if code is None:
        raise UnknownTicket
    return code


class ClockView(ContractView):
    """The clock that decides."""

    @extend_schema(
        operation_id="read_clock",
        parameters=[OpenApiParameter("event", UUID)],
        responses={200: serializers.Clock, **PROBLEMS},
    )
    def get(self, request: Request) -> HttpResponse:
        event = request.GET.get("event")
        now = allocator_of(event_key(event)).now() if event else timezone.now()
        return JsonResponse({"now_ms": round(now.timestamp() * 1000)}, headers=NEVER_KEPT)


class EventsView(ContractView):
    """All events by their opening, at most a second old."""

    @extend_schema(
        operation_id="list_events",
        parameters=CURSOR,
        responses={200: serializers.EventList, **PROBLEMS},
    )
    def get(self, request: Request) -> Response:
        cursor, size = asked(request._request)
        key = f"events:{cursor.text() if cursor else ''}:{size}"
        found = caches["process"].get(key)
        if found is None:
            rows = page(events.events_with_state(), order=("opens_at", "id"), cursor=cursor, size=size)
            found = events.documents(rows.rows), rows.next, rows.previous
            caches["process"].set(key, found, events.FRESH_SECONDS)
        return Response(listing(request._request, *found), headers=ASK_AGAIN)


class EventView(ContractView):
    """One event, at most a second old."""

    @extend_schema(operation_id="read_event", responses={200: serializers.EventDocument, **PROBLEMS})
    def get(self, request: Request, event_id: str) -> Response:
        return Response(events.public_event(event_key(event_id)), headers=ASK_AGAIN)


class ClaimsView(ContractView):
    """A student's press."""

    security = BY_PASS

    @extend_schema(
        operation_id="claim",
        request=serializers.ClaimRequest,
        responses={
            200: serializers.ClaimAnswer,
            201: serializers.ClaimAnswer,
            202: serializers.WaitingAnswer,
            **PROBLEMS,
        },
    )
    def post(self, request: Request, event_id: str) -> HttpResponse:
        claimant = require_claimant(request)
        require_csrf(request)
        zones = read_zones(read_json(request._request))
        outcome = claims.claim(event_id=event_key(event_id), zones=zones, claimant=claimant)
        response = answers.claim_answer(outcome)
        keeping.keep(request._request, response, outcome)
        return response


class MyClaimView(ContractView):
    """What the student was answered last, for a reload or a new phone."""

    security = BY_SESSION

    @extend_schema(
        operation_id="read_my_claim",
        responses={
            200: PolymorphicProxySerializer(
                "MyClaim", [serializers.ClaimAnswer, serializers.WaitingAnswer], "outcome", many=False
            ),
            **PROBLEMS,
        },
    )
    def get(self, request: Request, event_id: str) -> HttpResponse:
        student = require_student(request)
        outcome = keeping.find(request.COOKIES, student, event_key(event_id)).outcome
        if outcome is None:
            raise NoClaim
        response = JsonResponse(answers.document(outcome), headers=NEVER_KEPT)
        keeping.keep(request._request, response, outcome)
        return response


class ReceiptsView(ContractView):
    """Give a receipt back: what it was given for is there, or is restored."""

    security = BY_SESSION_WRITING

    @extend_schema(
        operation_id="present_receipt",
        request=serializers.ReceiptRequest,
        responses={
            200: PolymorphicProxySerializer(
                "Restored", [serializers.ClaimAnswer, serializers.WaitingAnswer], "outcome", many=False
            ),
            **PROBLEMS,
        },
    )
    def post(self, request: Request) -> HttpResponse:
        student = require_student(request)
        require_csrf(request)
        outcome = presenting.present(student, read_receipt(read_json(request._request))).outcome
        if outcome is None:
            raise Superseded
        response = JsonResponse(answers.document(outcome), headers=NEVER_KEPT)
        keeping.keep(request._request, response, outcome)
        return response


class LeaveView(ContractView):
    """Leave the waiting list."""

    security = BY_SESSION_WRITING

    @extend_schema(
        operation_id="leave_waiting_list",
        request=None,
        responses={200: serializers.LeftDocument, **PROBLEMS},
    )
    def post(self, request: Request, event_id: str) -> HttpResponse:
        student = require_student(request)
        require_csrf(request)
        key = event_key(event_id)
        waiting.leave(event_id=key, student=student)
        response = JsonResponse({"outcome": "left"}, headers=NEVER_KEPT)
        keeping.drop(request._request, response, key)
        return response


class AcceptView(ContractView):
    """Accept the place that is held back for the student."""

    security = BY_SESSION_WRITING

    @extend_schema(
        operation_id="accept_offer", request=None, responses={200: serializers.ClaimAnswer, **PROBLEMS}
    )
    def post(self, request: Request, event_id: str) -> HttpResponse:
        student = require_student(request)
        require_csrf(request)
        outcome = waiting.accept(event_id=event_key(event_id), student=student)
        response = answers.accept_answer(outcome)
        keeping.keep(request._request, response, outcome)
        return response


class TicketsView(ContractView):
    """The student's own tickets, newest first."""

    security = BY_SESSION

    @extend_schema(
        operation_id="list_my_tickets",
        parameters=CURSOR,
        responses={200: serializers.TicketList, **PROBLEMS},
    )
    def get(self, request: Request) -> Response:
        student = require_student(request)
        cursor, size = asked(request._request)
        found = page(tickets.tickets_of(student), order=("-issued_at", "-id"), cursor=cursor, size=size)
        fresh = [] if cursor else tickets.just_won(student)[0]
        results = serializers.TicketDocument([*fresh, *found.rows], many=True).data
        return Response(listing(request._request, results, found.next, found.previous), headers=NEVER_KEPT)


class QrView(ContractView):
    """What the QR of the student's ticket says now."""

    security = BY_SESSION

    @extend_schema(operation_id="read_qr", responses={200: serializers.QrDocument, **PROBLEMS})
    def get(self, request: Request, code: str) -> HttpResponse:
        ticket = tickets.own_ticket(require_student(request), ticket_code(code))
        now_ms = round(timezone.now().timestamp() * 1000)
        qr = code_text(TicketCode(ticket.code), generation=ticket.generation, now_ms=now_ms)
        document = {"text": qr.text, "valid_until_ms": qr.valid_until_ms}
        return JsonResponse(document, headers=NEVER_KEPT)


class CancelView(ContractView):
    """Give the ticket back."""

    security = BY_SESSION_WRITING

    @extend_schema(
        operation_id="cancel_ticket",
        request=None,
        responses={200: serializers.TicketDocument, **PROBLEMS},
    )
    def post(self, request: Request, code: str) -> Response:
        student = require_student(request)
        require_csrf(request)
        ticket: Ticket = tickets.cancel(student, ticket_code(code))
        response = Response(serializers.TicketDocument(ticket).data, headers=NEVER_KEPT)
        keeping.drop(request._request, response, ticket.event_id)
        return response
