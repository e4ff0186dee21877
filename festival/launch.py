"""Become another program that dies with its parent: `python -IS launch.py SIGNAL PARENT UID GID PROGRAM
[ARGUMENT…]`.

Run as a script between fork and the real program, so that user and parent's death are set without code of
ours running in a forked copy of a threaded process. UID and GID are -1 when the user stays. Where the kernel
knows no parent-death signal (macOS), the program lives on and the next start finds it by its record.
"""

import ctypes
import os
import pwd
import sys

PR_SET_PDEATHSIG = 1


def become(end_signal: int, parent: int, uid: int, gid: int, command: list[str]) -> None:
    """Replace this process by `command`, as that user, ended by `end_signal` when `parent` dies."""
    if uid >= 0:
        os.initgroups(pwd.getpwuid(uid).pw_name, gid)
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform == "linux":
        # After the change of user: the kernel forgets the wish when credentials change.
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, end_signal, 0, 0, 0)
        if os.getppid() != parent:  # it died before we could ask to be told
            sys.exit(1)
    os.execvp(command[0], command)


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:5]]
    become(numbers[0], numbers[1], numbers[2], numbers[3], sys.argv[5:])
