"""Who owns what when we are root: PostgreSQL refuses to run as root and gets a user of its own."""

import logging
import os
import pwd
import stat
from pathlib import Path
from typing import TypedDict

log = logging.getLogger(__name__)

User = pwd.struct_passwd


class RunAs(TypedDict, total=False):
    """The arguments of subprocess.run that choose a user."""

    user: int
    group: int
    extra_groups: list[str | int]


def unprivileged_user() -> User | None:
    """Return whom PostgreSQL runs as when we are root, which it refuses to be; otherwise None: as we are."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    for name in ("postgres", "_postgres", "nobody"):
        if name in known:
            return known[name]
    raise LookupError("PostgreSQL refuses to run as root and there is no user 'nobody'")


def as_user(user: User | None) -> RunAs:
    """Return the arguments of subprocess.run that run a program as that user."""
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}


def hand_over(path: Path, user: User | None) -> None:
    """Give a file or folder to the user whom the server runs as."""
    if user:
        os.chown(path, user.pw_uid, user.pw_gid)


def let_through(user: User | None, *targets: Path) -> None:
    """Let the unprivileged user pass (not list) the folders above the targets, where it may not yet."""
    if user is None:
        return
    for target in targets:
        for parent in target.resolve().parents:
            status = parent.stat()
            if status.st_uid != user.pw_uid and not status.st_mode & stat.S_IXOTH:
                parent.chmod(stat.S_IMODE(status.st_mode) | stat.S_IXOTH)
                log.warning("chmod o+x %s, so that PostgreSQL may pass as user %s", parent, user.pw_name)


def write_private(file: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    draft = file.with_name(file.name + ".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as output:
        output.write(text)
    draft.replace(file)
