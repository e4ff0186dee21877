"""F30: every address, asked by everybody, answers what tests/access/table.py says, and nothing about alice."""

from dataclasses import replace
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import RequestFactory
from pytest_django.fixtures import Settings

from accounts.models import Student, User
from accounts.sessions import log_out_everywhere
from tests.access.asking import LOG_IN_AGAIN, NO_CSRF, NO_METHOD, REFUSALS, Answer, ask
from tests.access.routes import URLCONF, all_routes
from tests.access.table import ACTIONS, OF_STUDENTS, ROLES, TABLE, Row
from tests.access.world import NUMBER, World, of_alice

pytestmark = [pytest.mark.servers, pytest.mark.django_db]
ROWS = {row.route: row for row in TABLE}
ROUTES = all_routes()
STRANGERS = ("anonymous", "charlie", "half", "viewer")
REFUSED_METHOD = {NO_METHOD, "method_not_allowed"}
WITHOUT_TOKEN = {NO_CSRF, "csrf_failed"}


def test_every_address_has_a_row() -> None:
    without = [route for route in ROUTES if route not in ROWS]
    assert not without, f"no row in tests/access/table.py, whose head says how to add one: {without}"


def test_every_row_has_an_address() -> None:
    assert [row.route for row in TABLE if row.route not in ROUTES] == []
    assert len(TABLE) == len(ROWS) == len(set(ROUTES)), "a row or an address stands twice"


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"/{route}")
def test_everybody_is_answered_as_the_table_says(
    route: str, world: World, settings: Settings, tmp_path: Path
) -> None:
    if route.startswith("demo/"):
        settings.DEMO, settings.ROOT_URLCONF, settings.EMAIL_FILE_PATH = True, URLCONF, str(tmp_path)
    row = ROWS.get(route)
    assert row, f"no row for {route!r} in tests/access/table.py, whose head says how to add one"
    faults = [fault for role in ROLES for fault in faults_of(world, row, role)]
    assert not faults, "\n" + "\n".join(faults)


def faults_of(world: World, row: Row, role: str) -> list[str]:
    """Ask as one role: to read, to write, and to write without the token of our pages."""
    read = ask(world, role, "GET", row.route)
    write = ask(world, role, "POST", row.route)
    forged = ask(world, role, "POST", row.route, csrf=False)
    may_read = {row.get[role]}
    may_write = {row.post[role]} if row.post else REFUSED_METHOD | (may_read & REFUSALS)
    # A token of a device is shown on purpose, and never by a browser: it needs no other.
    may_forge = WITHOUT_TOKEN | (may_write if role == "device" else may_write & REFUSALS)
    asked = (
        ("GET", read, may_read, False),
        ("POST", write, may_write, True),
        ("POST without CSRF token", forged, may_forge, role == "device"),
    )
    return [
        f"{how} /{row.route} as {role}: {fault}"
        for how, answer, allowed, writes in asked
        for fault in differences(answer, allowed, row.tells.get(role, frozenset()), role, writes=writes)
    ]


def differences(
    answer: Answer, allowed: set[str], tells: frozenset[str], role: str, *, writes: bool
) -> list[str]:
    """Say what is wrong with an answer: its kind, what it tells of alice, what it wrote."""
    faults = []
    if answer.kind not in allowed:
        faults.append(f"{answer.kind!r} instead of {' or '.join(map(repr, sorted(allowed)))}")
    if role != "alice" and answer.tells - tells:
        faults.append(f"tells alice's {' and '.join(sorted(answer.tells - tells))}")
    if answer.harmed and role in STRANGERS:
        faults.append("changes what belongs to alice")
    if answer.wrote and (not writes or answer.kind in REFUSALS):
        faults.append(f"changes the database: {answer.wrote[:100]}")
    return faults


def test_a_login_that_was_ended_elsewhere_is_a_strangers(world: World) -> None:
    log_out_everywhere(Student.objects.get(student_number=NUMBER))
    ended = replace(world, of_alice=of_alice())
    faults = []
    for row in OF_STUDENTS:
        for method, expected in (("GET", row.get), ("POST", row.post or row.get)):
            answer = ask(ended, "alice", method, row.route)
            allowed = {expected["anonymous"], "login_required", LOG_IN_AGAIN, NO_METHOD, "method_not_allowed"}
            if answer.kind not in allowed or answer.tells or answer.harmed:
                faults.append((method, row.route, answer))
    assert not faults


def test_the_search_for_personal_data_is_not_blind(world: World) -> None:
    change = "admin/accounts/student/<path:object_id>/change/"
    assert ask(world, "viewer", "GET", change).tells == {"name", "number", "e-mail"}
    for role in ("gate", "device"):
        assert ask(world, role, "POST", "api/gate/scans/").tells == {"name"}, role
    assert ask(world, "alice", "GET", "tickets/<str:code>/").tells == {"name"}


def test_the_look_at_what_belongs_to_alice_is_not_blind(world: World) -> None:
    assert not ask(world, "charlie", "POST", "api/events/<str:event_id>/claims/").harmed
    assert ask(world, "alice", "POST", "api/tickets/<str:code>/cancel/").harmed
    assert ask(world, "gate", "POST", "gate/").harmed
    assert not ask(world, "alice", "GET", "tickets/").harmed


def actions() -> list[str]:
    """Return every action of the admin by model, as an administrator is offered it."""
    request = RequestFactory().get("/admin/")
    request.user = User(is_superuser=True, is_active=True, is_staff=True)
    return [
        f"{model._meta.label_lower.replace('.', '/')} {name}"
        for model, desk in admin.site._registry.items()
        for name in desk.get_actions(request)
    ]


def test_every_action_of_the_admin_has_a_row_and_every_row_an_action() -> None:
    assert sorted(actions()) == sorted(ACTIONS)


def keys_of(model: str) -> list[str]:
    """Return the keys of all rows of a model."""
    rows = apps.get_model(model.replace("/", "."))._base_manager
    return [str(key) for key in rows.values_list("pk", flat=True)]


@pytest.mark.parametrize("action", ACTIONS)
def test_an_action_of_the_admin_is_done_for_its_roles_only(action: str, world: World) -> None:
    model, name = action.split()
    sent = {"action": name, "_selected_action": keys_of(model), "post": "yes", "reason": "왜"}
    acted = {
        role
        for role in ROLES
        if ask(world, role, "POST", f"admin/{model}/", sent=sent).wrote
        or ask(world, role, "POST", f"admin/{model}/", sent=sent, csrf=False).wrote
    }
    assert acted == set(ACTIONS[action])
