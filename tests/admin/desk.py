"""The council's desk as a browser uses it: its addresses, its forms, who sits at it."""

import re
from datetime import datetime
from html import unescape
from typing import Any

from django.test import Client
from django.utils.timezone import localtime

from accounts.models import User
from tests.factories import Player, mode_of_events
from tests.gate.cast import make_staff, staff_client
from ticketing.allocation import allocator_of
from ticketing.allocation.base import Outcome, Press
from ticketing.models import Event, Festival, Ticket

DESK = "/admin/ticketing/"
EVENTS = f"{DESK}event/"


def desk_of(role: str, username: str = "kim") -> tuple[Client, User]:
    """Return a browser in which staff of this role has logged in with the second factor."""
    user = make_staff(role, username=username)
    client = staff_client(user)
    client.handler.enforce_csrf_checks = False  # the admin's forms are Django's own
    client.cookies["django_language"] = "en"
    return client, user


def moment(field: str, at: datetime) -> dict[str, str]:
    """Return a time as the two inputs of the form send it."""
    day, time = localtime(at).strftime("%Y-%m-%d %H:%M:%S").split()
    return {f"{field}_0": day, f"{field}_1": time}


def form(*zones: tuple[str, int], opens_at: datetime, closes_at: datetime, **fields: Any) -> dict[str, Any]:
    """Return what the form of a new event sends."""
    sent = {"festival": Festival.objects.first().pk, "name": "첫째 밤", "name_en": "First night"}  # type: ignore[union-attr]  # every database has one
    sent |= moment("opens_at", opens_at) | moment("closes_at", closes_at)
    sent |= {"waitlist_size": 0, "promotion": "immediate", "offer_minutes": 30}
    sent |= {"mode": mode_of_events.get(), "zones-TOTAL_FORMS": len(zones), "zones-INITIAL_FORMS": 0}
    for place, (name, capacity) in enumerate(zones):
        sent |= {f"zones-{place}-name": name, f"zones-{place}-capacity": capacity}
    return sent | fields


def form_of(event: Event, **fields: Any) -> dict[str, Any]:
    """Return what the form of a saved event sends when nothing but these fields is changed."""
    zones = list(event.zones.all())
    sent = form(
        *((zone.name, zone.capacity) for zone in zones),
        opens_at=event.opens_at,
        closes_at=event.closes_at,
        name=event.name,
        name_en="",
        mode=event.mode,
        festival=event.festival_id,
        limit_group=event.limit_group_id or "",
    )
    sent["zones-INITIAL_FORMS"] = len(zones)
    for place, zone in enumerate(zones):
        sent |= {f"zones-{place}-id": str(zone.pk), f"zones-{place}-event": str(event.pk)}
    return sent | fields


def change(event: Event) -> str:
    """Return the address of an event's form."""
    return f"{EVENTS}{event.pk}/change/"


def errors(page: Any) -> list[str]:
    """Return what a form complains about."""
    lists = re.findall(r'<ul class="errorlist.*?</ul>', page.content.decode(), re.DOTALL)
    return [unescape(error) for found in lists for error in re.findall(r"<li>(.*?)</li>", found, re.DOTALL)]


def told(page: Any) -> str:
    """Return the messages at the head of a page."""
    found = re.search(r'<ul class="messagelist">(.*?)</ul>', page.content.decode(), re.DOTALL)
    return unescape(re.sub(r"<[^>]*>", " ", found[1])).strip() if found else ""


def press(player: Player, event: Event) -> Outcome:
    """Let a student press, at the authority itself."""
    zones = dict(event.zones.values_list("name", "id"))
    who = player.claimant
    return allocator_of(event.pk).claim(
        Press(
            event_id=event.pk,
            zone_ids=tuple(zones.values()),
            zone_names=tuple(zones),
            student_id=who.student_id,
            session_id=who.session_id,
            generation=who.generation,
        )
    )


def ticket_of(player: Player) -> Ticket:
    return Ticket.objects.get(student=player.student)
