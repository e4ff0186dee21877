"""Whom the provider knows, and what it tells of them: some of it as a misconfigured university would."""

from collections.abc import Mapping
from typing import Any

PASSWORD = "the-university-knows-this"
CLIENT, SECRET = "daedong", "secret-of-the-client-for-tests-only"
OTHER_CLIENT = "library"

# By user name; the claims come with every scope.
PEOPLE: Mapping[str, Mapping[str, Any]] = {
    "alice": {"student_number": "2024123456", "name": "김앨리스", "email": "alice@univ.example"},
    "spaced": {"student_number": " ２０２４-123456 "},
    "stranger": {"student_number": "2099000000"},
    "gone": {"student_number": "2019000001"},
    "council": {"preferred_username": "council", "email": "council@univ.example"},
    "listed": {"student_number": ["2024123456"]},
    "counted": {"student_number": 2024123456},
    "blank": {"student_number": " - "},
    "endless": {"student_number": "2" * 21},
    **{
        liar: {"student_number": "2024123456"}
        for liar in ("two-faced", "someone-else", "forger", "misled", "late", "elsewhere", "echo")
    },
}
# What a token says that it should not, by whose it is.
LIES: Mapping[str, Mapping[str, Any]] = {
    "misled": {"aud": OTHER_CLIENT},
    "late": {"exp": 1_700_000_000},
    "elsewhere": {"iss": "https://evil.example"},
    "echo": {"nonce": "of-another-login"},
}
# What the user info says otherwise than the token.
TURNS: Mapping[str, Mapping[str, Any]] = {
    "two-faced": {"student_number": "2024999999"},
    "someone-else": {"sub": "999"},
}
