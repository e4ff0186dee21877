"""Every colour of a festival can be read, in the light and in the dark: WCAG's contrast, computed from tokens.css."""

import re
from collections.abc import Mapping

import pytest

from tests.conftest import ROOT
from ticketing.models import Accent

TOKENS = (ROOT / "static" / "css" / "tokens.css").read_text(encoding="utf-8")
DECLARED = re.compile(r"--([\w-]+):\s*([^;]+);")
DARK = "@media (prefers-color-scheme: dark) {"
TEXT, SHAPE = 4.5, 3.0

# What stands on what, and how far apart the two must be; the night is the same in both schemes.
PAIRS = (
    ("accent", "bg", TEXT),  # links
    ("accent", "surface", TEXT),
    ("accent", "surface-2", SHAPE),  # the bar of the places left
    ("on-accent", "accent", TEXT),  # a button
    ("ink", "accent-soft", TEXT),
    ("night", "accent-glow", TEXT),  # a button of a hero
    ("night-ink", "night", TEXT),
    ("night-ink", "night-2", TEXT),
    ("night-muted", "night", TEXT),
    ("night-muted", "night-2", TEXT),
    ("lamp", "night", TEXT),
    ("lamp", "night-2", TEXT),
    ("accent-deep", "paper", TEXT),  # a link of a ticket
    ("paper-ink", "lamp", TEXT),  # the banner
)


def declared(css: str) -> dict[str, str]:
    return {name: value.strip() for name, value in DECLARED.findall(css)}


def block(start: int) -> str:
    """Return what stands between the braces that open at or after a place, nested ones included."""
    opened, depth = TOKENS.index("{", start), 0
    for place in range(opened, len(TOKENS)):
        depth += {"{": 1, "}": -1}.get(TOKENS[place], 0)
        if not depth:
            return TOKENS[opened : place + 1]
    raise AssertionError("a brace that nothing closes")


def tokens(accent: str, scheme: str) -> dict[str, str]:
    """Return the tokens as a browser has them for a colour and a scheme."""
    values = declared(block(TOKENS.index(":root {")))
    if scheme == "dark":
        for media in re.finditer(re.escape(DARK), TOKENS):
            values |= declared(block(media.start()))
    return values | declared(block(TOKENS.index(f'[data-accent="{accent}"]')))


def colour(values: Mapping[str, str], name: str) -> tuple[float, float, float]:
    """Return a token's colour, through the tokens that it names."""
    value = values[name]
    while named := re.fullmatch(r"var\(--([\w-]+)\)", value):
        value = values[named[1]]
    assert re.fullmatch(r"#[0-9a-f]{6}", value), f"--{name} is {value!r}: not an opaque colour"
    red, green, blue = (int(value[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def luminance(shown: tuple[float, float, float]) -> float:
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shown)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: tuple[float, float, float], other: tuple[float, float, float]) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("accent", Accent.values)
def test_a_colour_can_be_read(accent: str, scheme: str) -> None:
    values = tokens(accent, scheme)
    found = {pair: contrast(colour(values, pair[0]), colour(values, pair[1])) for pair in PAIRS}
    low = [
        f"{on} on {under}: {found[on, under, least]:.2f}"
        for on, under, least in PAIRS
        if found[on, under, least] < least
    ]
    assert not low, f"{accent}, {scheme}: {low}"


def test_the_measure_is_that_of_wcag() -> None:
    assert round(contrast((0, 0, 0), (1, 1, 1)), 1) == 21
    grey = (0x77 / 255,) * 3
    assert contrast(grey, (1, 1, 1)) < TEXT, "#777 on white is the best-known grey that does not reach"


@pytest.mark.parametrize("accent", list(Accent))
def test_what_a_browser_draws_around_a_page_is_its_night(accent: Accent) -> None:
    assert accent.night == tokens(accent.value, "light")["night"]
    assert (ROOT / "static" / accent.picture).is_file()
