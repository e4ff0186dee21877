"""The fault matrix: its short form with real kills, and that its judge sees each kind of loss."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from loadtest.faults.__main__ import SHORT, arguments, cells, sites
from loadtest.faults.faults import EVERY
from tests.checks import bare
from tests.conftest import ROOT

FIGURES = ("doubled", "oversold", "order")


def test_a_sale_keeps_every_promise_while_each_thing_is_killed_once(tmp_path: Path) -> None:
    """The whole tool: servers of its own, nine sales, kill -9 in the midst of each."""
    file = tmp_path / "faults.json"
    command = [sys.executable, "-m", "loadtest.faults", "--short", "--json", str(file)]
    done = subprocess.run(command, cwd=ROOT, env=bare(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    every = json.loads(file.read_text())
    assert [(one["cell"]["fault"], one["cell"]["moment"], one["cell"]["mode"]) for one in every] == list(
        SHORT
    )
    for one in every:
        cell, figures = one["cell"], one["figures"]
        assert figures["in_flight"] > 0, cell
        assert figures["unwritten"] > 0 or cell["mode"] == "database", cell
        assert figures["acknowledged"] >= 200, cell
        assert figures["lost"] == figures["expected"], cell
        assert figures["expected"] == 0 or cell["mode"] in EVERY[cell["fault"]].loses, cell
        assert [figures[name] for name in FIGURES] == [0, 0, 0], cell
    [restored] = [one["figures"] for one in every if one["cell"]["fault"] == "postgresql-restored"]
    assert restored["restored"] > restored["lost"] > 0, (
        "receipts made the difference, and those that never came too"
    )


def test_the_whole_matrix_has_every_fault_at_each_of_its_moments_for_each_authority() -> None:
    every = cells(arguments([]))
    assert len(every) == 2 * len({(one["fault"], one["moment"], one["mode"]) for one in every}) == 2 * 30
    assert {one["fault"] for one in every} == set(EVERY)
    assert cells(arguments(["--seeds", "20"]))[19]["seed"] == 20
    assert {tuple(one.values())[:3] for one in cells(arguments(["--short"]))} == set(SHORT)
    alone = [together for together in sites(every) if EVERY[together[0]["fault"]].once]
    assert all(len(together) == 1 for together in alone)


@pytest.mark.parametrize(
    "words", [["--only", "nothing like it"], ["--seeds", "1", "--only", "redis postgresql x"]]
)
def test_words_that_no_cell_has_are_said(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    from loadtest.faults.__main__ import main

    assert main(words) == 2
    assert "no cell has the words" in capsys.readouterr().out
