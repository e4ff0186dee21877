"""What tests of the demo share: the demo's mode and addresses, a few invented students, its staff."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from accounts.demo import roster, staff
from accounts.models import Student, StudentStatus
from festival.embedded import free_port
from tests.gate.studio import camera
from tests.test_demo import RealDemo

__all__ = ["camera"]  # a browser with a fake camera, for the test that goes on to the gate


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


@pytest.fixture(scope="module")
def real_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start a demo in a folder of its own, as `make demo` does; return its address."""
    demo = RealDemo(tmp_path_factory.mktemp("demo"), free_port())
    try:
        demo.wait_until_ready()
        yield f"http://127.0.0.1:{demo.port}"
    finally:
        demo.process.terminate()
        demo.process.wait(timeout=20)
