"""The documentation says what is there: every setting, every command, every link."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def test_every_variable_of_the_settings_is_documented_and_no_other() -> None:
    settings = (ROOT / "festival" / "settings.py").read_text(encoding="utf-8")
    read = set(re.findall(r'(?:env\.\w+\(|read_redis\(env,)\s*"([A-Z_]+)"', settings))
    chapter = (
        (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8").partition("\n## Read by commands")[0]
    )
    told = re.findall(r"^\| `([A-Z_]+)` \|", chapter, re.MULTILINE)
    assert len(read) > 15
    assert sorted(told) == sorted(read)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_to_files_that_are_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)[^)]*\)", text) if "://" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_commands_of_make_and_manage_are_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"(?:`|^ *)make ([a-z-]+)", text, re.MULTILINE)) <= targets
    ours = {file.stem for file in ROOT.glob("*/management/commands/*.py")}
    theirs = {
        "demo",
        "migrate",
        "collectstatic",
        "check",
        "createsuperuser",
        "makemigrations",
        "procrastinate",
        "shell",
    }
    named = set(re.findall(r"manage\.py ([a-z_]+)", text))
    assert named <= ours | theirs | {"rebase_migration", "makemessages", "commands"}
