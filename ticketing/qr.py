"""The code in the picture: version, ticket, time step, proof; a ticket's page shows it, the gate reads it."""

import re
from dataclasses import dataclass
from itertools import groupby

import qrcode
from django.utils.html import format_html
from django.utils.translation import gettext as _

from ticketing.signing import ALPHABET, CODE_SIGNS, PROOF_BYTES, TicketCode, base32, is_proven, prove

VERSION = "D1"
PURPOSE = "ticket-qr"
STEP_MS = 15_000
# In steps, early or late: 30 s of drift both ways, and a picture is dead 45 s after the start of its step.
TOLERANCE = 2
STEP_SIGNS = 6  # lasts until the year 2480
BORDER = 4  # modules of quiet zone that the standard asks for

# Only signs of the QR's alphanumeric mode: 5.5 bits for each instead of 8. One way to write a code, no other.
_TEXT = re.compile(
    rf"{VERSION}\.([{ALPHABET}]{{{CODE_SIGNS}}})\.([{ALPHABET}]{{{STEP_SIGNS}}})"
    rf"\.([{ALPHABET}]{{{PROOF_BYTES * 8 // 5}}})"
)


@dataclass(frozen=True, slots=True)
class QrCode:
    """What the picture says now, and until when a page may show it."""

    text: str
    valid_until_ms: int


@dataclass(frozen=True, slots=True)
class Reading:
    """A text of the right form; nothing about it is proven yet."""

    ticket_code: TicketCode
    step: int
    proof: str

    def is_genuine(self, generation: int) -> bool:
        """Tell whether we made this text, for this generation of the ticket."""
        message = _message(self.ticket_code, generation, self.step)
        return is_proven(message, self.proof, PURPOSE, self.ticket_code, generation)

    def is_fresh(self, now_ms: int) -> bool:
        """Tell whether the text is of the present step or of one next to it, within the tolerance."""
        return abs(now_ms // STEP_MS - self.step) <= TOLERANCE


def code_text(ticket_code: TicketCode, *, generation: int, now_ms: int) -> QrCode:
    """Return what the QR of a ticket says in the present step."""
    step = now_ms // STEP_MS
    proof = prove(_message(ticket_code, generation, step), PURPOSE, ticket_code, generation)
    text = f"{VERSION}.{ticket_code}.{base32(step, STEP_SIGNS)}.{proof}"
    return QrCode(text, valid_until_ms=(step + 1) * STEP_MS)


def read(text: str) -> Reading | None:
    """Return the parts of a scanned text, or None when it does not have the form of ours."""
    found = _TEXT.fullmatch(text)
    if found is None:
        return None
    ticket_code, step, proof = found.groups()
    return Reading(TicketCode(ticket_code), _number(step), proof)


def svg(text: str, *, label: str | None = None) -> str:
    """Return a text as an inline `<svg>` of one path, black on white in every theme: scanners need it so."""
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=BORDER)
    code.add_data(text, optimize=0)
    rows = code.get_matrix()
    size = len(rows)
    return format_html(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" role="img" aria-label="{label}"'
        ' shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{size}v{size}H0z"/>'
        '<path fill="#000" d="{path}"/></svg>',
        size=size,
        label=label or _("QR code for the gate"),
        path="".join(_dark_runs(row, y) for y, row in enumerate(rows)),
    )


def _message(ticket_code: TicketCode, generation: int, step: int) -> str:
    return f"{VERSION}|{ticket_code}|{generation}|{step}"


def _number(signs: str) -> int:
    number = 0
    for sign in signs:
        number = number * 32 + ALPHABET.index(sign)
    return number


def _dark_runs(row: list[bool], y: int) -> str:
    """Return the path of one row: a rectangle for each run of dark modules, without seams inside a run."""
    path, x = "", 0
    for dark, run in groupby(row):
        width = len(list(run))
        if dark:
            path += f"M{x} {y}h{width}v1h-{width}z"
        x += width
    return path
