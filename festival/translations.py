"""Translations compiled without gettext's tools: every changed locale/*/LC_MESSAGES/*.po gets its .mo."""

import os
from pathlib import Path

import polib


def compile_all(folder: Path) -> int:
    """Compile what changed under `folder` and return how many files; a broken file raises OSError."""
    changed = 0
    for source in sorted(folder.glob("*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime_ns > source.stat().st_mtime_ns:
            continue
        draft = target.with_suffix(f".{os.getpid()}.new")  # two set-ups at once must not read half a file
        polib.pofile(str(source), encoding="utf-8").save_as_mofile(str(draft))
        draft.replace(target)
        changed += 1
    return changed
