"""Mail that comes back later is marked: by reports through a pipe, and from a real mailbox by IMAP."""

import contextlib
import grp
import imaplib
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts.mail import bounces, delivery
from accounts.models import MailService, MailState, OutgoingMail
from festival import embedded, processes
from tests.accounts.mails import queue_codes
from tests.accounts.reports import report
from tests.accounts.smtp import MailServer
from tests.conftest import IN_CI, test_database_url

pytestmark = [
    pytest.mark.servers,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("empty_queue"),
]


@pytest.fixture
def sent() -> OutgoingMail:
    """Return the mail of a code that has left."""
    (mail,) = queue_codes(1)
    now = timezone.now()
    OutgoingMail.objects.filter(pk=mail.pk).update(state=MailState.SENT, handed_at=now, code=250)
    return mail


def id_of(mail: OutgoingMail, domain: str = "example.org") -> str:
    return f"<{mail.pk}@{domain}>"


def told(mail: OutgoingMail) -> tuple[str, int | None, str]:
    mail.refresh_from_db()
    return mail.state, mail.code, mail.status


@pytest.mark.parametrize("headers_only", [False, True])
def test_a_report_marks_the_mail_that_it_gives_back(sent: OutgoingMail, headers_only: bool) -> None:
    assert bounces.record(report(id_of(sent), headers_only=headers_only))
    assert told(sent) == (MailState.BOUNCED, 550, "5.1.1")
    assert sent.handed_at  # it has left, and counts for the rate
    assert not bounces.record(report(id_of(sent), status="5.2.2"))
    assert told(sent) == (MailState.BOUNCED, 550, "5.1.1")


def test_nothing_but_a_mail_that_we_have_sent_can_be_marked(sent: OutgoingMail) -> None:
    (queued,) = queue_codes(1)
    foreign = (
        report(id_of(sent, "other.example")),
        report(f"<{uuid4()}@example.org>"),
        report(id_of(queued)),
        report(id_of(sent), action="delayed", status="4.4.1"),
        report(id_of(sent), kind="mixed"),
        b"",
        b"\xff\xfe\x00 no mail at all",
        report(id_of(sent))[:900],
        f"Subject: re: {id_of(sent)}\nIn-Reply-To: {id_of(sent)}\n\nThank you!".encode(),
        report("<not-a-key@example.org>"),
        report(f"<{'-' * 36}@example.org>"),
    )
    assert [bounces.record(raw) for raw in foreign] == [False] * len(foreign)
    assert told(sent)[0] == MailState.SENT
    assert told(queued)[0] == MailState.QUEUED


def test_a_mail_server_pipes_a_report_into_a_command(sent: OutgoingMail) -> None:
    piped = subprocess.run(
        [sys.executable, "manage.py", "record_bounce"],
        input=report(id_of(sent)),
        env={**os.environ, "DATABASE_URL": test_database_url()},
        capture_output=True,
        check=True,
    )
    assert piped.stdout.decode().strip() == "marked as undeliverable"
    assert told(sent)[0] == MailState.BOUNCED


def dovecot_path() -> str:
    """Return this machine's Dovecot; without one a test is skipped on a laptop and fails in CI."""
    found = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if found is None or os.geteuid() != 0:
        words = "no Dovecot that this user may start; this helps: apt install dovecot-imapd, and to be root"
        if IN_CI and os.geteuid() == 0:
            pytest.fail(words)
        pytest.skip(words)
    return found


CONFIGURATION = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
mail_location = maildir:{folder}/Maildir
first_valid_uid = 1
first_valid_gid = 1
default_login_user = {user}
default_internal_user = {user}
default_internal_group = {group}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
passdb {{
  driver = static
  args = password=s3cret@word
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}
}}
"""


@pytest.fixture
def mailbox(tmp_path_factory: pytest.TempPathFactory, settings: Settings) -> Iterator[Path]:
    """Run a Dovecot with one mailbox; return the folder into which new mail is put."""
    program, folder, port = dovecot_path(), tmp_path_factory.mktemp("dovecot"), embedded.free_port()
    nobody = pwd.getpwnam("nobody")
    for name in ("new", "cur", "tmp"):
        (folder / "Maildir" / name).mkdir(parents=True)
    for place in (folder, *folder.rglob("*")):
        os.chown(place, nobody.pw_uid, nobody.pw_gid)
    for parent in (folder, *folder.parents):  # the user whom Dovecot runs as passes through
        if parent == Path(tempfile.gettempdir()):
            break
        parent.chmod(0o711)
    group = grp.getgrgid(nobody.pw_gid).gr_name
    file = folder / "dovecot.conf"
    file.write_text(CONFIGURATION.format(folder=folder, port=port, user="nobody", group=group))
    process = processes.spawn(
        [program, "-F", "-c", str(file)], log=folder / "start.log", record=folder / "dovecot.json"
    )
    settings.BOUNCES_URL = f"imap://council:s3cret%40word@127.0.0.1:{port}/INBOX"
    try:
        processes.wait_until(lambda: process.poll() is not None or opens(port), 20)
        assert opens(port), processes.last_lines(folder / "start.log", 20)
        yield folder / "Maildir"
    finally:
        processes.end(process, end_signal=signal.SIGTERM, seconds=5)
        sys.stdout.write(processes.last_lines(folder / "dovecot.log", 20))  # shown where a test has failed


def opens(port: int) -> bool:
    """Tell whether the mailbox can be opened there: Dovecot greets before the parts of it that check a login run."""
    with contextlib.suppress(OSError, imaplib.IMAP4.error), imaplib.IMAP4("127.0.0.1", port, 5) as probe:
        probe.login("council", "s3cret@word")
        return probe.select("INBOX", readonly=True)[0] == "OK"
    return False


def put(mailbox: Path, *mails: bytes) -> None:
    """Deliver mails into the mailbox."""
    for raw in mails:
        draft = mailbox / "tmp" / f"{timezone.now().timestamp()}.{uuid4().hex}.test"
        draft.write_bytes(raw)
        draft.chmod(0o644)
        draft.rename(mailbox / "new" / draft.name)


def test_the_mailbox_is_read_once_and_left_as_it_is(mailbox: Path) -> None:
    mails = queue_codes(3)
    now = timezone.now()
    OutgoingMail.objects.update(state=MailState.SENT, handed_at=now)
    put(mailbox, b"Subject: hello\n\nWhen does it open?\n", report(id_of(mails[0])))
    assert bounces.read_mailbox() == 1
    assert bounces.read_mailbox() == 0
    put(mailbox, report(id_of(mails[1]), headers_only=True))
    assert bounces.read_mailbox() == 1
    assert [told(mail)[0] for mail in mails] == [MailState.BOUNCED, MailState.BOUNCED, MailState.SENT]
    read = [file.name for file in (mailbox / "cur").iterdir() if "S" in file.name.rpartition(",")[2]]
    assert not read  # whoever reads this mailbox too finds its mails unread
    assert MailService.objects.get().bounces_read_at


def test_a_mailbox_that_was_made_anew_is_read_from_its_beginning(mailbox: Path, sent: OutgoingMail) -> None:
    MailService.objects.create(bounces_validity=1, bounces_uid=999)
    put(mailbox, report(id_of(sent)))
    assert bounces.read_mailbox() == 1


def test_a_mailbox_that_cannot_be_read_is_told_without_its_password(
    mailbox: Path, settings: Settings
) -> None:
    settings.BOUNCES_URL = settings.BOUNCES_URL.replace("s3cret", "wrong")
    with pytest.raises(CommandError) as error:
        call_command("read_bounces")
    assert "wrong" not in str(error.value)
    assert MailService.objects.get().bounces_failed_at


def test_without_a_mailbox_there_is_nothing_to_read() -> None:
    assert bounces.read_mailbox() is None
    with pytest.raises(CommandError, match="not set"):
        call_command("read_bounces")


def test_a_mail_of_ours_comes_back_by_its_own_message_id(mail_server: MailServer, mailbox: Path) -> None:
    (mail,) = queue_codes(1)
    delivery.deliver()
    put(mailbox, report(mail_server.taken()[0]["id"]))
    assert bounces.read_mailbox() == 1
    assert told(mail)[0] == MailState.BOUNCED
