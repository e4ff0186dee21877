"""When do two kinds of guesses get answers of their own?"""

from collections import Counter

import pytest

from loadtest.guessing import ENOUGH, of_one_kind_alone


@pytest.mark.parametrize(
    ("hits", "misses", "told"),
    [
        ({"wrong": 500}, {"wrong": 480}, 0),
        ({"wrong": 500, "3 mails wait": 2}, {"wrong": 480, "7 mails wait": 1}, 0),
        ({"wrong": 500, "hello alice": ENOUGH}, {"wrong": 480}, 1),
        ({"wrong": ENOUGH}, {"no such student": ENOUGH}, 2),
    ],
)
def test_an_answer_that_comes_often_to_one_kind_alone_is_told(
    hits: dict[str, int], misses: dict[str, int], told: int
) -> None:
    seen = {"hit": {"code 1": Counter(hits)}, "miss": {"code 1": Counter(misses)}}
    assert of_one_kind_alone(seen) == told


def test_a_step_that_one_kind_never_comes_to_is_told() -> None:
    seen = {
        "hit": {"code 1": Counter(a=ENOUGH), "code 2": Counter(b=ENOUGH)},
        "miss": {"code 1": Counter(a=3)},
    }
    assert of_one_kind_alone(seen) == 1
