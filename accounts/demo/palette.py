"""The tokens of the look in the order in which its page shows them, and what each colour is for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.demo.tokens import tokens
from ticketing.models import Accent

SEEN_THROUGH = len("#rrggbbaa")
FONT = "font"
LETTERS = ("text-hero", "text-figure", "text-2xl", "text-xl", "text-l", "text-m", "text-s")
SPACES = tuple(f"space-{step}" for step in range(1, 9))
MEASURES = ("tap", "notch", "gutter", "page")
SHAPES = ("radius-s", "radius-m", "radius-l", "shadow")


@dataclass(frozen=True, slots=True)
class Swatch:
    """A colour token: what it is for, its colour by day and by night, and what lies under it if one sees through."""

    name: str
    role: str | Promise
    light: str
    dark: str
    under: str


@dataclass(frozen=True, slots=True)
class Size:
    """A token that is no colour, and its value by day and in the dark."""

    name: str
    value: str
    dark: str


COLOURS: Mapping[str | Promise, Mapping[str, str | Promise]] = {
    _("Page and text"): {
        "bg": pgettext_lazy("role of a colour", "page"),
        "surface": pgettext_lazy("role of a colour", "card, panel, field"),
        "surface-2": pgettext_lazy("role of a colour", "quiet ground, empty bar"),
        "ink": pgettext_lazy("role of a colour", "text"),
        "muted": pgettext_lazy("role of a colour", "side remark"),
        "line": pgettext_lazy("role of a colour", "line between things"),
        "line-strong": pgettext_lazy("role of a colour", "edge of a field or quiet button"),
    },
    _("The festival's colour"): {
        "accent": pgettext_lazy("role of a colour", "link, button, bar"),
        "on-accent": pgettext_lazy("role of a colour", "word on a button"),
        "accent-soft": pgettext_lazy("role of a colour", "what the pointer is on"),
        "accent-deep": pgettext_lazy("role of a colour", "the colour on paper"),
        "accent-glow": pgettext_lazy("role of a colour", "the colour in the dark"),
        "accent-tint": pgettext_lazy("role of a colour", "a breath of the colour"),
        "accent-beam": pgettext_lazy("role of a colour", "stage light"),
    },
    _("Night and paper"): {
        "night": pgettext_lazy("role of a colour", "head and foot of a page"),
        "night-2": pgettext_lazy("role of a colour", "horizon of the night"),
        "night-ink": pgettext_lazy("role of a colour", "text in the night"),
        "night-muted": pgettext_lazy("role of a colour", "side remark in the night"),
        "night-line": pgettext_lazy("role of a colour", "line in the night"),
        "night-panel": pgettext_lazy("role of a colour", "panel in the night"),
        "lamp": pgettext_lazy("role of a colour", "lantern, banner"),
        "paper": pgettext_lazy("role of a colour", "paper of a ticket"),
        "paper-ink": pgettext_lazy("role of a colour", "print on paper"),
    },
    _("What is good, and what is not"): {
        "good": pgettext_lazy("role of a colour", "on sale, valid, done"),
        "good-bg": pgettext_lazy("role of a colour", "ground of it"),
        "warn": pgettext_lazy("role of a colour", "paused, not now"),
        "warn-bg": pgettext_lazy("role of a colour", "ground of it"),
        "bad": pgettext_lazy("role of a colour", "wrong, void"),
        "bad-bg": pgettext_lazy("role of a colour", "ground of it"),
        "info": pgettext_lazy("role of a colour", "good to know, opens soon"),
        "info-bg": pgettext_lazy("role of a colour", "ground of it"),
    },
}


def swatches(accent: Accent) -> Iterator[tuple[str | Promise, list[Swatch]]]:
    """Yield each family of colours with its title, as a festival with this colour has them."""
    light, dark = tokens(accent, "light"), tokens(accent, "dark")
    for title, roles in COLOURS.items():
        yield (
            title,
            [Swatch(name, roles[name], light[name], dark[name], under(light, name)) for name in roles],
        )


def under(values: Mapping[str, str], name: str) -> str:
    """Return the night for a colour that one sees through, since all of those lie on it; else nothing."""
    return values["night"] if len(values[name]) == SEEN_THROUGH else ""


def sizes(accent: Accent) -> dict[str, list[Size]]:
    """Return all tokens that are no colours: letters, spaces, measures, shapes, the font."""
    light, dark = tokens(accent, "light"), tokens(accent, "dark")
    kinds = {"letters": LETTERS, "spaces": SPACES, "measures": MEASURES, "shapes": SHAPES, "fonts": (FONT,)}
    return {kind: [Size(name, light[name], dark[name]) for name in names] for kind, names in kinds.items()}


def accents() -> list[tuple[Accent, str, str]]:
    """Return the colours that a festival may have, each with its deep and its glowing shade."""
    values = [(each, tokens(each, "light")) for each in Accent]
    return [(each, shades["accent-deep"], shades["accent-glow"]) for each, shades in values]
