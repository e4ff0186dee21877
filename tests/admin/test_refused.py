"""The list of refused receipts: who presented what, and why it was not taken; nobody changes it."""

import pytest
from django.test import Client

from accounts.models import User
from accounts.roles import VIEWER
from tests.admin.desk import DESK, desk_of
from tests.admin.test_standing import text_of
from tests.factories import make_event, make_players
from ticketing import receipts
from ticketing.claims import claim
from ticketing.models import RefusedReceipt
from ticketing.presenting import ForeignReceipt, ForgedReceipt, present

pytestmark = [pytest.mark.servers, pytest.mark.django_db]
REFUSED = f"{DESK}refusedreceipt/"


def refuse_two() -> None:
    """Let charlie present alice's receipt, and one that nobody gave."""
    event = make_event({"A": 1}, name="첫째 밤")
    alice, charlie = make_players(["alice", "charlie"])
    receipt = receipts.sign(claim(event_id=event.pk, zones=["A"], claimant=alice.claimant))
    for text, kind in ((receipt, ForeignReceipt), ("made up", ForgedReceipt)):
        for _again in range(2):
            with pytest.raises(kind):
                present(charlie.student, text)


def test_the_council_sees_who_presented_what_once(council: tuple[Client, User]) -> None:
    client, _user = council
    refuse_two()
    page = client.get(REFUSED)
    text = text_of(page)
    assert text.count("charlie") == 2
    assert "alice" not in text, "whose it was is nobody's business here"
    assert "another student's 첫째 밤" in text
    assert "2 refused receipts" in text
    forged = text_of(client.get(REFUSED, {"forged": "yes"}))
    assert "1 refused receipt" in forged
    assert "none of ours, or changed" in forged
    assert 'href="/admin/ticketing/refusedreceipt/"' in client.get("/admin/").content.decode()


def test_nobody_changes_it() -> None:
    refuse_two()
    row = RefusedReceipt.objects.earliest("pk")
    for role in ("council", VIEWER):
        client, _user = desk_of(role, username=role.replace(" ", ""))
        for verb in ("change", "delete"):
            sent = client.post(f"{REFUSED}{row.pk}/{verb}/", {"post": "yes"})
            assert sent.status_code == 403, (role, verb)
        assert client.get(f"{REFUSED}{row.pk}/change/").status_code == 200
    assert RefusedReceipt.objects.count() == 2
