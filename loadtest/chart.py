"""Plots as SVG, drawn for a phone: no script, no style of their own, colours by class."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

WIDTH, HEIGHT = 360.0, 220.0
LEFT, RIGHT, TOP, BOTTOM = 40.0, 12.0, 24.0, 34.0
TICKS = 4
COLOURS = 6


@dataclass(frozen=True, slots=True)
class Frame:
    """A plot's axes: how far they go, what they are called, what the plot says to who cannot see it."""

    most_x: float
    most_y: float
    x_name: str
    y_name: str
    says: str

    def x(self, value: float) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * value / (self.most_x or 1), 1)

    def y(self, value: float) -> float:
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / (self.most_y or 1), 1)


def nice(most: float) -> float:
    """Return a round number that is not below `most` and divides well."""
    if most <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(most))
    return next(step * power for step in (1, 2, 4, 5, 8, 10) if step * power >= most)


def short(value: float) -> str:
    """Return a number as an axis has room for it."""
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:.2g}"


def drawn(frame: Frame, inside: SafeString) -> SafeString:
    """Return the whole picture."""
    return format_html(
        '<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}</svg>',
        int(WIDTH),
        int(HEIGHT),
        frame.says,
        axes(frame),
        inside,
    )


def ticks(most: float) -> list[float]:
    """Return round numbers from 0 up to `most`, about as many as there is room for."""
    step = nice(most / (TICKS + 1))
    return [step * place for place in range(int(most / step + 1e-9) + 1)]


def axes(frame: Frame) -> SafeString:
    """Return lines and numbers of both axes."""
    across = format_html_join(
        "",
        '<line class="grid" x1="{}" x2="{}" y1="{}" y2="{}"/><text class="end" x="{}" y="{}">{}</text>',
        (
            (LEFT, WIDTH - RIGHT, y, y, LEFT - 5, y + 3.5, short(value))
            for value in ticks(frame.most_y)
            for y in [frame.y(value)]
        ),
    )
    below = format_html_join(
        "",
        '<text class="mid" x="{}" y="{}">{}</text>',
        ((frame.x(value), HEIGHT - BOTTOM + 13, short(value)) for value in ticks(frame.most_x)),
    )
    names = format_html(
        '<text class="name" x="{}" y="{}">{}</text><text class="name end" x="{}" y="{}">{}</text>',
        2,
        10,
        frame.y_name,
        WIDTH - RIGHT,
        HEIGHT - 5,
        frame.x_name,
    )
    return across + below + names


def stacked(
    frame: Frame, moments: Sequence[Mapping[str, int]], step: float, kinds: Sequence[str]
) -> SafeString:
    """Draw how many of each kind there were in each moment, one upon the other."""
    bars = []
    for place, counts in enumerate(moments):
        height = 0
        for kind in kinds:
            if counts.get(kind):
                top = frame.y(height + counts[kind])
                width = frame.x(step) - frame.x(0)
                bars.append(
                    (
                        kind,
                        frame.x(place * step),
                        top,
                        round(max(0.6, width * 0.86), 2),
                        round(frame.y(height) - top, 2),
                    )
                )
                height += counts[kind]
    inside = format_html_join("", '<rect class="is-{}" x="{}" y="{}" width="{}" height="{}"/>', bars)
    return drawn(frame, inside)


def lines(frame: Frame, curves: Sequence[tuple[str, Sequence[tuple[float, float]]]]) -> SafeString:
    """Draw lines, each with its class."""
    inside = format_html_join(
        "",
        '<polyline class="line {}" points="{}"/>',
        (
            (name, " ".join(f"{frame.x(x)},{frame.y(y)}" for x, y in points))
            for name, points in curves
            if points
        ),
    )
    return drawn(frame, inside)
