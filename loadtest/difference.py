"""Whether two kinds of answers can be told apart by their time: statistics of pairs, and nothing else."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

FEWEST = 50
SURE = 0.001  # a difference is called one when chance alone makes it this rarely
WIDE = 2.576  # of a normal distribution, 99 % lie within


@dataclass(frozen=True, slots=True)
class Difference:
    """By how much the first of a pair takes longer, in the unit of the pairs, and how sure that is."""

    pairs: int
    median: float
    low: float
    high: float
    chance: float

    @property
    def seen(self) -> bool:
        """Tell whether the two can be told apart with this many pairs."""
        return self.chance < SURE

    @property
    def bound(self) -> float:
        """Return how large the difference may be at most, at 99 %."""
        return max(abs(self.low), abs(self.high))


def compare(pairs: Sequence[tuple[float, float]]) -> Difference:
    """Compare pairs that were measured one after the other in random order.

    The chance is that of Wilcoxon's signed-rank test (normal approximation, ties share a rank); the interval of the
    median is that of the order statistics. Neither minds the long tail that answer times have.
    """
    if len(pairs) < FEWEST:
        raise ValueError(f"{len(pairs)} pairs are too few, {FEWEST} are needed")
    apart = sorted(first - second for first, second in pairs)
    count = len(apart)
    reach = WIDE * math.sqrt(count) / 2
    low, high = max(0, math.floor(count / 2 - reach)), min(count - 1, math.ceil(count / 2 + reach))
    middle = (apart[(count - 1) // 2] + apart[count // 2]) / 2
    return Difference(count, middle, apart[low], apart[high], signed_rank(apart))


def signed_rank(apart: Sequence[float]) -> float:
    """Return how often chance alone makes differences as one-sided as these."""
    sizes = sorted((value for value in apart if value), key=abs)
    positive = spread = 0.0
    start = 0
    while start < len(sizes):
        end = start
        while end < len(sizes) and abs(sizes[end]) == abs(sizes[start]):
            end += 1
        rank = (start + 1 + end) / 2  # the ranks start + 1 … end, shared
        positive += rank * sum(value > 0 for value in sizes[start:end])
        spread += rank * rank * (end - start)
        start = end
    if not sizes:
        return 1.0
    expected = len(sizes) * (len(sizes) + 1) / 4
    return math.erfc(abs(positive - expected) / math.sqrt(spread / 4) / math.sqrt(2))
