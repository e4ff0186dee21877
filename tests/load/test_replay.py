"""The model that every play is held against: first come, first served, and nothing else."""

from typing import Any

import pytest

from loadtest.replay import Change, Model, replay


def press(arrival: int, zones: str, outcome: str, number: int | None = None, at: int = 0) -> dict[str, Any]:
    """Return a press for zones of one letter each; a win is of the first."""
    zone = zones[0] if outcome == "won" else None
    return {
        "arrival": arrival,
        "zones": list(zones),
        "outcome": outcome,
        "zone": zone,
        "number": number,
        "elapsed_ms": at,
    }


def differing(model: Model, *presses: dict[str, Any], changes: tuple[Change, ...] = ()) -> list[int]:
    return [row["arrival"] for row in replay(model, presses, changes)]


def test_the_model_goes_on_from_what_was_really_given() -> None:
    given = [press(place, "A", "won", number) for place, number in enumerate([2, 1, 3], 1)]
    assert differing(Model.of({"A": 3}), *given, press(4, "A", "sold_out")) == [1]


def test_who_finds_no_place_waits_while_there_is_room() -> None:
    good = [press(1, "A", "won", 1), press(2, "A", "waitlisted"), press(3, "A", "sold_out")]
    assert differing(Model.of({"A": 1}, 1), *good) == []
    assert differing(Model.of({"A": 1}, 2), *good) == [3]
    assert differing(Model.of({"A": 1}), *good) == [2]
    assert differing(Model.of({"A": 2}, 1), *good) == [2, 3], "a place is free to the end"


def test_a_place_of_another_wanted_zone_comes_before_the_list() -> None:
    later = press(2, "AB", "waitlisted")
    assert differing(Model.of({"A": 1, "B": 1}, 5), press(1, "A", "won", 1), later) == [2]


LARGER = Change("A", 2, from_ms=1000, until_ms=2000)
SMALLER = Change("A", 1, from_ms=1000, until_ms=2000)


@pytest.mark.parametrize("taken_up", [1200, 1900])
def test_a_larger_capacity_is_taken_up_where_the_answers_show_it(taken_up: int) -> None:
    presses = [press(1, "A", "won", 1, 10), press(2, "A", "sold_out", at=taken_up - 100)]
    presses += [press(3, "A", "won", 2, taken_up), press(4, "A", "sold_out", at=taken_up + 100)]
    assert differing(Model.of({"A": 1}), *presses, changes=(LARGER,)) == []


def test_a_place_that_comes_before_the_council_wanted_it_differs() -> None:
    presses = [press(1, "A", "won", 1, 10), press(2, "A", "won", 2, 500), press(3, "A", "sold_out", at=3000)]
    assert differing(Model.of({"A": 1}), *presses, changes=(LARGER,)) == [2, 3]


def test_after_its_time_a_larger_capacity_counts_for_everybody() -> None:
    presses = [press(1, "A", "won", 1, 10), press(2, "A", "sold_out", at=2500), press(3, "A", "won", 2, 2600)]
    assert differing(Model.of({"A": 1}), *presses, changes=(LARGER,)) == [2]


def test_a_smaller_capacity_takes_the_highest_free_numbers() -> None:
    presses = [press(1, "A", "won", 1, 10), press(2, "A", "sold_out", at=1500)]
    assert differing(Model.of({"A": 3}), *presses, changes=(SMALLER,)) == []
    presses[1] = press(2, "A", "sold_out", at=500)
    assert differing(Model.of({"A": 3}), *presses, changes=(SMALLER,)) == [2]


def test_numbers_that_went_come_back_lowest_first() -> None:
    model = Model.of({"A": 4})
    model.change(Change("A", 2, 0, 0))
    model.give("won", "A", 1)
    model.change(Change("A", 5, 0, 0))
    assert sorted(model.free["A"]) == [2, 3, 4, 5]
