"""The ways to verify that a festival offers, and the time at which it stops."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Student, VerificationAttempt
from accounts.verification import MAILED
from accounts.verification.chosen import NotOffered, VerificationClosed
from tests.admin.desk import desk_of
from ticketing.models import Festival

pytestmark = [
    pytest.mark.servers,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("empty_queue"),
]
TYPED = {"number": "2024123456", "name": "김앨리스", "consent": "on"}


@pytest.fixture(autouse=True)
def alice() -> Student:
    return Student.objects.create(student_number="2024123456", name="김앨리스", email="alice@univ.example")


def begin() -> None:
    MAILED.begin(number="2024123456", name="김앨리스", network="192.0.2.1")


def test_a_new_festival_verifies_by_mail(client: Client) -> None:
    assert Festival.objects.get().verification_methods == ["mail"]
    assert client.post("/accounts/verify/", TYPED).status_code == 302


def test_a_way_that_is_not_offered_is_neither_shown_nor_taken(client: Client) -> None:
    Festival.objects.update(verification_methods=["university"])  # which this system is not set up for
    answer = client.post("/accounts/verify/", TYPED, headers={"accept-language": "en"})
    assert "Mail me a code" not in answer.content.decode()
    assert answer.status_code == 200
    assert not VerificationAttempt.objects.exists()
    with pytest.raises(NotOffered):
        begin()


def test_after_the_close_nobody_begins_and_who_has_begun_may_finish(client: Client) -> None:
    assert client.post("/accounts/verify/", TYPED).status_code == 302
    Festival.objects.update(verification_closes_at=timezone.now() - timedelta(seconds=1))
    for answer in (client.get("/accounts/verify/"), client.post("/accounts/verify/", TYPED)):
        assert answer.status_code == 403
        assert answer.templates[0].name == "accounts/verify_closed.html"
    with pytest.raises(VerificationClosed):
        begin()
    assert client.get("/accounts/verify/code/").status_code == 200
    assert VerificationAttempt.objects.count() == 1


def test_a_close_to_come_changes_nothing(client: Client) -> None:
    Festival.objects.update(verification_closes_at=timezone.now() + timedelta(minutes=1))
    assert client.post("/accounts/verify/", TYPED).status_code == 302


def test_the_council_chooses_among_what_this_system_is_set_up_for() -> None:
    client, _user = desk_of("council")
    festival = Festival.objects.get()
    address = f"/admin/ticketing/festival/{festival.pk}/change/"
    assert b'value="mail"' in client.get(address).content
    sent = {"name": festival.name, "accent": "teal", "verification_methods": []}
    assert b"errorlist" in client.post(address, sent).content
    assert b"errorlist" in client.post(address, sent | {"verification_methods": ["telepathy"]}).content
    assert client.post(address, sent | {"verification_methods": ["mail"]}).status_code == 302
    festival.refresh_from_db()
    assert (festival.accent, festival.verification_methods) == ("teal", ["mail"])
