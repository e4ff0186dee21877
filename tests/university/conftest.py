"""What tests of the university's login share: its process, our settings for it, and a server of ours that knows it."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from accounts.models import Student
from festival import embedded, processes
from festival.demo.supervisor import answers
from tests.conftest import ROOT, production_server
from tests.university.people import CLIENT, SECRET
from ticketing.models import Festival

CALLBACK = "/accounts/university/callback/"


@dataclass(frozen=True, slots=True)
class Provider:
    """The university's login as it runs, and the port at which our live server is expected."""

    url: str
    process: subprocess.Popen[bytes]
    our_port: int


@contextmanager
def provider(folder: Path) -> Iterator[Provider]:
    """Run the university's login; it knows our tests' client and one live server."""
    port, our_port = embedded.free_port(), embedded.free_port()
    ours = [f"http://testserver{CALLBACK}", f"http://127.0.0.1:{our_port}{CALLBACK}"]
    command = [sys.executable, "-m", "tests.university", str(port), *ours]
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "UNIVERSITY_FOLDER": str(folder)}
    log = folder / "university.log"
    process = processes.spawn(command, log=log, record=folder / "university.json", env=env)
    try:
        ready = f"http://127.0.0.1:{port}/o/.well-known/openid-configuration"
        processes.wait_until(lambda: process.poll() is not None or answers(ready), 30)
        assert answers(ready), f"the university did not start:\n{processes.last_lines(log, 40)}"
        yield Provider(f"http://127.0.0.1:{port}/o", process, our_port)
    finally:
        processes.end(process, end_signal=signal.SIGTERM, seconds=5)


@pytest.fixture(scope="session")
def university(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    """Run the university's login until the tests are over."""
    with provider(tmp_path_factory.mktemp("university")) as running:
        yield running


@pytest.fixture
def known(university: Provider, settings: Settings, transactional_db: None) -> Provider:
    """Tell our settings of the university's login, and let the council have chosen it."""
    settings.OIDC_SERVER, settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = (
        university.url,
        CLIENT,
        SECRET,
    )
    Festival.objects.update(verification_methods=["university"])
    return university


@pytest.fixture
def alice(transactional_db: None) -> Student:
    return Student.objects.create(student_number="2024123456", name="김앨리스", email="")


@pytest.fixture
def phone() -> Callable[[], Client]:
    """Return a maker of browsers that read English."""

    def make() -> Client:
        client = Client()
        client.cookies["django_language"] = "en"
        return client

    return make


@pytest.fixture(scope="module")
def our_server(
    university: Provider, django_db_setup: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Run our production server with the university's login in its environment."""
    environment = {
        "FESTIVAL_OIDC_SERVER": university.url,
        "FESTIVAL_OIDC_CLIENT_ID": CLIENT,
        "FESTIVAL_OIDC_CLIENT_SECRET": SECRET,
        "FESTIVAL_OIDC_NAME": "한빛대학교 통합로그인",
    }
    folder = tmp_path_factory.mktemp("ours")
    with production_server(folder, university.our_port, **environment) as (url, _process):
        yield url
