"""Scripts touch only keys that they are given. All of this folder and of tests/contract run them under that guard."""

import time
from uuid import uuid4

import pytest
import redis

from festival.redis import sale
from tests.declared import GUARD
from ticketing.allocation.rush.keys import Keys
from ticketing.allocation.rush.reading import now_ms

pytestmark = [pytest.mark.servers, pytest.mark.django_db]

GIVEN, OTHER = "{festival}:given", "{festival}:other"


@pytest.mark.parametrize(
    "words",
    [
        "redis.call('SET', ARGV[1], 'x')",
        "redis.call('get', ARGV[1])",
        "redis.call('RENAME', KEYS[1], ARGV[1])",
        "redis.call('HGET', '{festival}:' .. 'other', 'field')",
    ],
)
def test_control_a_script_that_makes_up_a_key_is_stopped(words: str) -> None:
    sale().set(GIVEN, "x")
    with pytest.raises(redis.ResponseError, match="not in its KEYS"):
        sale().eval(f"{GUARD} return {words}", 1, GIVEN, OTHER)
    assert sale().get(GIVEN) == "x"


def test_the_clock_keeps_to_its_key() -> None:
    before = round(time.time() * 1000)
    assert now_ms(Keys(uuid4(), uuid4())) >= before - 1000


def test_a_script_that_keeps_to_its_keys_goes_on() -> None:
    words = "redis.call('SET', KEYS[1], redis.call('TIME')[1]) return redis.call('RENAME', KEYS[1], KEYS[2])"
    assert sale().eval(f"{GUARD} {words}", 2, GIVEN, OTHER) == "OK"
