"""The council reads what a ticket survives, as the servers' real configuration says; `/readyz` says it shortly."""

from pathlib import Path

import pytest
from django.test import Client

from festival import embedded
from festival.redis_wait import Wait
from tests import valkeys
from tests.admin.desk import DESK, desk_of
from tests.admin.test_standing import text_of
from tests.elsewhere import sale_at

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]
STREAMS = f"{DESK}streamposition/"
TOLD = [
    ({"appendfsync": "always"}, "always", "crash", "survives a crash or a power cut of the server."),
    (
        {"appendfsync": "everysec"},
        "everysec",
        "crash but for its last two seconds",
        "may lose those of the last two seconds",
    ),
    ({"appendonly": "no"}, "none", "nothing", "keeps tickets in its memory only"),
    (
        {"maxmemory": "200mb", "maxmemory-policy": "allkeys-lru"},
        "evicting",
        "nothing",
        "throws data of a sale away",
    ),
]


@pytest.fixture
def council() -> Client:
    client, _user = desk_of("council")
    return client


def ready(client: Client) -> tuple[str, str, str]:
    """Return what /readyz says: whether all is well, how Redis keeps what it acknowledges, what that survives."""
    found = client.get("/readyz").json()
    return found["status"], found["parts"]["durability"], found["promise"]


def test_each_durability_is_told_in_words_and_shortly(council: Client, tmp_path: Path) -> None:
    with valkeys.pair(tmp_path / "sale") as (url, (server, _replica)), sale_at(url):
        for values, durability, promise, words in TOLD:
            with valkeys.client_of(server) as client:
                for name, value in values.items():
                    client.config_set(name, value)
            status, *told = ready(council)
            assert told == [durability, promise]
            assert (status == "ok") == (durability == "always")
            assert words in text_of(council.get(STREAMS))


def test_a_server_that_tells_nothing_is_unknown(council: Client, tmp_path: Path) -> None:
    with valkeys.pair(tmp_path / "sale") as (url, (server, _replica)):
        with valkeys.client_of(server) as client:
            client.execute_command("ACL SETUSER", "asking", "on", ">pw", "~*", "&*", "+@all", "-config")
        with sale_at(url.replace(f":{valkeys.PASSWORD}@", "asking:pw@")):
            assert ready(council) == ("degraded", "unknown", "unknown")
            assert "does not say whether tickets survive" in text_of(council.get(STREAMS))


def test_what_is_waited_for_is_part_of_the_promise_and_its_absence_an_alarm(
    council: Client, tmp_path: Path
) -> None:
    with valkeys.pair(tmp_path / "sale") as (url, (server, replica)):
        with valkeys.client_of(server) as client:
            client.config_set("appendfsync", "always")
        with sale_at(url, REDIS_WAIT=Wait.REPLICA_FILE):
            assert ready(council) == ("ok", "always", "crash, loss of the server in a power cut")
            assert "on its disk before it is told" in text_of(council.get(STREAMS))
        with sale_at(url, REDIS_WAIT=Wait.REPLICA):
            assert ready(council) == ("ok", "always", "crash, loss of the server")
            assert "it survives the loss of the first." in text_of(council.get(STREAMS))
            embedded.stop(replica)
            assert ready(council) == ("degraded", "no replica", "no claim is acknowledged")
            assert "<strong>Decisions wait for a second server" in council.get(STREAMS).content.decode()


def test_a_redis_that_is_away_is_said_to_be_and_korean_comes_first(council: Client) -> None:
    with sale_at(f"redis://127.0.0.1:{embedded.free_port()}/0"):
        assert ready(council) == ("degraded", "away", "unknown")
        assert "cannot be asked now" in text_of(council.get(STREAMS))
        del council.cookies["django_language"]
        assert "연결할 수 없습니다" in text_of(council.get(STREAMS))
