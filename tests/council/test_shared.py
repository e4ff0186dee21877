"""Figures are made at most once a second however many look, in one process and in several."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache, caches
from django.db import OperationalError
from pytest_django.fixtures import Settings

from tests.faults import frozen_redis
from ticketing.live import shared as module
from ticketing.live.shared import Made, shared

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]


class Maker:
    """Makes figures, counts how often, and takes as long as a test wants."""

    def __init__(self) -> None:
        self.times, self.go_on = 0, threading.Event()
        self.go_on.set()
        self.began = threading.Event()

    def __call__(self) -> int:
        self.times += 1
        self.began.set()
        assert self.go_on.wait(20)
        return self.times


def at_once(number: int, work: Callable[[], Any]) -> list[Any]:
    """Do something in many threads at the same moment."""
    start, found = threading.Barrier(number), []

    def run() -> None:
        start.wait()
        found.append(work())

    threads = [threading.Thread(target=run) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def older(name: str) -> None:
    """Let the figures of this process and of all be two seconds old."""
    for kept_in in (cache, caches["process"]):
        kept = kept_in.get(name)
        kept_in.set(name, Made(kept.at - 2, kept.value))


def test_many_who_look_at_once_let_figures_be_made_once() -> None:
    maker = Maker()
    found = at_once(20, lambda: shared("figures", maker))
    assert maker.times == 1
    assert {made.value for made in found} == {1}


def test_another_process_takes_what_is_made() -> None:
    maker = Maker()
    shared("figures", maker)
    caches["process"].clear()  # as another process, which has seen nothing
    assert shared("figures", maker).value == 1
    older("figures")
    assert shared("figures", maker).value == 2


def test_while_new_figures_are_made_nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_WAIT_SECONDS", 60)  # who waited would wait for the maker to give up
    maker = Maker()
    shared("figures", maker)
    older("figures")
    maker.go_on.clear()
    maker.began.clear()
    slow = threading.Thread(target=lambda: shared("figures", maker))
    slow.start()
    assert maker.began.wait(20)
    assert shared("figures", maker).value == 1, "the last ones, at once"
    caches["process"].clear()
    assert not cache.add("figures:making", 1)
    maker.go_on.set()
    slow.join()
    assert maker.times == 2


def test_the_last_figures_stay_with_their_age_when_none_can_be_made() -> None:
    def fail() -> int:
        raise OperationalError

    shared("figures", Maker())
    older("figures")
    assert shared("figures", fail).value == 1
    assert not shared("figures", fail).is_fresh()
    with pytest.raises(OperationalError):
        shared("others", fail)
    assert not cache.get("others:making"), "the next one may try"


def test_without_the_cache_many_who_look_at_once_let_figures_be_made_once(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FIRST_WAIT_SECONDS", 60)  # however long the first one asks for the cache
    monkeypatch.setattr(module, "FRESH_SECONDS", 60)
    maker = Maker()
    with frozen_redis(settings.CACHE_URL):
        found = at_once(4, lambda: shared("figures", maker))
    assert [made.value for made in found] == [1, 1, 1, 1]
    assert maker.times == 1


def test_without_the_cache_each_process_makes_its_own_once(settings: Settings) -> None:
    maker = Maker()
    with frozen_redis(settings.CACHE_URL):
        assert [shared("figures", maker).value for _ in range(3)] == [1, 1, 1]
    assert module.FRESH_SECONDS <= 1
