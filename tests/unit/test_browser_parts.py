"""The browser's parts come from npm by the lock file, and their absence is said."""

import json
import re
from pathlib import Path

import pytest

from festival import browser_parts, checks

ROOT = browser_parts.ROOT


def test_the_lock_file_pins_hashes_and_names_no_host() -> None:
    text = (ROOT / "package-lock.json").read_text()
    packages = {name: entry for name, entry in json.loads(text)["packages"].items() if name}
    assert '"resolved"' not in text
    assert all(entry["integrity"].startswith("sha512-") for entry in packages.values())
    wanted = json.loads((ROOT / "package.json").read_text())
    for version in (wanted["dependencies"] | wanted["devDependencies"]).values():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version)


def test_what_pages_load_is_there_and_nothing_is_fetched_twice() -> None:
    assert browser_parts.missing() == []
    assert browser_parts.install(tools=True) is False
    assert (ROOT / "node_modules" / "axe-core" / "axe.min.js").is_file()


def test_a_missing_part_is_named_by_a_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert checks.browser_parts_are_there() == []
    monkeypatch.setattr(checks, "missing", lambda: browser_parts.missing(tmp_path))
    [found] = checks.browser_parts_are_there()
    assert (found.id, found.is_serious()) == ("festival.E004", True)
    assert "zxing_reader.wasm" in found.msg
    assert found.hint is not None
    assert "festival.browser_parts" in found.hint


def test_a_lock_file_that_does_not_fit_installs_nothing(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"name": "x", "dependencies": {"left-out": "1.0.0"}}')
    (tmp_path / "package-lock.json").write_text(
        '{"name": "x", "lockfileVersion": 3, "packages": {"": {"name": "x"}}}'
    )
    with pytest.raises(browser_parts.PartsNotInstalled, match="npm could not install"):
        browser_parts.install(tmp_path)
    assert not (tmp_path / "static").exists()
