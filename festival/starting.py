"""What stands before the first request of a web process: the checks of its servers."""

import logging

from django.conf import settings
from django.core.checks import ERROR, Tags, run_checks
from django.core.exceptions import ImproperlyConfigured
from django.db import connections

log = logging.getLogger(__name__)


def refuse_unfit_servers() -> None:
    """Raise ImproperlyConfigured with every error of the servers' checks; their warnings are logged.

    Servers that are away are warned of only: in an outage a web process that starts again is the way out of it.
    """
    if settings.ROLE != "web":
        return
    try:
        found = run_checks(tags=[Tags.database], databases=["default"])
    finally:
        connections.close_all()  # back to the pool, whose connections are for the threads that answer
    for message in found:
        if message.level < ERROR:
            log.warning("%s: %s %s", message.id, message.msg, message.hint or "")
    errors = [message for message in found if message.level >= ERROR]
    if errors:
        lines = "\n".join(f"  - {error.id}: {error.msg} {error.hint or ''}" for error in errors)
        raise ImproperlyConfigured(f"The servers have {len(errors)} fault(s):\n{lines}")
