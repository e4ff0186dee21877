"""The post of a test: what the job worker has mailed."""

import asyncio
import re
from email import message_from_bytes, policy
from pathlib import Path
from typing import cast

from asgiref.sync import sync_to_async
from django.db import connections
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector


def work_jobs() -> None:
    """Run the job worker until nothing is left to do."""
    connector = cast(DjangoConnector, app.connector).get_worker_connector()
    worker_app = app.with_connector(connector)
    worker_app.run_worker(wait=False, install_signal_handlers=False, listen_notify=False)
    # Periodic jobs are queued over a connection of the thread that asynchronous code uses for Django.
    asyncio.run(sync_to_async(connections.close_all)())


def mails(folder: Path) -> list[str]:
    """Return the texts of the mails so far, in their order."""
    texts = []
    for file in sorted(folder.iterdir(), key=lambda file: file.stat().st_mtime_ns):
        for part in file.read_bytes().split(b"-" * 79 + b"\n"):
            if part.strip():
                mail = message_from_bytes(part, policy=policy.default)
                texts.append(f"{mail['To']}\n{mail['Subject']}\n{mail.get_content()}")
    return texts


def code_in(folder: Path) -> str:
    """Return the code of the newest mail."""
    work_jobs()
    found = re.search(r"\b(\d{6})\b", mails(folder)[-1])
    assert found
    return found[1]
