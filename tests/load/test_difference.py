"""The statistics that tell a hit from a miss by its time: planted differences are found, and only those."""

import random

import pytest

from loadtest.difference import Difference, compare


def times(seed: int, *, planted: float, pairs: int = 2000) -> Difference:
    """Measure answers of 5 ms with a long tail; the first of each pair takes longer by what was planted (in µs)."""
    dice = random.Random(seed)

    def answer() -> float:
        return 5000 + dice.expovariate(1 / 1500)

    return compare([(answer() + planted, answer()) for _ in range(pairs)])


@pytest.mark.parametrize("seed", range(10))
def test_a_planted_difference_is_found(seed: int) -> None:
    found = times(seed, planted=300)
    assert found.seen
    assert found.low < 300 < found.high
    assert found.median > 0


@pytest.mark.parametrize("seed", range(10))
def test_the_other_sign_is_found_too(seed: int) -> None:
    assert times(seed, planted=-300).seen
    assert times(seed, planted=-300).median < 0


def test_equal_times_are_not_told_apart_more_often_than_chance_has_it() -> None:
    found = [times(seed, planted=0, pairs=400) for seed in range(200)]
    assert sum(one.seen for one in found) <= 2
    assert sum(one.chance < 0.1 for one in found) in range(8, 36)
    assert sum(one.low <= 0 <= one.high for one in found) >= 194


def test_ties_and_no_difference_at_all() -> None:
    assert compare([(1.0, 1.0)] * 60) == Difference(60, 0, 0, 0, 1)
    assert compare([(2.0, 1.0)] * 60).seen
    assert compare([(2.0, 1.0), (1.0, 2.0)] * 30).chance == 1


def test_a_bound_is_the_farther_end_of_the_interval() -> None:
    assert Difference(100, -2, -5, 1, 0.2).bound == 5


def test_too_few_pairs_are_no_measurement() -> None:
    with pytest.raises(ValueError, match="too few"):
        compare([(1.0, 1.0)] * 49)
