"""The cast at the gate: alice holds a ticket, staff and devices scan it, charlie must be refused."""

import time
from datetime import datetime
from typing import Any
from uuid import uuid4

from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.models import Authenticator
from django.contrib.auth import login
from django.contrib.auth.models import Group
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts.models import User
from tests.factories import make_event, make_student
from ticketing.devices import digest, new_token
from ticketing.gate import Decision, ScanRequest, admit
from ticketing.models import Event, GateDevice, Place, Ticket, TicketStatus
from ticketing.qr import code_text
from ticketing.signing import TicketCode, new_ticket_code

SCANS = "/api/gate/scans/"


def ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def make_ticket(event: Event | None = None, **fields: Any) -> Ticket:
    """Give alice, or whom the fields name, a place as the authority would."""
    event = event or make_event()
    place = Place.objects.filter(zone__event=event, free=True).order_by("number")[0]
    place.generation += 1
    Place.objects.filter(pk=place.pk).update(free=False, generation=place.generation)
    holder = {} if "guest_name" in fields else {"student": make_student("앨리스")}
    return Ticket.objects.create(
        **{
            "claim_id": uuid4(),
            "event": event,
            "limit_group": event.group_key,
            "zone": place.zone,
            "place": place,
            "number": place.number,
            "generation": place.generation,
            "code": new_ticket_code(),
            "grant_reason": "시험",
        }
        | holder
        | fields
    )


def end_ticket(ticket: Ticket, status: TicketStatus) -> None:
    Ticket.objects.filter(pk=ticket.pk).update(status=status, ended_at=timezone.now())


def code_of(ticket: Ticket, at: datetime | None = None) -> str:
    """Return what the ticket's QR says at that time."""
    now_ms = ms(at or timezone.now())
    return code_text(TicketCode(ticket.code), generation=ticket.generation, now_ms=now_ms).text


def scan_of(code: str, **fields: Any) -> ScanRequest:
    defaults: dict[str, Any] = {"scan_id": uuid4(), "gate": "A1", "scanned_at": timezone.now()}
    return ScanRequest(code=code, **defaults | fields)


def scan(code: str, *, now: datetime | None = None, **fields: Any) -> Decision:
    return admit(scan_of(code, **fields), now=now)


def body(code: str, **fields: Any) -> dict[str, Any]:
    """Return the body of a scan as a gate sends it."""
    return {
        "scan_id": str(uuid4()),
        "code": code,
        "gate": "A1",
        "scanned_at": timezone.now().isoformat(),
        "mode": "online",
    } | fields


def make_staff(role: str | None, *, username: str = "gate-staff") -> User:
    user = User.objects.create_user(username, is_staff=True)
    if role:
        user.groups.add(Group.objects.get(name=role))
    return user


def staff_client(user: User, *, second_factor: bool = True) -> Client:
    """Return a browser in which staff has logged in, by default with the second factor passed."""
    client = Client(enforce_csrf_checks=True)
    request: HttpRequest = RequestFactory().get("/")
    session: SessionBase = client.session
    request.session = session
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    if second_factor:
        kind = Authenticator.Type.TOTP
        device, _made = Authenticator.objects.get_or_create(user=user, type=kind, defaults={"data": {}})
        record_authentication(request, user, method="mfa", type="totp", id=device.pk, at=time.time())
    session.save()
    client.cookies["sessionid"] = session.session_key or ""
    return client


def post(client: Client, address: str, document: Any, *, csrf: bool = True, **extra: Any) -> Any:
    """Post JSON as our page does: with its CSRF token, unless told otherwise."""
    headers = dict(extra.pop("headers", {}))
    if csrf:
        client.cookies["csrftoken"] = token = "a" * 32
        headers["X-CSRFToken"] = token
    return client.post(address, document, content_type="application/json", headers=headers, **extra)


def make_device(name: str = "lane 1") -> tuple[GateDevice, dict[str, str]]:
    """Return a device and the header it sends."""
    token = new_token()
    device = GateDevice.objects.create(name=name, token_digest=digest(token))
    return device, {"Authorization": f"Bearer {token}"}
