"""Of the tests that are not run again on other versions of the servers, none shows what a server decides."""

import re
from pathlib import Path

import pytest

from tests import versions

TESTS = Path(__file__).resolve().parent.parent
DECIDED_THERE = re.compile(
    r"\bcursor\(|\bexecute\(|IntegrityError|InternalError|OperationalError|MigrationExecutor|select_for_update"
    r"|\bThread\(|Barrier|Mode\.REDIS\b|Mode\.values|list\(Mode\)|\bredis\b|\brush\b|pg_|\bloadtest\b"
)


@pytest.mark.parametrize("name", versions.ELSEWHERE)
def test_a_file_that_is_not_run_again_asks_no_server_itself(name: str) -> None:
    found = DECIDED_THERE.search((TESTS / name).read_text())
    assert found is None, f"{name} has {found and found[0]}: run it again, take it out of versions.ELSEWHERE"


@pytest.mark.parametrize(
    "name",
    ["contract/test_crowds.py", "gate/test_race.py", "accounts/booth/test_checks.py", "rush/test_scripts.py"],
)
def test_control_a_file_that_is_run_again_would_be_refused(name: str) -> None:
    assert DECIDED_THERE.search((TESTS / name).read_text())


@pytest.mark.servers
def test_a_file_that_nobody_thought_of_is_run_again(request: pytest.FixtureRequest) -> None:
    assert request.node.get_closest_marker("versions")
    assert not any(name.endswith("test_versions.py") for name in versions.ELSEWHERE)
