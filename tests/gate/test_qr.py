"""The text in the picture, its windows of time, and the picture."""

import re

import pytest
import qrcode

from ticketing.qr import STEP_MS, Reading, code_text, read, svg
from ticketing.signing import TicketCode, new_ticket_code

T0 = 1_790_000_010_000 // STEP_MS * STEP_MS  # the start of a step
TICKET = new_ticket_code()


def reading_at(now_ms: int, ticket: TicketCode = TICKET) -> Reading:
    reading = read(code_text(ticket, generation=1, now_ms=now_ms).text)
    assert reading is not None
    return reading


def test_a_code_is_genuine_for_its_ticket_and_generation() -> None:
    reading = reading_at(T0)
    assert reading.ticket_code == TICKET
    assert reading.is_genuine(1)
    assert not reading.is_genuine(2)


def test_a_code_keeps_for_its_step_and_tells_the_end() -> None:
    first = code_text(TICKET, generation=1, now_ms=T0)
    assert code_text(TICKET, generation=1, now_ms=T0 + STEP_MS - 1) == first
    assert first.valid_until_ms == T0 + STEP_MS
    assert code_text(TICKET, generation=1, now_ms=T0 + STEP_MS).text != first.text


def test_a_picture_is_dead_45_seconds_after_the_start_of_its_step() -> None:
    reading = reading_at(T0)
    assert reading.is_fresh(T0 + 44_999)
    assert not reading.is_fresh(T0 + 45_000)


@pytest.mark.parametrize("shown_ms", [T0, T0 + 7_000, T0 + STEP_MS - 1])
@pytest.mark.parametrize("drift_ms", [-30_000, -15_000, 0, 15_000, 30_000])
def test_30_seconds_of_drift_are_tolerated_both_ways(shown_ms: int, drift_ms: int) -> None:
    assert reading_at(shown_ms + drift_ms).is_fresh(shown_ms)


@pytest.mark.parametrize("drift_ms", [-45_000, 45_000, -3_600_000, 3_600_000])
def test_more_drift_is_not_tolerated(drift_ms: int) -> None:
    assert not reading_at(T0 + drift_ms).is_fresh(T0)


def test_every_altered_sign_spoils_a_code() -> None:
    text = code_text(TICKET, generation=1, now_ms=T0).text
    for place, sign in enumerate(text):
        altered = text[:place] + ("7" if sign != "7" else "8") + text[place + 1 :]
        reading = read(altered)
        assert reading is None or not reading.is_genuine(1), altered


def test_a_code_has_one_form() -> None:
    text = code_text(TICKET, generation=1, now_ms=T0).text
    wrong = [
        TICKET,
        text.lower(),
        f" {text}",
        f"{text}\n",
        text.replace("D1", "D2"),
        text.replace(".", "-"),
        "",
    ]
    assert [read(form) for form in wrong] == [None] * len(wrong)


def test_the_text_needs_the_alphanumeric_mode_only_and_a_small_picture() -> None:
    text = code_text(TICKET, generation=1, now_ms=T0).text
    assert re.fullmatch(r"[0-9A-Z $%*+\-./:]+", text)
    assert 'viewBox="0 0 37 37"' in svg(text)  # version 3: 29 modules and the quiet zone


def test_the_picture_draws_exactly_the_modules() -> None:
    text = code_text(TICKET, generation=1, now_ms=T0).text
    picture = svg(text)
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M)
    code.add_data(text, optimize=0)
    wanted = {(x, y) for y, row in enumerate(code.get_matrix()) for x, dark in enumerate(row) if dark}
    path = re.search(r'fill="#000" d="([^"]+)"', picture)
    assert path
    runs = re.findall(r"M(\d+) (\d+)h(\d+)v1h-(\d+)z", path[1])
    drawn = {(int(x) + step, int(y)) for x, y, width, _back in runs for step in range(int(width))}
    assert drawn == wanted


def test_the_picture_has_a_label_and_no_style_and_escapes() -> None:
    picture = svg("X", label='a"<b')
    assert 'role="img"' in picture
    assert 'aria-label="a&quot;&lt;b"' in picture
    assert "style" not in picture
