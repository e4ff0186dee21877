"""Who sees what at the desk: the council works, its viewers look, gate and students stay outside."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from tests.admin.desk import DESK, EVENTS, change, desk_of, form, form_of, press, ticket_of
from tests.factories import make_event, make_players
from ticketing.models import Bar, Event, Ticket

pytestmark = [pytest.mark.servers, pytest.mark.django_db]
MODELS = ["festival", "limitgroup", "event", "ticket", "claim", "bar", "scan", "gatedevice"]


def test_a_viewer_looks_and_changes_nothing() -> None:
    client, _user = desk_of("council viewer")
    event = make_event()
    [alice] = make_players(["alice"])
    press(alice, event)
    ticket = ticket_of(alice)
    for model in MODELS:
        assert client.get(f"{DESK}{model}/").status_code == 200, model
        assert client.post(f"{DESK}{model}/add/", {}).status_code == 403, model
    assert client.get(change(event)).status_code == 200
    assert client.get(f"{EVENTS}{event.pk}/history/").status_code == 200
    assert client.post(change(event), form_of(event, name="고침")).status_code == 403
    now = timezone.now()
    sent = form(("A", 1), opens_at=now, closes_at=now + timedelta(hours=1))
    assert client.post(f"{EVENTS}add/", sent).status_code == 403
    action = {"action": "make_void", "_selected_action": [ticket.pk], "reason": "왜"}
    page = client.post(f"{DESK}ticket/", action, follow=True)
    assert "make_void" not in page.content.decode()
    ticket.refresh_from_db()
    assert (ticket.status, Event.objects.get().name, Bar.objects.count()) == ("held", "첫째 밤", 0)


@pytest.mark.parametrize("role", ["gate", None])
def test_others_see_nothing_of_it(role: str | None) -> None:
    event = make_event()
    if role:
        client, _user = desk_of(role)
    else:
        [alice] = make_players(["alice"])
        client = Client()
        client.cookies["sessionid"] = alice.cookies.session_key
    for model in MODELS:
        assert client.get(f"{DESK}{model}/").status_code == 403, model
    assert client.get(change(event)).status_code == 403
    assert client.get(f"{EVENTS}{event.pk}/history/").status_code == 403
    assert client.post(change(event), form_of(event, name="고침")).status_code == 403
    assert event.name not in client.get("/admin/").content.decode()


@pytest.mark.parametrize("superuser", [False, True])
def test_what_the_system_wrote_is_not_edited_or_deleted(superuser: bool) -> None:
    client, user = desk_of("council")
    type(user).objects.filter(pk=user.pk).update(is_superuser=superuser)
    event = make_event()
    [alice] = make_players(["alice"])
    press(alice, event)
    ticket = ticket_of(alice)
    bar = Bar.objects.create(event=event, student=alice.student, reason="왜")
    rows = [("ticket", ticket.pk), ("claim", ticket.claim_id), ("bar", bar.pk)]
    for model, key in rows:
        address = f"{DESK}{model}/{key}"
        assert client.get(f"{address}/change/").status_code == 200
        assert client.post(f"{address}/change/", {"status": "void", "reason": "x"}).status_code == 403
        assert client.post(f"{address}/delete/", {"post": "yes"}).status_code == 403
        assert client.post(f"{DESK}{model}/add/", {}).status_code == 403
        bulk = {"action": "delete_selected", "_selected_action": [key], "post": "yes"}
        client.post(f"{DESK}{model}/", bulk)
    ticket.refresh_from_db()
    assert (ticket.status, Ticket.objects.count(), Bar.objects.count()) == ("held", 1, 1)


def test_the_desk_begins_with_the_sale() -> None:
    client, _user = desk_of("council")
    page = client.get("/admin/")
    apps = [app["app_label"] for app in page.context["app_list"]]
    assert apps == ["sale", "tickets", "students", "gate", "records"]
    assert [app["models"][0]["object_name"] for app in page.context["app_list"]][:2] == ["Event", "Ticket"]
    assert 'href="/council/"' in page.content.decode()
    listed = [
        model["object_name"] for model in client.get("/admin/ticketing/").context["app_list"][0]["models"]
    ]
    assert listed[0] == "Event"
    assert "Student" not in listed
