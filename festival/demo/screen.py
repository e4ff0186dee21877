"""What the demo says: short lines at once, with or without a terminal."""

import io
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import qrcode


class Problem(Exception):
    """Something the reader can mend: what happened and the one command that helps."""

    def __init__(self, what: str, helps: str) -> None:
        super().__init__(what)
        self.what, self.helps = what, helps


def say(text: str = "", *, end: str = "\n") -> None:
    """Show a line at once; the demo outlives a reader that has gone away."""
    try:
        sys.stdout.write(text + end)
        sys.stdout.flush()
    except UnicodeEncodeError:
        say(text.encode("ascii", "replace").decode(), end=end)
    except OSError:
        # Nobody reads any more (`make demo | head`, a closed terminal): the servers go on, their words go nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def tell(problem: Problem) -> None:
    """Show a problem and the command that helps."""
    say(f"\n{problem.what}\nThis helps:\n\n    {problem.helps}\n")


@contextmanager
def step(name: str) -> Iterator[None]:
    """Show the name of a step while it runs and the seconds that it took."""
    began = time.monotonic()
    say(f"  {name} … ", end="")
    try:
        yield
    except BaseException:
        say("not done")
        raise
    say(f"{time.monotonic() - began:.1f} s")


def picture(text: str) -> str:
    """Return a QR code in half blocks for a dark terminal, or nothing where there is no UTF-8."""
    if "utf" not in (sys.stdout.encoding or "").lower():
        return ""
    code = qrcode.QRCode(border=2, error_correction=qrcode.constants.ERROR_CORRECT_L)
    code.add_data(text)
    drawn = io.StringIO()
    code.print_ascii(out=drawn, invert=True)
    return "\n".join(f"    {line}" for line in drawn.getvalue().rstrip("\n").splitlines())


def welcome(*, address: str, accounts: str, phone: str | None, passcode: str | None, seconds: float) -> str:
    """Return the one quiet screen that ends the set-up; `phone` is what a phone opens, None without LAN."""
    lines = [
        f"\nDaedong is ready after {seconds:.0f} s.\n",
        f"  Everything at a glance  {address}/demo/",
        f"  Students                {address}/",
        f"  Student council         {address}/admin/",
        f"  Gate                    {address}/gate/",
        f"  API                     {address}/api/docs/",
        "\nAccounts",
        *(f"  {line}" for line in accounts.strip().splitlines()),
        "\nTry this",
        "  1. Open the first address: log in as a student there, wait for the opening, press.",
        "  2. Open the ticket, then scan or type its code at the gate, twice.",
        "  3. Start another sale, which opens in 60 s: the button there, or `make sale`.",
        *for_phone(phone, passcode),
        "\nCtrl-C ends it; the data stays. From another terminal: make stop, make sale, make help.",
    ]
    return "\n".join(lines)


def for_phone(phone: str | None, passcode: str | None) -> list[str]:
    """Return what somebody with a phone needs to know."""
    if phone is None:
        return ["\nOn a phone in the same network: end this, then `make demo LAN=1`."]
    return [
        f"\nOn a phone in the same network: {phone}/",
        "  The certificate is made by this machine: the phone warns once, go on.",
        f"  Logging in as council or gate asks for this passcode: {passcode}",
        picture(f"{phone}/"),
    ]
