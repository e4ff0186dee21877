"""The planted faults keep up with the product: `make mutations` finds every line and every test it names."""

import re
from pathlib import Path

import pytest

from tests.mutations import MUTATIONS
from tests.mutations.row import Mutation

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.parametrize("row", MUTATIONS, ids=lambda row: f"{row.need}: {row.guarantee}")
def test_a_row_names_a_need_a_line_and_a_test_that_are_there(row: Mutation) -> None:
    assert re.fullmatch(r"[FSCG]\d+(, [FSCG]\d+)*", row.need)
    assert row.before != row.after
    assert (ROOT / row.file).read_text(encoding="utf-8").count(row.before) == 1
    file, _, name = row.tests.split()[0].partition("::")
    assert f"def {name}" in (ROOT / file).read_text(encoding="utf-8")
