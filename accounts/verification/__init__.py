"""How somebody proves to be a student of the roster: several ways behind one interface."""

from collections.abc import Mapping, Sequence

from accounts.models import VerificationMethod
from accounts.verification import chosen
from accounts.verification.base import Method
from accounts.verification.booth import Booth
from accounts.verification.card import Card
from accounts.verification.mailed import MailedCode
from accounts.verification.university import University

MAILED, UNIVERSITY, BOOTH, CARD = MailedCode(), University(), Booth(), Card()
METHODS: Mapping[str, Method] = {method.way: method for method in (MAILED, UNIVERSITY, BOOTH, CARD)}


def available() -> Sequence[VerificationMethod]:
    """Return the ways that this system is set up for: those that the council can choose."""
    return [VerificationMethod(way) for way, method in METHODS.items() if method.configured()]


def offered() -> Sequence[Method]:
    """Return the ways that a student may take now, in our order: the quickest first."""
    wanted = chosen.ways()
    return [method for way, method in METHODS.items() if way in wanted and method.configured()]
