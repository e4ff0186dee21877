"""Who may do what: one row for every address of the system. The tests in test_matrix.py read nothing else.

How to add a row for a new page:

1. `Row("its/<route>/", get=by(…), post=by(…))` with the route as the URL configuration writes it. `by` says what each
   role is answered, the narrowest word first: a role, else its group, else `everybody`. A gate's device is answered
   like a stranger unless it is named. Leave `post` out where the page takes none.
2. A page of the admin beside those of a model: `behind_admin(PAGE, COUNCIL)` is what everybody but the council is
   answered. A new model in the admin: one line in MODELS, its actions in ACTIONS.
3. Where the answer names alice to somebody else, `tells` says to whom and what of her.
4. What a POST sends, and values of new parameters: tests/access/world.py. Make the row there belong to alice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.access.asking import (
    DATA,
    MISSING,
    PAGE,
    REFUSED,
    TO_FACTOR,
    TO_LOGIN,
    TO_VERIFY,
)

# alice is the student to whom everything belongs, charlie another one. `half` is of the council, after the password
# and before the second factor; the administrator is Django's superuser; a device shows its token instead of a cookie; a
# phone has become a device by the admin's QR, and keeps its token in a cookie.
STUDENTS = ("alice", "charlie")
STAFF = ("half", "viewer", "council", "gate", "booth", "administrator")
ROLES = ("anonymous", *STUDENTS, *STAFF, "device", "phone")
INSIDE = ("viewer", "council", "gate", "booth", "administrator")
DESK = ("viewer", "council", "administrator")
COUNCIL = ("council", "administrator")
GATE = ("gate", "administrator")
BOOTH = ("booth", *COUNCIL)
ADMINISTRATOR = ("administrator",)
NOBODY: tuple[str, ...] = ()

Expected = Mapping[str, str]
ALL_OF_HER = frozenset({"name", "number", "e-mail"})
AT_THE_BOOTH = frozenset({"name", "number"})  # the whole number: it is compared with the card
AT_THE_GATE = frozenset({"name"})  # and the last four signs of the number, never the whole


def by(everybody: str, *, students: str = "", staff: str = "", inside: str = "", **roles: str) -> Expected:
    """Return what each role is answered: its own word, else its group's, else everybody's."""
    assert roles.keys() <= set(ROLES), f"there is no such role: {roles.keys() - set(ROLES)}"
    expected = dict.fromkeys(ROLES, everybody)
    for names, kind in ((STUDENTS, students), (STAFF, staff), (INSIDE, inside)):
        expected |= dict.fromkeys(names, kind) if kind else {}
    stranger = roles.get("anonymous", everybody)
    return {**expected, "device": stranger, "phone": stranger, **roles}


def behind_admin(kind: str, roles: Sequence[str], otherwise: str = REFUSED) -> Expected:
    """Return the answers of an admin page that these roles see as `kind`."""
    named = dict.fromkeys(roles, kind)
    return by(TO_LOGIN, students=REFUSED, staff=otherwise, **{"half": TO_FACTOR, **named})


@dataclass(frozen=True, slots=True)
class Row:
    """What each role is answered at one route; without `post` nobody's POST goes through."""

    route: str
    get: Expected
    post: Expected | None = None
    tells: Mapping[str, frozenset[str]] = field(default_factory=dict)


NOT_TAKEN = by("method_not_allowed")

PUBLIC = (
    Row("", get=by(PAGE)),
    Row("healthz", get=by(DATA)),
    Row("readyz", get=by(DATA)),
    Row("robots.txt", get=by(DATA)),
    Row("posters/<str:digest>/<str:size>", get=by(DATA)),
    Row("favicon.ico", get=by("to /static/img/favicon.svg")),
    Row("i18n/setlang/", get=by("to /"), post=by("to /")),
    Row("api/clock/", get=by(DATA)),
    Row("api/events/", get=by(DATA)),
    Row("api/events/<str:event_id>/", get=by(DATA)),
    Row("api/schema/", get=by(DATA)),
    Row("api/docs/", get=by(PAGE)),
    Row("api/*", get=by("not_found"), post=by("not_found")),
)

OF_STUDENTS = (
    Row(
        "accounts/verify/",
        get=by(PAGE, students="to /"),
        post=by("to /accounts/verify/code/", students="to /"),  # the same for a hit and a miss
    ),
    Row("accounts/verify/code/", get=by(TO_VERIFY), post=by(TO_VERIFY)),  # nobody here has asked for a code
    Row(
        "accounts/verify/booth/",
        get=by(PAGE, students="to /"),
        post=by("to /accounts/verify/booth/code/", students="to /"),  # the same for a hit and a miss
    ),
    Row(
        "accounts/verify/booth/code/",
        get=by("to /accounts/verify/booth/", students="to /"),
        post=by("to /accounts/verify/booth/", students="to /"),
    ),
    # Nobody has set the university's login up here; tests/university has.
    Row("accounts/verify/university/", get=by(MISSING), post=by(MISSING)),
    Row("accounts/university/callback/", get=by(MISSING), post=by("no such method")),
    Row("accounts/verify/card/", get=by(PAGE, students="to /"), post=by("invalid", students="to /")),
    Row(  # nobody here has sent a card
        "accounts/verify/card/waiting/",
        get=by("to /accounts/verify/card/"),
        post=by("to /accounts/verify/card/"),
    ),
    Row("accounts/verify/card/take-back/", get=by("no such method"), post=by("to /accounts/verify/card/")),
    Row("accounts/logout/", get=by("no such method"), post=by("to /")),
    Row(  # charlie names a login of alice, and is told what he is told of one that is over
        "accounts/devices/",
        get=by(TO_VERIFY, students=PAGE),
        post=by(TO_VERIFY, students="to /accounts/devices/"),
    ),
    Row("accounts/privacy/", get=by(PAGE)),
    Row(
        "accounts/privacy/withdraw/",
        get=by(TO_VERIFY, students=PAGE),
        post=by(TO_VERIFY, students="to /accounts/privacy/"),
    ),
    Row(
        "events/<uuid:event_id>/",
        get=by(PAGE),
        post=by(TO_VERIFY, students="to /events/<event_id>/"),
    ),
    Row(  # neither of the two waits for this event
        "events/<uuid:event_id>/waiting/leave/",
        get=by(TO_VERIFY, students="to /events/<event_id>/"),
        post=by(TO_VERIFY, students="to /events/<event_id>/"),
    ),
    Row(  # alice has her ticket already; charlie is told on the page that nothing is offered to him
        "events/<uuid:event_id>/waiting/accept/",
        get=by(TO_VERIFY, students="no such method"),
        post=by(TO_VERIFY, alice="to /events/<event_id>/", charlie="409 None"),
    ),
    Row("tickets/", get=by(TO_VERIFY, students=PAGE)),
    Row("tickets/<str:code>/", get=by(TO_VERIFY, alice=PAGE, charlie=MISSING)),
    Row("tickets/<str:code>/qr.svg", get=by(TO_VERIFY, alice=DATA, charlie=MISSING)),
    Row(
        "tickets/<str:code>/cancel/",
        get=by(TO_VERIFY, alice=PAGE, charlie=MISSING),
        post=by(TO_VERIFY, alice="to /tickets/<code>/", charlie=MISSING),
    ),
    Row(
        "api/events/<str:event_id>/claims/",
        get=NOT_TAKEN,
        post=by("login_required", students=DATA),
    ),
    Row(
        "api/events/<str:event_id>/claims/mine/",
        get=by("login_required", alice=DATA, charlie="no_claim"),
    ),
    Row(
        "api/events/<str:event_id>/waiting/leave/",
        get=NOT_TAKEN,
        post=by("login_required", students="no_claim"),
    ),
    Row(
        "api/events/<str:event_id>/waiting/accept/",
        get=NOT_TAKEN,
        post=by("login_required", alice=DATA, charlie="no_offer"),
    ),
    Row(  # alice's own; charlie presents it too
        "api/receipts/",
        get=NOT_TAKEN,
        post=by("login_required", alice=DATA, charlie="foreign_receipt"),
    ),
    Row("api/tickets/", get=by("login_required", students=DATA)),
    Row("api/tickets/<str:code>/qr/", get=by("login_required", alice=DATA, charlie="unknown_ticket")),
    Row(
        "api/tickets/<str:code>/cancel/",
        get=NOT_TAKEN,
        post=by("login_required", alice=DATA, charlie="unknown_ticket"),
    ),
)

OF_THE_BOOTH = (
    Row(
        "accounts/booth/",
        get=behind_admin(PAGE, BOOTH),
        post=behind_admin(PAGE, BOOTH),
        tells=dict.fromkeys(BOOTH, AT_THE_BOOTH),
    ),
)


def at_the_gate(*, device: str = DATA) -> Expected:
    """Return the answers of a call that staff of the gate, its devices and its phones make."""
    staff = dict.fromkeys(GATE, DATA)
    return by("login_required", students="forbidden", staff="forbidden", **staff, device=device, phone=device)


OF_THE_GATE = (
    Row(
        "gate/",
        get=behind_admin(PAGE, (*GATE, "phone")),
        post=behind_admin(PAGE, (*GATE, "phone")),
        tells=dict.fromkeys((*GATE, "phone"), AT_THE_GATE),
    ),
    Row("gate/device/", get=by(PAGE), post=by(REFUSED)),  # nobody here has an invitation
    Row(
        "api/gate/look-ups/",
        get=NOT_TAKEN,
        post=at_the_gate(),
        tells=dict.fromkeys((*GATE, "device", "phone"), AT_THE_GATE),
    ),
    Row(
        "api/gate/standing/",
        get=at_the_gate(),
        tells=dict.fromkeys((*GATE, "device", "phone"), AT_THE_GATE),
    ),
    Row(
        "api/gate/scans/",
        get=NOT_TAKEN,
        post=at_the_gate(),
        tells=dict.fromkeys((*GATE, "device", "phone"), AT_THE_GATE),
    ),
    Row(
        "api/gate/scans/<str:scan_id>/undo/",  # a scan that staff made: a device takes back its own ones only
        get=NOT_TAKEN,
        post=at_the_gate(device="forbidden"),
    ),
)

LIVE = "council/events/<uuid:event_id>/"

OF_THE_COUNCIL = (  # figures name nobody
    Row("council/", get=behind_admin(PAGE, DESK)),
    Row(  # who is looked up, by POST only
        "council/students/",
        get=behind_admin(PAGE, DESK),
        post=behind_admin(PAGE, DESK),
        tells=dict.fromkeys(DESK, AT_THE_BOOTH),
    ),
    Row("council/figures.json", get=behind_admin(DATA, DESK)),
    Row(LIVE, get=behind_admin(PAGE, DESK)),
    Row(f"{LIVE}figures.json", get=behind_admin(DATA, DESK)),
    Row(f"{LIVE}plots/", get=behind_admin(PAGE, DESK)),
)

AGAIN, REMOVE = "to /staff/second-factor/again/", "to /staff/second-factor/app/remove/"
NO_STUDENTS = {"students": REFUSED}

OF_STAFF = (
    Row(
        "staff/",
        get=by(
            TO_LOGIN,
            **NO_STUDENTS,
            staff="to /admin/",
            half=TO_FACTOR,
            gate="to /gate/",
            booth="to /accounts/booth/",
        ),
    ),
    Row("staff/login/", get=by(PAGE), post=by(PAGE)),  # a wrong password: the page again
    Row("staff/logout/", get=by("to /", students=PAGE, staff=PAGE), post=by("to /")),
    Row(
        "staff/reauthenticate/",
        get=by(TO_LOGIN, **NO_STUDENTS, inside=AGAIN, half=REFUSED),
        post=by(TO_LOGIN, **NO_STUDENTS, inside=AGAIN, half=REFUSED),
    ),
    Row("staff/second-factor/", get=by(TO_LOGIN, **NO_STUDENTS, staff=PAGE)),
    Row(
        "staff/second-factor/check/",  # belongs to a login that waits for its second factor
        get=by(TO_LOGIN, **NO_STUDENTS, staff="to /staff/"),
        post=by(TO_LOGIN, **NO_STUDENTS, staff="to /staff/"),
    ),
    Row(
        "staff/second-factor/again/",
        get=by(TO_LOGIN, **NO_STUDENTS, inside=PAGE, half=REFUSED),
        post=by(TO_LOGIN, **NO_STUDENTS, inside=PAGE, half=REFUSED),
    ),
    Row(
        "staff/second-factor/app/",
        get=by(TO_LOGIN, **NO_STUDENTS, inside=REMOVE, half=PAGE),
        post=by(TO_LOGIN, **NO_STUDENTS, inside=REMOVE, half=PAGE),
    ),
    Row(
        "staff/second-factor/app/remove/",
        get=by(TO_LOGIN, **NO_STUDENTS, inside=PAGE, half=MISSING),
        post=by(TO_LOGIN, **NO_STUDENTS, inside="to /staff/second-factor/", half=MISSING),
    ),
    Row(
        "staff/second-factor/codes/", get=by(TO_LOGIN, **NO_STUDENTS, staff=MISSING)
    ),  # nobody here has made any
    Row(
        "staff/second-factor/codes/new/",
        get=by(TO_LOGIN, **NO_STUDENTS, staff=PAGE),
        post=by(
            TO_LOGIN, **NO_STUDENTS, inside="to /staff/second-factor/codes/", half=PAGE
        ),  # PAGE: refused on it
    ),
    Row("staff/second-factor/codes/file/", get=by(TO_LOGIN, **NO_STUDENTS, staff=MISSING)),
)

OF_THE_ADMIN = (
    Row("admin/", get=behind_admin(PAGE, INSIDE), post=behind_admin(PAGE, INSIDE)),
    Row("admin/login/", get=behind_admin("to /admin/", INSIDE), post=behind_admin("to /admin/", INSIDE)),
    Row("admin/logout/", get=behind_admin("no such method", INSIDE), post=behind_admin(PAGE, INSIDE)),
    Row("admin/password_change/", get=behind_admin(PAGE, INSIDE), post=behind_admin(PAGE, INSIDE)),
    Row("admin/password_change/done/", get=behind_admin(PAGE, INSIDE)),
    Row("admin/autocomplete/", get=behind_admin(DATA, DESK), tells=dict.fromkeys(DESK, ALL_OF_HER)),
    Row("admin/jsi18n/", get=behind_admin(DATA, INSIDE)),
    Row(
        "admin/<app_label>/",
        get=behind_admin(PAGE, DESK, otherwise=MISSING),
        post=behind_admin(PAGE, DESK, otherwise=MISSING),
    ),
    Row("admin/<url>", get=behind_admin(MISSING, INSIDE), post=behind_admin(MISSING, INSIDE)),
    Row(
        "admin/accounts/outgoingmail/test/",
        get=behind_admin("no such method", INSIDE),
        post=behind_admin("to /admin/accounts/outgoingmail/", COUNCIL),
    ),
    Row(
        "admin/ticketing/ticket/give/",
        get=behind_admin(PAGE, COUNCIL),
        post=behind_admin("to /admin/ticketing/ticket/", COUNCIL),
    ),
    Row(
        "admin/ticketing/bar/shut-out/",
        get=behind_admin(PAGE, COUNCIL),
        post=behind_admin("to /admin/ticketing/bar/", COUNCIL),
    ),
    *(
        Row(
            f"admin/ticketing/{name}/export/",
            get=behind_admin(PAGE, COUNCIL),
            post=behind_admin(DATA, COUNCIL),
            tells=dict.fromkeys(COUNCIL, AT_THE_BOOTH),
        )
        for name in ("ticket", "claim", "waitingentry", "scan", "bar")
    ),
    Row(
        "admin/ticketing/streamposition/<uuid:group>/again/",
        get=behind_admin(PAGE, COUNCIL),
        post=behind_admin("to /admin/ticketing/streamposition/", COUNCIL),
    ),
    Row(
        "admin/ticketing/recovery/<int:recovery>/end/",
        get=behind_admin(PAGE, COUNCIL),
        post=behind_admin("to /admin/ticketing/recovery/", COUNCIL),
    ),
    Row(
        "admin/accounts/user/<id>/password/",
        get=behind_admin(PAGE, ADMINISTRATOR),
        post=behind_admin(PAGE, ADMINISTRATOR),
    ),
)

ROSTER, UPLOAD = "admin/accounts/student/import/", "admin/accounts/student/import/<int:pk>/"
DECIDED = f"to /{ROSTER}<pk>/"

OF_THE_ROSTER = (
    Row(ROSTER, get=behind_admin(PAGE, COUNCIL), post=behind_admin(PAGE, COUNCIL)),
    Row(UPLOAD, get=behind_admin(PAGE, COUNCIL)),
    Row(f"{UPLOAD}bad.csv", get=behind_admin(DATA, COUNCIL)),
    *(
        Row(
            f"{UPLOAD}{verb}/",
            get=behind_admin("no such method", COUNCIL),
            post=behind_admin(DECIDED, COUNCIL),
        )
        for verb in ("confirm", "discard", "again")
    ),
)

CARD = "admin/accounts/cardreview/<uuid:challenge>/"

OF_THE_CARDS = (
    Row(f"{CARD}picture.jpg", get=behind_admin(DATA, COUNCIL)),
    Row(
        f"{CARD}decide/",
        get=behind_admin("no such method", COUNCIL),
        post=behind_admin("to /admin/accounts/cardreview/", COUNCIL),
    ),
)

OF_THE_DEMO = (
    Row("demo/", get=by(PAGE)),
    Row("demo/look/", get=by(PAGE)),
    Row("demo/sales/", get=by("no such method"), post=by("to /demo/")),
    Row("demo/rush/", get=by("no such method"), post=by("to /demo/")),  # nobody is there to play it
    Row("demo/rush/<uuid:event_id>/", get=by(PAGE)),
    Row("demo/rush/<uuid:event_id>/report/", get=by(PAGE)),
    Row("demo/log-in/student/", get=by("no such method"), post=by(MISSING)),  # alice is of a real roster
    Row("demo/log-in/staff/", get=by("no such method"), post=by(MISSING)),  # nor is there such staff
    Row("demo/side-by-side/", get=by("to /demo/side-by-side/")),  # at a host name of its own
    Row("demo/enter/<slug:who>/", get=by(PAGE, council="to /admin/")),  # to where somebody is in already
)


def model(
    name: str,
    *,
    look: Sequence[str],
    edit: Sequence[str] = NOBODY,
    add: Sequence[str] = NOBODY,
    delete: Sequence[str] = NOBODY,
) -> tuple[Row, ...]:
    """Return the rows of a model in the admin: who looks at its rows, edits, adds and deletes them."""
    base, led = f"admin/{name}/", f"to /admin/{name}/<object_id>/change/"
    seen, added, deleted = (behind_admin(PAGE, roles) for roles in (look, add, delete))
    tells = dict.fromkeys(look, ALL_OF_HER)
    return (
        Row(base, seen, seen, tells),
        Row(f"{base}add/", added, added, tells),
        Row(f"{base}<path:object_id>/history/", seen, seen, tells),
        Row(f"{base}<path:object_id>/delete/", deleted, deleted, tells),
        Row(f"{base}<path:object_id>/change/", seen, behind_admin(PAGE, edit), tells),
        Row(f"{base}<path:object_id>/", behind_admin(led, INSIDE), behind_admin(led, INSIDE)),
    )


MODELS = (
    *model("accounts/student", look=DESK, edit=COUNCIL),
    *model("accounts/studentsession", look=DESK),
    *model("accounts/verificationattempt", look=DESK),
    *model("accounts/cardreview", look=COUNCIL),
    *model("accounts/consent", look=DESK),
    *model("accounts/boothcheck", look=DESK),
    *model("accounts/boothlook", look=DESK),
    *model("accounts/outgoingmail", look=DESK),
    *model("accounts/user", look=ADMINISTRATOR, edit=ADMINISTRATOR, add=ADMINISTRATOR),
    *model("auth/group", look=ADMINISTRATOR, edit=ADMINISTRATOR, add=ADMINISTRATOR, delete=ADMINISTRATOR),
    *model("procrastinate/procrastinatejob", look=ADMINISTRATOR),
    *model("ticketing/festival", look=DESK, edit=COUNCIL, add=COUNCIL, delete=ADMINISTRATOR),
    *model("ticketing/limitgroup", look=DESK, edit=COUNCIL, add=COUNCIL, delete=ADMINISTRATOR),
    *model("ticketing/studentlist", look=DESK, edit=COUNCIL, add=COUNCIL, delete=ADMINISTRATOR),
    *model("ticketing/event", look=DESK, edit=COUNCIL, add=COUNCIL, delete=ADMINISTRATOR),
    *model("ticketing/ticket", look=DESK),
    *model("ticketing/waitingentry", look=DESK),
    *model("ticketing/claim", look=DESK),
    *model("ticketing/bar", look=DESK),
    *model("ticketing/scan", look=DESK),
    *model("ticketing/gatelookup", look=DESK),
    *model("ticketing/gatedevice", look=DESK, edit=COUNCIL, add=COUNCIL),
    *model("ticketing/streamposition", look=DESK),
    *model("ticketing/recovery", look=DESK),
    *model("ticketing/refusedreceipt", look=DESK),
    *model("ticketing/repair", look=DESK),
    *model("ticketing/studentlook", look=DESK),
    *model("ticketing/listexport", look=DESK),
)

# Who changes something by an action on a list of the admin. Django's own `delete_selected` is everywhere.
ACTIONS: Mapping[str, Sequence[str]] = {
    "accounts/student log_out_everywhere": COUNCIL,
    "accounts/user remove_second_factor": ADMINISTRATOR,
    "ticketing/ticket make_void": COUNCIL,
    "ticketing/bar lift": COUNCIL,
    "ticketing/waitingentry take_off": COUNCIL,
    "ticketing/gatedevice invite_phones": COUNCIL,
    "ticketing/gatedevice shut_out": COUNCIL,
    "ticketing/gatedevice give_new_token": COUNCIL,
    "procrastinate/procrastinatejob retry": ADMINISTRATOR,
    "procrastinate/procrastinatejob cancel": ADMINISTRATOR,
    "procrastinate/procrastinatejob abort": ADMINISTRATOR,
    "ticketing/limitgroup delete_selected": ADMINISTRATOR,
    "ticketing/studentlist delete_selected": ADMINISTRATOR,
    "auth/group delete_selected": ADMINISTRATOR,
    # What tickets hang on is protected: the administrator is shown why nothing is deleted.
    "ticketing/event delete_selected": NOBODY,
    "ticketing/festival delete_selected": NOBODY,
}

TABLE = (
    *PUBLIC,
    *OF_STUDENTS,
    *OF_THE_BOOTH,
    *OF_THE_GATE,
    *OF_THE_COUNCIL,
    *OF_STAFF,
    *OF_THE_ADMIN,
    *OF_THE_ROSTER,
    *OF_THE_CARDS,
    *OF_THE_DEMO,
    *MODELS,
)
