"""The power fails: `python -m loadtest.faults.power [--seed N] [--json FILE]`, on servers of its own.

Students press while nobody writes back, so that Redis alone knows what they were told. In the midst of it Redis is
killed, and its append-only file cut back to what its last completed sync had brought to the disk. `appendfsync always`
must have kept every acknowledged claim; `everysec` must have lost some, or nothing was shown; killed without the cut
it has lost none, which is why kill -9 says nothing about a power cut. Then the sale recovers, and everybody presents
their receipt: in the end nobody may have lost anything.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from loadtest.faults.site import ROOT, Site, Stuck, expect, site
from loadtest.faults.synced import NoTrace, Synced, Trace, traced
from loadtest.faults.template import prepare

# The server's policy; whether its file is cut; whether acknowledged claims must have been lost.
ROWS = (("always", True, False), ("everysec", True, True), ("everysec", False, False))
RECEIPT_SECONDS = "20"
ENOUGH = 20  # winners, before the power may fail
SINCE_SYNC = 3  # winners that no sync has covered yet, with `everysec`
HEARD_S = 0.5
COLUMNS = {
    "policy": 10,
    "file": 12,
    "written": 9,
    "synced": 9,
    "acknowledged": 13,
    "found": 6,
    "lost": 5,
    "recovering": 11,
    "restored": 9,
    "lost_at_last": 13,
}


def play(running: Site, policy: str, *, cut: bool, seed: int, folder: Path) -> dict[str, Any]:
    """Let the power fail in a sale; return the figures."""
    from loadtest.faults import cell as cells
    from loadtest.faults.judging import Loss, judged
    from loadtest.redis_keys import read_kept
    from loadtest.staging import where

    one = cells.Cell("power", "early", "redis", seed)
    event, crowd = cells.begin(running, one)
    try:
        with running.paused("writeback"), traced(running.sale[0].pid, folder) as trace:
            file = append_only_file(running)
            synced = Synced(str(file))
            begin = file.stat().st_size
            crowd_has(crowd, ENOUGH)
            if policy == "everysec":
                fresh_sync(synced, trace)
                crowd_has(crowd, crowd.winners + SINCE_SYNC)
            at_ms = time.time() * 1000
            running.kill_redis(running.sale[0])
            running.sale[0].process.wait()
            time.sleep(HEARD_S)  # answers that are still on their way
        synced.follow(trace.new_lines())
        written, kept_bytes = begin + synced.written, begin + synced.synced
        if written != file.stat().st_size:
            raise Stuck(f"the trace tells of {written} bytes, the file has {file.stat().st_size}")
        if cut:
            os.truncate(file, kept_bytes)
        told = {number: record for number, record in crowd.told.items() if record.outcome == "won"}
        running.start_redis(running.sale[0])
        found = {str(ticket[0]) for ticket in read_kept(client_of(running), where(event)).tickets}
        gone = [number for number, record in told.items() if record.ticket not in found]
        loss = cells.restore(one, crowd, event, share=(1.0, 1.0)) if gone else Loss()
        expect(lambda: crowd.everybody_is_told, lambda: "somebody is never told")
        cells.back_at(event, one)
        again = crowd.ask_again(but=loss.forgotten)
        figures = judged(event, one.mode, crowd, again, loss, at_ms, (0, len(told)))
    finally:
        crowd.close()
        cells.over(event)
    return {
        "policy": policy,
        "file": "cut back" if cut else "not cut",
        "written": written,
        "synced": kept_bytes,
        "acknowledged": len(told),
        "found": len(told) - len(gone),
        "lost": len(gone),
        "recovering": "yes" if gone else "no",
        "restored": figures.restored,
        "lost_at_last": figures.lost,
        "faults": dict(figures.faults),
    }


def append_only_file(running: Site) -> Path:
    """Return the file that the sale's Redis appends to, all of it on the disk by now."""
    [file] = (running.sale[0].folder / "appendonlydir").glob("*.incr.aof")
    with file.open("rb") as opened:
        os.fdatasync(opened.fileno())
    return file.resolve()


def fresh_sync(synced: Synced, trace: Trace) -> None:
    """Wait for the end of the next sync."""
    synced.follow(trace.new_lines())
    before = synced.synced

    def came() -> bool:
        synced.follow(trace.new_lines())
        return synced.synced > before

    expect(came, lambda: "nothing is synced")


def crowd_has(crowd: Any, winners: int) -> None:
    expect(lambda: crowd.winners >= winners, lambda: f"not {winners} winners")


def client_of(running: Site) -> Any:
    import redis

    return redis.Redis.from_url(running.sale[0].url, decode_responses=True)


def set_policy(running: Site, policy: str) -> None:
    """Let Redis sync as the row wants it: it was started with `always`."""
    with client_of(running) as client:
        client.config_set("appendfsync", policy)


def play_row(plan: dict[str, Any]) -> None:
    """Play one row in this process, and print its figures."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ended from outside: stop the servers too
    folder = Path(plan["folder"])
    settings = {"FESTIVAL_RECEIPT_SECONDS": RECEIPT_SECONDS}
    with site(folder, Path(plan["template"]), clustered=False, settings=settings) as running:
        os.environ.update(running.environment | {"DJANGO_SETTINGS_MODULE": "festival.settings"})
        import django

        django.setup()
        set_policy(running, plan["policy"])
        figures = play(running, plan["policy"], cut=plan["cut"], seed=plan["seed"], folder=folder)
    sys.stdout.write(json.dumps(figures))


def in_process(plan: dict[str, Any]) -> dict[str, Any]:
    """Play a row in a process of its own; return its figures, or why there are none."""
    command = [sys.executable, "-m", "loadtest.faults.power", "--row", json.dumps(plan)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:]
        return {"policy": plan["policy"], "failed": "".join(last) or f"exit code {done.returncode}"}
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def wrong(figures: dict[str, Any], *, must_lose: bool) -> list[str]:
    """Return what a row has not shown, or what was not kept."""
    if "failed" in figures:
        return [figures["failed"]]
    found = [f"{name}: {value}" for name, value in figures["faults"].items()]
    if must_lose and not figures["lost"]:
        found.append("nothing was lost: this shows nothing")
    if not must_lose and figures["lost"]:
        found.append("acknowledged claims were lost")
    if figures["lost_at_last"]:
        found.append("receipts did not restore everything")
    return found


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def row(values: Sequence[Any]) -> str:
    return "".join(f"{value!s:<{width}}" for value, width in zip(values, COLUMNS.values(), strict=True))


def main(words: Sequence[str]) -> int:
    """Play every row, print it, and return 1 when one is not as promised."""
    parser = argparse.ArgumentParser(prog="python -m loadtest.faults.power", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--row", help=argparse.SUPPRESS)
    given = parser.parse_args(words)
    if given.row:
        try:
            play_row(json.loads(given.row))
        except NoTrace as why:
            sys.exit(str(why))
        return 0
    folder = Path(tempfile.mkdtemp(prefix="daedong-power-"))
    folder.chmod(0o711)
    every, bad = [], False
    try:
        template = prepare(folder / "template")
        say(row(list(COLUMNS)))
        for number, (policy, cut, must_lose) in enumerate(ROWS):
            plan = {"folder": str(folder / str(number)), "template": str(template)}
            figures = in_process(plan | {"policy": policy, "cut": cut, "seed": given.seed})
            every.append(figures)
            say(row([figures.get(name, "-") for name in COLUMNS]))
            for line in wrong(figures, must_lose=must_lose):
                bad = True
                say(f"    NOT AS PROMISED {line}")
    finally:
        shutil.rmtree(folder)
    if given.json:
        given.json.write_text(json.dumps(every, ensure_ascii=False, indent=1) + "\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
