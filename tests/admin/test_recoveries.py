"""The page of recoveries: what was lost, until when receipts are taken, and letting the sale go on before that."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.roles import VIEWER
from tests.admin.desk import DESK, desk_of
from tests.admin.test_standing import text_of
from tests.factories import make_event, settle
from ticketing.allocation import recoveries
from ticketing.models import Authority, Event, Mode, Recovery, SaleCounter

pytestmark = [pytest.mark.servers, pytest.mark.django_db]
Council = tuple[Client, User]
RECOVERIES = f"{DESK}recovery/"


def restoring(event: Event) -> Recovery:
    """Let a sale be in the middle of its recovery."""
    counter = SaleCounter.objects.get(group=event.group_key)
    recovery = recoveries.begin(counter.group, ["counter"], (counter.epoch, counter.arrival + 99))
    assert recovery is not None
    return recovery


def test_the_council_sees_what_was_lost_and_until_when(council: Council) -> None:
    client, _user = council
    assert "No sale has ever lost anything." in text_of(client.get(RECOVERIES))
    event = make_event({"A": 1}, name="첫째 밤", mode=Mode.DATABASE)
    recovery = restoring(event)
    Recovery.objects.filter(pk=recovery.pk).update(restored=7)
    text = text_of(client.get(RECOVERIES))
    assert "첫째 밤 PostgreSQL has fallen back to an older state." in text
    assert "7 Takes receipts until" in text
    assert "being restored" in text_of(client.get(f"{DESK}event/{event.pk}/change/"))


def test_a_sale_goes_on_before_its_time_when_the_council_says_so(council: Council) -> None:
    client, user = council
    event = make_event({"A": 1}, mode=Mode.DATABASE)
    recovery = restoring(event)
    page = client.get(f"{RECOVERIES}{recovery.pk}/end/")
    assert "loses it for good" in text_of(page)
    assert client.post(f"{RECOVERIES}{recovery.pk}/end/").status_code == 303
    recovery.refresh_from_db()
    assert (recovery.ended_by, recovery.ended_at is not None) == (user, True)
    assert SaleCounter.objects.get(group=event.group_key).authority == Authority.DATABASE
    assert "Over since" in text_of(client.get(RECOVERIES))
    again = client.post(f"{RECOVERIES}{recovery.pk}/end/", follow=True)
    assert "This recovery has ended." in text_of(again)


def test_a_viewer_sees_the_page_and_ends_nothing() -> None:
    viewer, _user = desk_of(VIEWER)
    event = make_event({"A": 1}, mode=Mode.DATABASE)
    recovery = restoring(event)
    assert "Let the sale go on now" not in text_of(viewer.get(RECOVERIES))
    assert viewer.post(f"{RECOVERIES}{recovery.pk}/end/").status_code == 403
    settle()
    assert Recovery.objects.filter(ended_at=None).exists()


def test_a_recovery_ends_by_itself_when_its_time_is_over() -> None:
    event = make_event({"A": 1}, mode=Mode.DATABASE)
    recovery = restoring(event)
    before = timezone.now() - timedelta(hours=1)
    Recovery.objects.filter(pk=recovery.pk).update(began_at=before, until=before)
    settle()
    recovery.refresh_from_db()
    assert recovery.ended_at is not None
    assert recovery.ended_by is None
