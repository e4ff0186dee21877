"""Ticket codes, keys and proofs."""

import pytest
from pytest_django import Settings

from ticketing.signing import ALPHABET, base32, is_proven, new_ticket_code, parse_ticket_code, prove

OLD, NEW, STRANGE = (f"{name} signing key ".ljust(40, "x") for name in ("old", "new", "strange"))


def test_a_ticket_code_has_20_signs_and_no_two_are_equal() -> None:
    codes = {new_ticket_code() for _ in range(2000)}
    assert len(codes) == 2000
    assert all(len(code) == 20 and set(code) <= set(ALPHABET) for code in codes)


def test_a_ticket_code_is_read_in_exactly_its_form() -> None:
    code = new_ticket_code()
    assert parse_ticket_code(code) == code
    wrong = ["", code[:-1], code + "0", code[:-1] + "U", "a" * 20, f"{code}\n", "０" * 20, f" {code[1:]}"]
    assert [parse_ticket_code(text) for text in wrong] == [None] * len(wrong)


def test_a_number_fills_its_signs_or_is_refused() -> None:
    assert base32(0, 3) == "000"
    assert base32(32**3 - 1, 3) == "ZZZ"
    for impossible in (32**3, -1):
        with pytest.raises(ValueError, match="fit"):
            base32(impossible, 3)


def test_a_proof_holds_for_its_message_and_scope_only() -> None:
    proof = prove("message", "purpose", "A", 1)
    assert is_proven("message", proof, "purpose", "A", 1)
    assert not is_proven("massage", proof, "purpose", "A", 1)
    assert not is_proven("message", proof, "other purpose", "A", 1)
    assert not is_proven("message", proof, "purpose", "B", 1)
    assert not is_proven("message", proof, "purpose", "A", 2)


def test_keys_rotate_without_touching_a_ticket(settings: Settings) -> None:
    settings.SIGNING_KEYS = [OLD]
    proof = prove("message", "purpose")
    settings.SIGNING_KEYS = [NEW, OLD]
    assert is_proven("message", proof, "purpose")
    assert prove("message", "purpose") != proof
    settings.SIGNING_KEYS = [NEW]
    assert not is_proven("message", proof, "purpose")


def test_the_newest_key_signs(settings: Settings) -> None:
    settings.SIGNING_KEYS = [NEW, OLD]
    proof = prove("message", "purpose")
    settings.SIGNING_KEYS = [STRANGE, NEW]
    assert is_proven("message", proof, "purpose")
