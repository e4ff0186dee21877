"""Faults planted in mail."""

from tests.mutations.row import Mutation

ROWS = (
    Mutation(
        "F30",
        "a worker killed after the dot sends no mail twice",
        "accounts/mail/post.py",
        "        with self.around_dot():\n            self.send(DOT)\n        return self.answer_to_the_dot()\n",
        "        self.send(DOT)\n        told = self.answer_to_the_dot()\n        with self.around_dot():\n"
        "            return told\n",
        "tests/accounts/test_mail_once.py -k either_side",
    ),
    Mutation(
        "F30",
        "a mail that another delivery has taken is not sent",
        "accounts/mail/delivery.py",
        "    if not queued.update(state=MailState.HANDED, handed_at=now):\n        raise Moved",
        "    queued.update(state=MailState.HANDED, handed_at=now)",
        "tests/accounts/test_mail_delivery.py -k another_delivery",
    ),
    Mutation(
        "C3",
        "the council's rate of mails is kept",
        "accounts/mail/delivery.py",
        "due(now)[: BATCH if room is None else min(BATCH, room)]",
        "due(now)[:BATCH]",
        "tests/accounts/test_mail_delivery.py -k rate_is_counted",
    ),
    Mutation(
        "F18",
        "a miss waits while the server is away",
        "accounts/mail/delivery.py",
        "again > timezone.now() or not way.open():",
        "again > timezone.now():",
        "tests/accounts/test_mail_delivery.py -k server_that_is_away",
    ),
    Mutation(
        "S7",
        "nothing but a mail that left can be marked as come back",
        "accounts/mail/bounces.py",
        "pk__in=named, state__in=(MailState.HANDED, MailState.SENT)",
        "pk__in=named",
        "tests/accounts/test_mail_bounces.py -k nothing_but",
    ),
)
