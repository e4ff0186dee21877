"""Words as people and spreadsheets write them, brought to one form."""

import unicodedata


def tidy(text: str) -> str:
    """Return text in NFC with single spaces and none at its ends: 한글 from a Mac comes in pieces (NFD)."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def tidy_number(text: str) -> str:
    """Return a student number in plain signs: full-width ones become ASCII, spaces and hyphens go."""
    return "".join(unicodedata.normalize("NFKC", text).split()).replace("-", "").upper()
