"""A job worker that kills itself: `python -m tests.accounts.dying [WHERE NUMBER]`.

WHERE is a side of the mark: `before-mark` (the mail is with the server, without its dot), `after-mark` (marked, and the
dot not sent), `after-dot` (taken by the server, and nothing written down). NUMBER counts the mails that come there.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "festival.settings")


def dies_at(number: int) -> Callable[[], None]:
    """Return what kills this process when it is called for that time."""
    left = number

    def count() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    return count


def plant(where: str, number: int) -> None:
    """Put the death where it is wanted."""
    from accounts.mail import delivery
    from accounts.mail.post import MarkingSMTP

    count, mark, read = dies_at(number), delivery.hand_over, MarkingSMTP.answer_to_the_dot

    @contextmanager
    def marked(*arguments: Any) -> Iterator[None]:
        if where == "before-mark":
            count()
        with mark(*arguments):
            if where == "after-mark":
                time.sleep(1)  # the commit is on its way: let it arrive
                count()
            yield

    def answered(connection: MarkingSMTP) -> tuple[int, bytes]:
        reply = read(connection)
        count()
        return reply

    delivery.hand_over = marked  # type: ignore[assignment]  # the fault that is planted
    if where == "after-dot":
        MarkingSMTP.answer_to_the_dot = answered  # type: ignore[method-assign, assignment]  # the fault that is planted


def main() -> None:
    """Work until killed."""
    django.setup()
    if len(sys.argv) > 2:
        plant(sys.argv[1], int(sys.argv[2]))
    from django.core.management import call_command

    call_command("procrastinate", "worker", "--shutdown-graceful-timeout=5")


if __name__ == "__main__":
    main()
