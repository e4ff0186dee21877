"""Which tests run again on other versions of PostgreSQL and Redis: the rule, and how the mark `versions` is set.

Run again is every test with the mark `servers`, unless its file stands in ELSEWHERE or it drives a browser: a new file
is run again until somebody decides that it need not be.

A file may stand there when it shows what we write around the servers' answers: pages and their words, who may open
which address, the rendering of the admin, the formats of an export, settings. It may not when it shows what a server
decides: SQL or Lua of our own, constraints, triggers, migrations, locks, several sessions at once, streams, COPY, or a
sale in mode `redis`. `tests/unit/test_versions.py` refuses a file there that has such a word in it.
"""

import pytest

ELSEWHERE = (
    "access/test_matrix.py",
    "accounts/booth/test_pages.py",
    "accounts/test_consent.py",
    "accounts/test_in_app.py",
    "accounts/test_staff.py",
    "accounts/test_ways.py",
    "admin/test_lists.py",
    "admin/test_people.py",
    "admin/test_tickets.py",
    "api/test_docs_page.py",
    "council/test_exports.py",
    "demo/test_look.py",
    "demo/test_pages.py",
    "gate/test_page.py",
    "pages/test_posters.py",
    "student/test_counts.py",
    "unit/test_translations.py",
    "university/test_login.py",
    "university/test_whole.py",
)


def mark(item: pytest.Item, path: str) -> None:
    """Mark a test of a file below tests/ that is run again on other versions."""
    touches = item.get_closest_marker("servers") and not item.get_closest_marker("browser")
    if touches and path not in ELSEWHERE:
        item.add_marker("versions")
