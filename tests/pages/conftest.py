"""`pytest tests/pages --pictures FOLDER` also leaves a picture of every page, in every way."""

from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take the folder for pictures."""
    parser.addoption("--pictures", type=Path, help="a folder for pictures of every page")


@pytest.fixture
def pictures(request: pytest.FixtureRequest) -> Path | None:
    """Return the folder for pictures, when one was asked for."""
    folder: Path | None = request.config.getoption("--pictures", default=None)
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    return folder
