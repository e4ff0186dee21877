"""What tests of the accounts share."""

from pathlib import Path

import pytest
from django.db import connection
from pytest_django.fixtures import Settings


@pytest.fixture(autouse=True)
def mail_folder(tmp_path: Path, settings: Settings) -> Path:
    """Let the mail of a test go into a folder of its own (Django's test runner keeps mail in memory)."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = tmp_path
    return tmp_path


@pytest.fixture
def empty_queue(transactional_db: None) -> None:
    """Throw away jobs of earlier tests; their tables are not Django's to empty."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE procrastinate_jobs CASCADE")
