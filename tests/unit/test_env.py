"""A wrong setting ends the start with its name; all of them are named at once, and no secret is repeated."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from festival.env import Environment, with_demo_defaults

ROOT = Path(__file__).resolve().parent.parent.parent
GOOD = {
    "FESTIVAL_MODE": "production",
    "FESTIVAL_SECRET_KEY": "s" * 50,
    "FESTIVAL_SIGNING_KEYS": "k" * 40,
    "FESTIVAL_HOSTS": "tickets.example.org",
    "DATABASE_URL": "postgresql://festival:pw@db.example.org/festival",
    "REDIS_URL": "redis://redis.example.org/0",
    "CACHE_URL": "redis://redis.example.org/1",
    "FESTIVAL_MAIL_URL": "smtp://mail.example.org:25",
    "FESTIVAL_MAIL_FROM": "festival@example.org",
}

LOGIN = {
    "FESTIVAL_OIDC_SERVER": "https://sso.example.org",
    "FESTIVAL_OIDC_CLIENT_ID": "daedong",
    "FESTIVAL_OIDC_CLIENT_SECRET": "short-secret",
}


def start(**changes: str) -> subprocess.CompletedProcess[str]:
    """Load the settings in a process of its own, as every start does."""
    outside = {
        name: value for name, value in os.environ.items() if not name.startswith(("FESTIVAL_", "DJANGO_"))
    }
    command = [sys.executable, "-c", "import festival.settings"]
    return subprocess.run(
        command,
        env=outside | GOOD | changes,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_good_settings_start() -> None:
    assert start().stderr == ""
    assert start(**LOGIN).stderr == ""


@pytest.mark.parametrize(
    "changes",
    [
        {"REDIS_URL": "redis+cluster://:pw@a.example.org:7000,b.example.org,[::1]:7001"},
        {
            "REDIS_URL": "rediss+sentinel://a.example.org:26379,b.example.org:26380/festival/2",
            "FESTIVAL_SENTINEL_PASSWORD": "pw",
        },
    ],
)
def test_the_sale_may_have_several_servers(changes: dict[str, str]) -> None:
    assert start(**changes).stderr == ""


def test_every_mistake_is_named_at_once() -> None:
    ended = start(FESTIVAL_MODE="prod", FESTIVAL_POOL_SIZE="many", DATABASE_URL="", FESTIVAL_HTTPS="maybe")
    assert ended.returncode != 0
    for name in ("FESTIVAL_MODE", "FESTIVAL_POOL_SIZE", "DATABASE_URL", "FESTIVAL_HTTPS"):
        assert f"- {name}: " in ended.stderr


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"FESTIVAL_SECRET_KEY": "short-secret"}, "FESTIVAL_SECRET_KEY"),
        ({"FESTIVAL_SIGNING_KEYS": "short-secret"}, "FESTIVAL_SIGNING_KEYS"),
        ({"FESTIVAL_SIGNING_KEYS": "s" * 50}, "FESTIVAL_SIGNING_KEYS"),
        ({"CACHE_URL": GOOD["REDIS_URL"]}, "CACHE_URL"),
        ({"CACHE_URL": "redis://redis.example.org:6379"}, "CACHE_URL"),
        ({"REDIS_URL": "redis+cluster://:hunter2@redis.example.org"}, "CACHE_URL"),
        ({"REDIS_URL": "redis+cluster://:hunter2@a.example.org:7000/0"}, "REDIS_URL"),
        ({"REDIS_URL": "redis+cluster://:hunter2@a.example.org:7000,"}, "REDIS_URL"),
        ({"REDIS_URL": "redis+cluster://:hunter2@a.example.org:70000"}, "REDIS_URL"),
        ({"REDIS_URL": "redis+cluster://a.example.org:7000?password=hunter2"}, "REDIS_URL"),
        ({"REDIS_URL": "redis+sentinel://:hunter2@a.example.org:26379"}, "REDIS_URL"),
        ({"REDIS_URL": "redis+sentinel://:hunter2@a.example.org:26379/festival/first"}, "REDIS_URL"),
        ({"REDIS_URL": "redis+many://:hunter2@a.example.org"}, "REDIS_URL"),
        ({"FESTIVAL_SENTINEL_PASSWORD": "hunter2"}, "FESTIVAL_SENTINEL_PASSWORD"),
        ({"DATABASE_URL": "mysql://festival:hunter2@db/festival"}, "DATABASE_URL"),
        ({"DATABASE_URL": "postgresql://festival:hunter2@db:port/festival"}, "DATABASE_URL"),
        ({"FESTIVAL_HTTPS": "no"}, "FESTIVAL_HTTPS"),
        ({"FESTIVAL_HOSTS": " , "}, "FESTIVAL_HOSTS"),
        ({"FESTIVAL_MAIL_URL": "folder:///tmp/mail"}, "FESTIVAL_MAIL_URL"),
        ({"FESTIVAL_OIDC_CLIENT_ID": "daedong"}, "FESTIVAL_OIDC_SERVER"),
        ({"FESTIVAL_OIDC_SERVER": "https://sso.example.org"}, "FESTIVAL_OIDC_CLIENT_SECRET"),
        ({"FESTIVAL_OIDC_SERVER": "https:///realms"}, "FESTIVAL_OIDC_SERVER"),
        (LOGIN | {"FESTIVAL_OIDC_SERVER": "http://sso.example.org"}, "FESTIVAL_OIDC_SERVER"),
        (LOGIN | {"FESTIVAL_OIDC_SERVER": "http://127.0.0.1:8080"}, "FESTIVAL_OIDC_SERVER"),
        (
            LOGIN | {"FESTIVAL_MODE": "test", "FESTIVAL_OIDC_SERVER": "http://sso.example.org"},
            "FESTIVAL_OIDC_SERVER",
        ),
    ],
)
def test_a_wrong_setting_ends_the_start_with_its_name(changes: dict[str, str], name: str) -> None:
    ended = start(**changes)
    assert ended.returncode != 0
    assert f"- {name}: " in ended.stderr
    last = ended.stderr[ended.stderr.index("The environment has") :]
    assert "short-secret" not in last
    assert "hunter2" not in last


def test_readers_are_strict() -> None:
    env = Environment({"YES": "On", "NO": "0", "WORD": "perhaps", "NUMBER": "７", "BIG": "11"})
    assert env.boolean("YES", default=False) is True
    assert env.boolean("NO", default=True) is False
    assert env.boolean("ABSENT", default=True) is True
    env.boolean("WORD", default=True)
    env.integer("NUMBER", default=1, least=0, most=10)
    env.integer("BIG", default=1, least=0, most=10)
    with pytest.raises(ImproperlyConfigured, match="3 mistake") as raised:
        env.finish()
    assert all(name in str(raised.value) for name in ("WORD", "NUMBER", "BIG"))


def test_the_demos_file_is_read_only_when_nothing_else_says_which_system_this_is(tmp_path: Path) -> None:
    (tmp_path / ".data").mkdir()
    (tmp_path / ".data" / "demo.env").write_text(
        "# demo\nFESTIVAL_MODE=demo\n\nPORT=8000\n", encoding="utf-8"
    )
    assert with_demo_defaults({}, tmp_path) == {"FESTIVAL_MODE": "demo", "PORT": "8000"}
    assert with_demo_defaults({"PORT": "9000"}, tmp_path)["PORT"] == "9000"
    for told in ({"FESTIVAL_MODE": "production"}, {"DATABASE_URL": "postgresql://x"}):
        assert with_demo_defaults(told, tmp_path) == told
