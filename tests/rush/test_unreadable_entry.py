"""An entry that nobody understands stops the recording of its sale, seen everywhere, and of no other."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils.timezone import now

from festival import processes
from festival.redis import sale
from tests.admin.desk import DESK, desk_of
from tests.admin.test_standing import text_of
from tests.conftest import Live
from tests.contract.doors import InProcess, OverHttp
from tests.ending import worker
from tests.factories import make_event, make_players, settle
from tests.gate.cast import code_of, scan
from tests.rush.following import last_number, position
from tests.rush.test_writeback import keys_of
from tests.rush.writers import PATIENCE
from ticketing.allocation.rush.keys import Keys
from ticketing.models import Authority, Event, SaleCounter, StreamPosition, Ticket

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]
STREAMS = f"{DESK}streamposition/"


@pytest.fixture
def http(live: Live) -> Iterator[OverHttp]:
    door = OverHttp(live.url)
    yield door
    door.client.close()


def of_tomorrow(keys: Keys) -> int:
    """Append an entry as a later version might write it, by the script's own way; return its number."""
    number = int(sale().hincrby(keys.of_group("state"), "seq", 1))
    entry = {"kind": "swapped", "sequence": number, "at": round(now().timestamp() * 1000), "tickets": []}
    sale().xadd(keys.of_group("stream"), {"entry": json.dumps(entry)}, id=f"{number}-0")
    return number


def test_an_entry_that_nobody_understands_is_seen_everywhere_and_other_sales_go_on(
    http: OverHttp, tmp_path: Path
) -> None:
    event, other = make_event({"A": 3}, name="멈춘 밤"), make_event({"A": 3}, name="다른 밤")
    players = make_players(6)
    settle()
    keys, other_keys = keys_of(event), keys_of(other)
    with worker(tmp_path, "writeback") as writer:
        before = http.claim(players[0], event.pk, "A")
        assert processes.wait_until(lambda: Ticket.objects.filter(event=event).exists(), PATIENCE)
        number = of_tomorrow(keys)
        after = [http.claim(players[1], event.pk, "A"), http.claim(players[2], other.pk, "A")]
        assert [answer.kind for answer in (before, *after)] == ["won"] * 3, "both sales go on"

        def stopped() -> bool:
            return StreamPosition.objects.filter(group=event.pk, stopped_at__isnull=False).exists()

        assert processes.wait_until(stopped, PATIENCE)
        later = http.claim(players[3], other.pk, "A")
        assert processes.wait_until(lambda: position(other_keys) == last_number(other_keys), PATIENCE)
        assert writer.poll() is None, "the writer goes on"
    assert (position(keys), last_number(keys)) == (number - 1, number + 1)

    codes = set(Ticket.objects.values_list("code", flat=True))
    assert codes == {answer.body["ticket"] for answer in (before, after[1], later)}
    assert scan(code_of(Ticket.objects.get(code=later.body["ticket"]))).verdict == "admit"

    ready = http.client.get("/readyz")
    assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
    assert ready.json()["parts"]["writeback"] == f"stopped: {event.pk}"

    council, _user = desk_of("council")
    records = text_of(council.get(STREAMS))
    assert re.search(rf"멈춘 밤 2 \d+ s Stopped at decision {number} ", records), records
    assert "The decision is not one that this version understands" in records
    assert "다른 밤 0 – Up to date" in records
    standing = council.get(f"{DESK}event/{event.pk}/change/").content.decode()
    assert "The recording of the sale has stopped. The sale itself goes on" in standing


def test_a_sale_whose_recording_has_stopped_is_not_taken_from_redis_by_a_switch(event: Event) -> None:
    """Fenced, it would be decided by nobody until somebody has put the entry right."""
    alice, bob = make_players(["alice", "bob"])
    keys = keys_of(event)
    number = of_tomorrow(keys)
    Event.objects.filter(pk=event.pk).update(mode="database")
    settle()
    assert SaleCounter.objects.get(group=event.pk).authority == Authority.REDIS
    door = InProcess()
    assert door.claim(alice, event.pk, "A").kind == "won"
    mended = {"kind": "sale", "sequence": number, "at": 1}
    newest: Any = sale().xrange(keys.of_group("stream"), f"{number + 1}-0", "+")
    sale().delete(keys.of_group("stream"))
    sale().xadd(keys.of_group("stream"), {"entry": json.dumps(mended)}, id=f"{number}-0")
    for key, fields in newest:
        sale().xadd(keys.of_group("stream"), fields, id=key)
    StreamPosition.objects.update(stopped_at=None, stopped_by="")
    settle()
    assert SaleCounter.objects.get(group=event.pk).authority == Authority.DATABASE
    assert door.claim(bob, event.pk, "A").kind == "won"
