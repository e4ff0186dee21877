"""What tests of the demo share: the demo's mode and addresses, a few invented students, its staff."""

from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from accounts.demo import roster, staff
from accounts.models import Student, StudentStatus


@pytest.fixture
def demo(settings: Settings, tmp_path: Path) -> Settings:
    """Make this the demo: its mode, its addresses, a mail folder."""
    settings.DEMO = True
    settings.ROOT_URLCONF = "tests.demo.urls"
    settings.DEMO_PASSCODE = ""
    settings.ALLOWED_HOSTS = ["127.0.0.1", "testserver", ".localhost"]
    settings.EMAIL_FILE_PATH = str(tmp_path)
    return settings


@pytest.fixture
def people(db: None) -> list[Student]:
    """Make the staff, the first of the invented students, and one on leave."""
    staff.keep_staff()
    every = list(roster.students())
    away = next(student for student in every if student.status == StudentStatus.ON_LEAVE)
    return Student.objects.bulk_create([*every[:30], away])
