"""The council opens and changes a sale at its desk; what is wrong is told and not saved."""

import re
import threading
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone
from django.utils.translation import override

from accounts.models import User
from tests.admin.desk import EVENTS, change, desk_of, errors, form, form_of, press
from tests.factories import make_event, make_players
from tests.gate.cast import make_ticket
from ticketing.allocation.base import Decision
from ticketing.allocation.priming import prime
from ticketing.allocation.turns import lock
from ticketing.models import Event, Festival, LimitGroup, Place, Zone

pytestmark = [pytest.mark.servers, pytest.mark.django_db]
HOUR = timedelta(hours=1)


def test_a_sale_from_the_form_sells_once_it_is_primed(council: tuple[Client, User]) -> None:
    client, _user = council
    alice, bob, charlie = make_players(["alice", "bob", "charlie"])
    opens = timezone.now().replace(microsecond=0) - timedelta(seconds=7)
    page = client.post(
        f"{EVENTS}add/", form(("A", 1), ("B", 1), opens_at=opens, closes_at=opens + HOUR), follow=True
    )
    assert "was added successfully" in page.content.decode(), errors(page)
    event = Event.objects.get()
    assert (event.opens_at, event.closes_at, event.zones.count()) == (opens, opens + HOUR, 2)
    assert not Place.objects.exists()
    prime()
    decisions = [press(player, event).decision for player in (alice, bob, charlie)]
    assert decisions == [Decision.WON, Decision.WON, Decision.SOLD_OUT]


@pytest.mark.parametrize("hours", [0, -1])
def test_a_sale_that_closes_before_it_opens_is_refused(council: tuple[Client, User], hours: int) -> None:
    client, _user = council
    now = timezone.now()
    page = client.post(f"{EVENTS}add/", form(("A", 1), opens_at=now, closes_at=now + hours * HOUR))
    assert errors(page) == ["The sale must close after it opens."]
    assert not Event.objects.exists()
    assert not Zone.objects.exists()


def test_two_zones_of_one_name_are_refused(council: tuple[Client, User]) -> None:
    client, _user = council
    now = timezone.now()
    page = client.post(f"{EVENTS}add/", form(("A", 1), ("A", 2), opens_at=now, closes_at=now + HOUR))
    assert any("name" in error for error in errors(page)), errors(page)
    assert not Event.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("zones-0-capacity", "-1"),
        ("zones-0-capacity", "1000001"),
        ("zones-0-capacity", "many"),
        ("opens_at_1", "25:00:00"),
        ("opens_at_0", ""),
        ("name", ""),
        ("limit_group", "00000000-0000-0000-0000-000000000000"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_saved(
    council: tuple[Client, User], field: str, value: str
) -> None:
    client, _user = council
    now = timezone.now()
    sent = form(("A", 1), opens_at=now, closes_at=now + HOUR, **{field: value})
    page = client.post(f"{EVENTS}add/", sent)
    assert page.status_code == 200
    assert errors(page)
    assert not Event.objects.exists()


def test_a_group_of_another_festival_is_refused(council: tuple[Client, User]) -> None:
    client, _user = council
    event = make_event(festival=Festival.objects.get())
    other = LimitGroup.objects.create(name="다른 축제", festival=Festival.objects.create(name="작년"))
    page = client.post(change(event), form_of(event, limit_group=other.pk))
    assert "This group belongs to another festival." in errors(page)
    event.refresh_from_db()
    assert event.limit_group is None


def test_the_group_is_fixed_while_tickets_are_live(council: tuple[Client, User]) -> None:
    client, _user = council
    event = make_event()
    group = LimitGroup.objects.create(name="이틀")
    make_ticket(event)
    page = client.post(change(event), form_of(event, limit_group=group.pk, name="새 이름"))
    assert "The group is fixed while tickets of this event are live." in errors(page)
    event.refresh_from_db()
    assert (event.limit_group, event.name) == (None, "첫째 밤")


def test_the_group_changes_while_no_ticket_is_live(council: tuple[Client, User]) -> None:
    client, _user = council
    event = make_event()
    group = LimitGroup.objects.create(name="이틀")
    page = client.post(change(event), form_of(event, limit_group=group.pk))
    assert page.status_code == 302, errors(page)
    event.refresh_from_db()
    assert event.limit_group == group


@pytest.mark.django_db(transaction=True)
def test_a_ticket_won_while_the_group_is_being_changed_keeps_the_group() -> None:
    client, _user = desk_of("council")
    event = make_event()
    sent = form_of(event, limit_group=LimitGroup.objects.create(name="이틀").pk)
    pages: list[Any] = []

    def save() -> None:
        pages.append(client.post(change(event), sent))
        connection.close()

    saving = threading.Thread(target=save)
    with transaction.atomic():
        lock(event.group_key)
        saving.start()
        saving.join(timeout=1)
        assert not pages, "the form waits for its turn"
        make_ticket(event)
    saving.join(timeout=20)
    assert "The group is fixed while tickets of this event are live." in errors(pages[0])
    event.refresh_from_db()
    assert event.limit_group is None


def test_an_event_with_zones_or_tickets_is_not_deleted(council: tuple[Client, User]) -> None:
    client, user = council
    event = make_event()
    make_ticket(event)
    address = f"{EVENTS}{event.pk}/delete/"
    assert client.post(address, {"post": "yes"}).status_code == 403
    assert b"/delete/" not in client.get(change(event)).content
    User.objects.filter(pk=user.pk).update(is_superuser=True)
    for page in (client.get(address), client.post(address, {"post": "yes"})):
        assert page.status_code == 200
        text = page.content.decode()
        assert "<h1>Cannot delete event</h1>" in text
        assert "<li>ticket</li>" in text  # what stands in the way
    assert Event.objects.filter(pk=event.pk).exists()


def test_the_list_counts_places_tickets_and_entries(council: tuple[Client, User]) -> None:
    client, _user = council
    event = make_event({"A": 1200, "B": 34})
    ticket = make_ticket(event)
    make_ticket(event, student=None, guest_name="초대 손님")
    type(ticket).objects.filter(pk=ticket.pk).update(status="used", used_at=timezone.now())
    page = client.get(EVENTS)
    row, opens = cells(page), timezone.localtime(event.opens_at).strftime("%Y-%m-%d %H:%M:%S")
    assert row["places"] == "1,234"
    assert (row["tickets_now"], row["free_now"], row["used_now"]) == ("2", "1,232", "1")
    assert row["sale"] == "On sale"
    assert opens.encode() in page.content
    Zone.objects.filter(event=event, name="B").update(capacity=44)
    assert cells(client.get(EVENTS))["places"] == "1,234 of 1,244"
    form_page = client.get(change(event)).content.decode()
    free = [Place.objects.filter(zone=zone, free=True).count() for zone in event.zones.all()]
    assert re.findall(r'class="field-free_now">\s*<p>([^<]+)<', form_page) == [
        *(f"{places:,}" for places in free),
        "-",  # the row that another zone may be made from
    ]


def cells(page: Any) -> dict[str, str]:
    """Return what a list says of its first row, by column."""
    [row, *_more] = page.context["cl"].result_list
    admin = page.context["cl"].model_admin
    with override("en"):
        return {name: str(getattr(admin, name)(row)) for name in admin.list_display if hasattr(admin, name)}


def test_an_unknown_event_is_told(council: tuple[Client, User]) -> None:
    client, _user = council
    for page in ("change", "history"):
        assert client.get(f"{EVENTS}{uuid4()}/{page}/", follow=True).redirect_chain[-1][0] == "/admin/"
