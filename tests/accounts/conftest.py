"""What tests of the accounts share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection
from pytest_django.fixtures import Settings

from festival import embedded
from tests.accounts.smtp import MailServer


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


@pytest.fixture(name="mail_server")
def running_mail_server(mail_folder: Path, settings: Settings) -> Iterator[MailServer]:
    """Run a mail server, and let this process send through it."""
    server = MailServer(mail_folder, embedded.free_port())
    server.start()
    settings.EMAIL_BACKEND = "accounts.mail.post.SmtpBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.EMAIL_USE_SSL = settings.EMAIL_USE_TLS = False
    yield server
    server.stop()
