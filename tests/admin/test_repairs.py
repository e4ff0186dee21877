"""The list of repairs: what differed, what counts since, who had it repaired; nobody changes it."""

import pytest
from django.core.management import call_command
from django.test import Client

from accounts.models import User
from accounts.roles import VIEWER
from tests.admin.desk import DESK, desk_of
from tests.admin.test_standing import text_of
from tests.factories import make_event, make_players
from ticketing.claims import claim
from ticketing.models import Event, Place, Repair

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]
REPAIRS = f"{DESK}repair/"


def repaired(by: User) -> Event:
    """Let a place be counted wrong, and somebody have it counted right."""
    event = make_event({"A": 1})
    [alice] = make_players(["alice"])
    claim(event_id=event.pk, zones=["A"], claimant=alice.claimant)
    Place.objects.update(free=True)
    call_command("reconcile", "--fix", "--by", by.username, str(event.pk))
    return event


def test_the_council_sees_what_was_repaired_and_who_did(council: tuple[Client, User]) -> None:
    client, user = council
    event = repaired(user)
    text = text_of(client.get(REPAIRS))
    assert "A place was counted as free or taken, and was not." in text
    assert "rows: free; rows: somebody's" in text
    assert user.username in text
    assert "alice" not in text
    assert "1 repair" in text_of(client.get(REPAIRS, {"q": str(event.pk)}))
    assert "0 repairs" in text_of(client.get(REPAIRS, {"kind": "bar"}))
    assert 'href="/admin/ticketing/repair/"' in client.get("/admin/").content.decode()


def test_nobody_changes_it(council: tuple[Client, User]) -> None:
    repaired(council[1])
    row = Repair.objects.get()
    for role in ("council", VIEWER):
        client, _user = desk_of(role, username=f"{role}-too".replace(" ", ""))
        for verb in ("change", "delete"):
            sent = client.post(f"{REPAIRS}{row.pk}/{verb}/", {"post": "yes"})
            assert sent.status_code == 403, (role, verb)
        assert client.get(f"{REPAIRS}{row.pk}/change/").status_code == 200
    assert Repair.objects.count() == 1
