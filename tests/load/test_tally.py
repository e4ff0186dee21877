"""What is counted of a play: refusals by intent, outages and errors stand apart, and each figure says what it is."""

from typing import Any

import pytest

from loadtest.result import faults_of_answers
from loadtest.tally import kind_of, outage, percentile, series, tally


def told(status: int | None, outcome: str | None, at: float = 100.0, **more: Any) -> dict[str, Any]:
    """Return a line of the log: pressed at 0, answered `at` milliseconds."""
    return {
        "student_number": "1",
        "status": status,
        "outcome": outcome,
        "error": None if status else "TimeoutError: ",
        "scheduled_ms": 0.0,
        "sent_ms": 10.0,
        "answered_ms": at,
        "latency_ms": at,
        "elapsed_ms": None,
        "zone": None,
        "retry_after": None,
    } | more


def test_f14_refusals_by_intent_are_counted_apart_from_errors() -> None:
    answers = [told(201, "won"), told(202, "waitlisted"), told(409, "sold_out"), told(409, "paused")]
    answers += [told(429, "too_many_requests"), told(403, "barred"), told(503, "unavailable")]
    answers += [told(503, "recovering"), told(500, "error"), told(None, None), told(200, None)]
    figures = tally(answers, 0)
    kinds = ("won", "waitlisted", "sold_out", "refused", "busy", "error")
    assert [figures[kind] for kind in kinds] == [1, 1, 1, 3, 2, 3]
    assert figures["refused_by_code"] == {"paused": 1, "too_many_requests": 1, "barred": 1}
    assert figures["errors"] == {"HTTP 500 error": 1, "TimeoutError": 1, "HTTP 200": 1}


def test_f14_a_refusal_without_code_or_retry_after_is_a_fault() -> None:
    clear = [told(429, "too_many_requests", retry_after="3"), told(503, "unavailable", retry_after="1")]
    clear += [told(409, "sold_out"), told(201, "won")]
    assert not any(faults_of_answers(clear).values())
    unclear = [told(429, "too_many_requests"), told(503, "unavailable", retry_after="soon")]
    unclear += [told(503, None, retry_after="1"), told(500, "error"), told(None, None)]
    counts = {name: len(rows) for name, rows in faults_of_answers(unclear).items()}
    assert counts == {"unanswered": 1, "failed": 2, "no_retry_after": 2}


def test_an_outage_has_a_beginning_an_end_and_somebody_served_after_it() -> None:
    answers = [told(201, "won", 900), told(503, "unavailable", 1000), told(503, "recovering", 2500)]
    found = outage([*answers, told(201, "won", 2600)], 500)
    assert found == {
        "count": 2,
        "by_code": {"unavailable": 1, "recovering": 1},
        "first_s": 0.5,
        "last_s": 2.0,
        "seconds": 1.5,
        "ended": True,
    }
    without_end = outage(answers, 500)
    assert without_end is not None
    assert not without_end["ended"]
    assert outage(answers[:1], 500) is None


def test_the_nearest_rank_is_the_percentile() -> None:
    values = [float(number) for number in range(1, 201)]
    assert [percentile(values, share) for share in (0.5, 0.95, 0.99, 1.0)] == [100, 190, 198, 200]
    assert percentile([7.0], 0.99) == 7.0


def test_latency_counts_from_the_scheduled_time_and_nobody_answered_has_none() -> None:
    figures = tally([told(201, "won", 400.0), told(None, None, 30_000.0)], 0)
    assert (figures["p50"], figures["longest"], figures["answered"]) == (400.0, 400.0, 1)
    assert tally([told(None, None)], 0)["p99"] is None


def test_the_plots_show_every_answer_once() -> None:
    answers = [told(201, "won", 10.0 * number, zone="A", elapsed_ms=number) for number in range(1, 400)]
    shown = series(answers, 0)
    assert sum(sum(moment.values()) for moment in shown["answers"]) == 399
    assert len(shown["answers"]) <= 62
    assert shown["zones"]["A"][0] == (1, 1)
    assert shown["zones"]["A"][-1] == (399, 399)


@pytest.mark.parametrize(("status", "outcome"), [(409, None), (404, ""), (302, "x")])
def test_an_answer_without_a_code_is_an_error(status: int, outcome: str | None) -> None:
    assert kind_of(told(status, outcome)) == "error"
