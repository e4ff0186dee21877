"""rush_sessions: exactly so many sessions that really work, or none and a non-zero exit."""

import stat
from io import StringIO
from pathlib import Path
from uuid import uuid4

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts import consent
from accounts.models import Student, StudentSession, StudentStatus
from accounts.passes import PASS_COOKIE
from tests.conftest import Live
from tests.factories import log_in, make_event, make_student
from ticketing.models import Bar, Event

pytestmark = pytest.mark.servers


@pytest.fixture
def allowed(settings: Settings) -> None:
    settings.ALLOW_LOADTEST = True


def run(event: Event, students: int | str, out: Path) -> list[list[str]]:
    """Run the command and return the fields of each line it wrote."""
    words = ("--event", str(event.pk), "--students", str(students), "--out", str(out))
    call_command("rush_sessions", *words, stdout=StringIO())
    return [line.split("\t") for line in out.read_text(encoding="utf-8").splitlines()]


def make_crowd(count: int) -> list[Student]:
    return [make_student(f"학생 {number}", demo=True) for number in range(count)]


def test_without_the_switch_nothing_is_opened(db: None, settings: Settings, tmp_path: Path) -> None:
    settings.ALLOW_LOADTEST = False
    make_crowd(2)
    with pytest.raises(CommandError, match="FESTIVAL_ALLOW_LOADTEST"):
        run(make_event(), 2, tmp_path / "s.tsv")
    assert not StudentSession.objects.exists()
    assert not list(tmp_path.iterdir())


def test_exactly_as_many_lines_as_were_asked_for(db: None, allowed: None, tmp_path: Path) -> None:
    make_crowd(5)
    lines = run(make_event(), 4, tmp_path / "s.tsv")
    assert [len(fields) for fields in lines] == [3, 3, 3, 3]
    assert len({number for number, _, _ in lines}) == 4
    assert stat.S_IMODE((tmp_path / "s.tsv").stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["s.tsv"]


def test_too_few_students_are_an_error_and_leave_nothing(db: None, allowed: None, tmp_path: Path) -> None:
    event, (alice, bob, charlie, dora, *_) = make_event(), make_crowd(5)
    make_student("real")
    Student.objects.filter(pk=alice.pk).update(status=StudentStatus.ON_LEAVE)
    Bar.objects.create(event=event, student=bob, reason="resale")
    Bar.objects.create(event=event, student=dora, reason="mistake", lifted_at=timezone.now())
    [player] = log_in(charlie)
    assert player.student.user is not None
    player.student.user.is_active = False
    player.student.user.save()
    with pytest.raises(CommandError, match="Only 2 "):
        run(event, 3, tmp_path / "s.tsv")
    assert not list(tmp_path.iterdir())
    assert StudentSession.objects.count() == 1
    assert {number for number, _, _ in run(event, 2, tmp_path / "s.tsv")}.isdisjoint(
        {alice.student_number, bob.student_number, charlie.student_number}
    )


@pytest.mark.parametrize("students", ["0", "-1", "many"])
def test_a_number_that_is_none_is_refused(db: None, allowed: None, tmp_path: Path, students: str) -> None:
    with pytest.raises(CommandError):
        run(make_event(), students, tmp_path / "s.tsv")


def test_an_unknown_event_or_folder_is_refused(db: None, allowed: None, tmp_path: Path) -> None:
    make_crowd(1)
    with pytest.raises(CommandError, match="no event"):
        run(Event(pk=uuid4()), 1, tmp_path / "s.tsv")
    with pytest.raises(CommandError, match="cannot be written"):
        run(make_event(), 1, tmp_path / "missing" / "s.tsv")
    with pytest.raises(CommandError, match="cannot be written"):
        run(make_event(), 1, tmp_path)
    assert not StudentSession.objects.exists()


def test_no_mail_leaves_no_session_ends_and_consent_is_kept(db: None, allowed: None, tmp_path: Path) -> None:
    event, crowd = make_event(), make_crowd(2)
    [alice] = log_in(crowd[0])
    run(event, 2, tmp_path / "s.tsv")
    run(event, 2, tmp_path / "again.tsv")
    assert not mail.outbox
    assert StudentSession.objects.filter(ended_at=None).count() == 5
    alice.student.refresh_from_db()
    assert alice.student.generation == alice.claimant.generation
    assert all(student.consents.count() == 1 for student in crowd)


def test_students_who_have_not_consented_do_so_here(db: None, allowed: None, tmp_path: Path) -> None:
    bob = Student.objects.create(student_number="1", name="bob", demo=True)
    run(make_event(), 1, tmp_path / "s.tsv")
    assert consent.in_force(bob)


def test_the_sessions_work_at_the_real_server(live: Live, allowed: None, tmp_path: Path) -> None:
    event, crowd = make_event({"A": 1}), make_crowd(2)
    [before] = log_in(crowd[0])
    first, second = run(event, 2, tmp_path / "s.tsv")
    for (_, cookies, csrf), status in ((first, 201), (second, 409)):
        names = {part.split("=")[0] for part in cookies.split("; ")}
        assert names == {"sessionid", "csrftoken", PASS_COOKIE}
        headers = {"Cookie": cookies, "X-CSRFToken": csrf}
        answer = live.client().post(f"/api/events/{event.pk}/claims/", json={"zones": ["A"]}, headers=headers)
        assert answer.status_code == status, answer.text
        assert live.client().get("/tickets/", headers={"Cookie": cookies}).status_code == 200
        forged = {"Cookie": cookies, "X-CSRFToken": "x" * 32}
        answer = live.client().post(f"/api/events/{event.pk}/claims/", json={"zones": ["A"]}, headers=forged)
        assert answer.json()["code"] == "csrf_failed"
    mine = {"Cookie": f"sessionid={before.cookies.session_key}"}
    assert live.client().get("/tickets/", headers=mine).status_code == 200, "a login made before still stands"
