"""What seed_demo and new_sale make, and where they refuse."""

from io import StringIO
from urllib.parse import urlsplit

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts.models import Level, Student, StudentStatus, User
from ticketing.models import Event, Festival, Zone

pytestmark = pytest.mark.servers


def run(*words: str) -> str:
    output = StringIO()
    call_command(*words, stdout=output)
    return output.getvalue()


def test_seeding_twice_makes_everything_once(demo: Settings, db: None) -> None:
    first = run("seed_demo")
    enrolled = Student.objects.filter(status=StudentStatus.ENROLLED, level=Level.UNDERGRADUATE, demo=True)
    assert enrolled.count() == 12_000
    assert enrolled.values("department").distinct().count() >= 40
    assert {1, 2, 3, 4} == set(enrolled.values_list("year", flat=True))
    others = set(Student.objects.exclude(status=StudentStatus.ENROLLED).values_list("status", flat=True))
    assert {StudentStatus.ON_LEAVE, StudentStatus.GRADUATED} <= others
    assert Student.objects.filter(level=Level.GRADUATE).exists()
    assert not Student.objects.exclude(email__endswith=".example").exists()
    event = Event.objects.get()
    assert event.opens_at > timezone.now()
    assert sum(event.zones.values_list("capacity", flat=True)) == 5_000
    counts = [model.objects.count() for model in (Student, User, Festival, Event, Zone)]

    Student.objects.filter(student_number="20230001").update(status=StudentStatus.ON_LEAVE)
    assert run("seed_demo") == first
    assert [model.objects.count() for model in (Student, User, Festival, Event, Zone)] == counts
    assert Student.objects.get(student_number="20230001").status == StudentStatus.ON_LEAVE, (
        "what was tried stays"
    )


def test_staff_of_the_demo_have_no_password(demo: Settings, db: None) -> None:
    run("seed_demo")
    for username in ("council", "viewer", "gate", "booth"):
        user = User.objects.get(username=username)
        assert user.is_staff
        assert not user.is_superuser
        assert not user.has_usable_password()


@pytest.mark.parametrize("words", [("seed_demo",), ("new_sale",)])
def test_outside_the_demo_nothing_is_invented(db: None, words: tuple[str, ...]) -> None:
    with pytest.raises(CommandError, match="FESTIVAL_MODE=demo"):
        run(*words)
    assert not Student.objects.exists()
    assert not Event.objects.exists()


def test_a_new_sale_tells_its_page_and_its_id(demo: Settings, db: None, client: Client) -> None:
    address, key = run("new_sale", "--in", "30", "--places", "7").split()
    event = Event.objects.get(pk=key)
    assert sorted(event.zones.values_list("capacity", flat=True)) == [1, 2, 4]
    assert 25 < (event.opens_at - timezone.now()).total_seconds() <= 30
    assert client.get(urlsplit(address).path).status_code == 200
    assert run("new_sale").split()[1] != key


@pytest.mark.parametrize("words", [("--in", "-1"), ("--places", "2"), ("--places", "1000000")])
def test_a_sale_that_makes_no_sense_is_refused(demo: Settings, db: None, words: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        run("new_sale", *words)
    assert not Event.objects.exists()
