"""Ticket codes, and proofs by keys derived from FESTIVAL_SIGNING_KEYS: the first one signs, all verify."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterator
from typing import NewType

from django.conf import settings

TicketCode = NewType("TicketCode", str)

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O, U to mistake when read aloud
CODE_SIGNS = 20  # 100 bits: an address that nobody guesses
PROOF_BYTES = 10  # 80 bits: too many to try at a gate; a short text makes a coarse picture that scans fast
_CODE = re.compile(f"[{ALPHABET}]{{{CODE_SIGNS}}}")


def base32(number: int, signs: int) -> str:
    """Return a number in exactly that many signs of the alphabet, its highest sign first."""
    if not 0 <= number < 32**signs:
        raise ValueError(f"does not fit into {signs} signs")
    return "".join(ALPHABET[number >> 5 * place & 31] for place in reversed(range(signs)))


def new_ticket_code() -> TicketCode:
    """Return a new, unguessable ticket code."""
    return TicketCode("".join(secrets.choice(ALPHABET) for _ in range(CODE_SIGNS)))


def parse_ticket_code(text: str) -> TicketCode | None:
    """Return the text as a ticket code if it has exactly its form."""
    return TicketCode(text) if _CODE.fullmatch(text) else None


def derived_keys(*scope: str | int) -> Iterator[bytes]:
    """Yield one key for this scope (purpose first) from each signing key, the newest first.

    The parts of a scope never hold "|", so that no two scopes read the same.
    """
    label = "|".join(str(part) for part in scope).encode()
    for master in settings.SIGNING_KEYS:
        yield hmac.digest(master.encode(), label, hashlib.sha256)


def prove(message: str, *scope: str | int) -> str:
    """Return the proof of a message in a scope, by the newest key: 16 signs."""
    return _proof(next(derived_keys(*scope)), message)


def is_proven(message: str, proof: str, *scope: str | int) -> bool:
    """Tell whether any of our keys made this proof, in a time that tells nothing about how near it was."""
    made = [hmac.compare_digest(_proof(key, message), proof) for key in derived_keys(*scope)]
    return any(made)


def _proof(key: bytes, message: str) -> str:
    digest = hmac.digest(key, message.encode(), hashlib.sha256)
    return base32(int.from_bytes(digest[:PROOF_BYTES]), PROOF_BYTES * 8 // 5)
