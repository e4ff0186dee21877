"""Codes by mail through job workers that are killed: `python -m loadtest.mails [MAILS] [KILLS]`, on servers of its own.

Three workers kill themselves at a side of the mark, the others are killed from outside at random, all by SIGKILL. The
mail server is a process too. Ends with a failure when a mail has arrived twice, or is lost and not
shown as one whose answer was not seen.
"""

import os
import random
import signal
import sys
import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess

    from tests.accounts.smtp import MailServer

MAILS, KILLS = 12_000, 20
PLANTED = ("before-mark", "after-dot", "before-mark")
PATIENCE = 1800


def play(folder: Path, mails: int, kills: int) -> bool:
    """Queue the mails, kill the workers, and say whether none came twice and none is lost unseen."""
    from django.core.management import call_command

    from accounts.models import MailState, OutgoingMail
    from festival import embedded, processes
    from tests.accounts.mails import queue_codes
    from tests.accounts.smtp import MailServer, age_the_dead, start_worker

    call_command("migrate", verbosity=0)
    server, dice = MailServer(folder, embedded.free_port()), random.Random(mails)  # noqa: S311 - dice
    server.start()
    queue_codes(mails)
    begun = time.monotonic()
    for kill in range(kills):
        dies = f"{PLANTED[kill]} {dice.randint(1, 50)}" if kill < len(PLANTED) else ""
        worker = start_worker(server, name=f"worker-{kill}", dies=dies)
        goal = len(server.ids()) + dice.randint(1, max(2, mails // kills))
        processes.wait_until(partial(done, server, worker, goal, planted=bool(dies)), PATIENCE)
        time.sleep(dice.random() / 50)
        processes.end(worker, end_signal=signal.SIGKILL, seconds=5)
        age_the_dead()
        forget_minute()
    last = start_worker(server, name="last")
    queued = OutgoingMail.objects.filter(state=MailState.QUEUED)
    processes.wait_until(lambda: not queued.exists(), PATIENCE)
    processes.end(last, end_signal=signal.SIGTERM, seconds=20)
    seconds = time.monotonic() - begun
    server.stop()
    arrived = Counter(server.ids())
    wanted = {str(key) for key in OutgoingMail.objects.values_list("pk", flat=True)}
    handed = OutgoingMail.objects.filter(state=MailState.HANDED)
    unanswered = {str(key) for key in handed.values_list("pk", flat=True)}
    twice = sum(count > 1 for count in arrived.values())
    lost, strange = wanted - set(arrived), len(set(arrived) - wanted)
    sys.stdout.write(
        f"{mails} mails, {kills} workers killed, {seconds:.0f} s: {len(arrived)} arrived, {twice} twice, "
        f"{len(lost)} never ({len(lost - unanswered)} of them unseen), "
        f"{strange} unknown; {len(unanswered)} with no answer seen\n"
    )
    return not (twice or lost - unanswered or strange)


def done(server: "MailServer", worker: "subprocess.Popen[bytes]", goal: int, *, planted: bool) -> bool:
    """Tell whether a worker has killed itself, or has sent as much as it may live for."""
    return worker.poll() is not None or (not planted and len(server.ids()) >= goal)


def forget_minute() -> None:
    """Let the next worker's periodic jobs be those of a new minute."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_periodic_defers")


def main(mails: str = str(MAILS), kills: str = str(KILLS)) -> None:
    """Start servers, play, and end with what came of it."""
    import tests.servers  # noqa: F401 - starts throw-away servers and sets the environment to them

    os.environ["DJANGO_SETTINGS_MODULE"] = "festival.settings"
    import django

    django.setup()
    good = play(Path(os.environ["FESTIVAL_DATA_DIR"]), int(mails), int(kills))
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main(*sys.argv[1:])
