"""What the product asks of the sale's Redis works on a cluster: commands of one key, or of keys of one festival."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
ROOMS = ("festival", "accounts", "ticketing")
CLIENT = ROOT / "festival" / "redis.py"
ONE_KEY = {
    *("get", "set", "hget", "hset", "hmget", "hgetall", "hlen", "hexists", "hincrby", "hscan_iter"),
    *("sadd", "srem", "smembers", "sismember", "scard", "zadd", "zrem", "zcard", "zrange", "zscore"),
    *("xadd", "xlen", "xrange", "xrevrange"),
}
# Several keys at once are allowed where they are of one festival; scripts get theirs by name.
ONE_FESTIVAL = {"unlink", "exists", "rename", "register_script"}


def commands(file: Path) -> dict[str, int]:
    """Return the commands that a file sends with sale() or ask(), and the client taken aside, each with its line."""
    found = {}
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        match node:
            case ast.Attribute(value=ast.Call(func=ast.Name(id="sale")), attr=command):
                found[command] = node.lineno
            case ast.Call(func=ast.Name(id="ask"), args=[ast.Constant(value=str() as command), *_]):
                found[command] = node.lineno
            case ast.Assign(value=ast.Call(func=ast.Name(id="sale"))):
                found["the client in a variable"] = node.lineno
    return found


def test_every_command_of_the_sale_is_one_that_a_cluster_can_do() -> None:
    files = [file for room in ROOMS for file in (ROOT / room).rglob("*.py") if file != CLIENT]
    sent = {
        (command, f"{file.relative_to(ROOT)}:{line}")
        for file in files
        for command, line in commands(file).items()
    }
    assert {command for command, _place in sent} & {"hget", "hset", "unlink"}, "the search finds something"
    assert {found for found in sent if found[0] not in ONE_KEY | ONE_FESTIVAL} == set()


def test_control_a_pipeline_and_a_scan_are_found(tmp_path: Path) -> None:
    file = tmp_path / "wrong.py"
    file.write_text("with sale().pipeline() as pipe: pass\nask('scan', 0)\nclient = sale()\n")
    assert set(commands(file)) == {"pipeline", "scan", "the client in a variable"}
