"""What the matrix is asked about: alice has everything that a student can have, and everybody else is after it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.contrib.auth.models import Group
from django.db import connection
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from accounts import tasks
from accounts.models import (
    BoothCheck,
    BoothLook,
    CardReview,
    Consent,
    OutgoingMail,
    RosterImport,
    RosterState,
    StudentSession,
    User,
    VerificationAttempt,
)
from accounts.passes import PASS_COOKIE
from tests.access.routes import parameters
from tests.factories import Player, log_in, make_event, make_student
from tests.gate.cast import body, code_of, make_device, make_staff, make_ticket, scan_of, staff_client
from ticketing import posters, receipts
from ticketing.claims import claim, last_answer
from ticketing.devices import COOKIE, give_token
from ticketing.gate import admit
from ticketing.models import (
    Authority,
    Bar,
    Claim,
    Festival,
    FileFormat,
    GateLookUp,
    LimitGroup,
    ListExport,
    Recovery,
    RefusedReceipt,
    Repair,
    SaleCounter,
    StreamPosition,
    StudentList,
    StudentLook,
    Ticket,
    WaitingEntry,
)

CSRF = "c" * 32
BOOTH_CODE = "B00TH234"

# What nobody learns of alice by accident.
NAME, NUMBER, EMAIL = "홍앨리스", "20219876", "hong.alice@uni.example"
OWNED = (
    "accounts_consent",
    "accounts_studentsession",
    "ticketing_bar",
    "ticketing_claim",
    "ticketing_ticket",
    "ticketing_waitingentry",
)
# PostgreSQL gives every version of a row the transaction that wrote it.
VERSION = """
    SELECT '{0}', coalesce(to_jsonb(owned)->>'id', to_jsonb(owned)->>'claim_id'), owned.xmin::text FROM {0} owned
    JOIN accounts_student student ON student.id = owned.{1} WHERE student.student_number = %(number)s
"""
VERSIONS = " UNION ALL ".join(
    [VERSION.format("accounts_student", "id"), *(VERSION.format(table, "student_id") for table in OWNED)]
)


@dataclass(frozen=True, slots=True)
class Visitor:
    """What a browser, or a device of the gate, shows of itself."""

    cookies: Mapping[str, str]
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class World:
    """Who asks, about what, and what they send."""

    visitors: Mapping[str, Visitor]  # by role
    of_alice: frozenset[tuple[str, ...]]  # the versions of her rows
    values: Mapping[str, str]  # of the parameters of routes, by name
    held: Ticket  # alice's, for tonight
    rows: Mapping[str, str]  # keys of rows in the admin, by `app/model`
    asked: Mapping[str, dict[str, Any]]  # what stands behind the question mark of a GET, by route
    sent: Mapping[str, dict[str, Any]]  # what a POST sends, by route; an empty form where nothing stands here

    def values_of(self, route: str) -> dict[str, str]:
        """Return the values of a route's parameters; `object_id` is the key of a row of the route's model."""
        model = "/".join(route.split("/")[1:3])
        known = {**self.values, **({"object_id": self.rows[model]} if model in self.rows else {})}
        missing = set(parameters(route)) - known.keys()
        assert not missing, f"tests/access/world.py has no value for {missing} of {route}"
        return {name: known[name] for name in parameters(route)}


def hang_a_poster() -> dict[str, str]:
    """Give the newest festival a poster; return what its address is made of."""
    festival = Festival.objects.order_by("-created_at", "id")[0]
    made = posters.Made(600, 800, {"600.webp": b"wide", posters.SHARED: b"shared"})
    posters.name(festival, made)
    festival.save()
    posters.keep(festival, made)
    return {"digest": made.digest, "size": posters.SHARED}


def make_world() -> World:
    """Make the people, and one row of everything."""
    alice = log_in(make_student(NAME, student_number=NUMBER, email=EMAIL))[0]
    charlie = log_in(make_student("찰리", student_number="20220001", email="charlie@uni.example"))[0]
    staff = make_everybody_of_staff()
    device, shown = make_device()
    phone = give_token(make_device("phone")[0])
    rows = {
        **rows_of_accounts(alice),
        **rows_of_the_booth(alice, staff["booth"]),
        **rows_of_tickets(alice, staff["gate"]),
        "ticketing/gatedevice": device,
    }
    rows["ticketing/streamposition"] = stopped = StreamPosition.objects.create(
        group=rows["ticketing/event"].pk, stopped_at=timezone.now(), stopped_by="1: Unreadable"
    )
    rows["ticketing/recovery"] = recovery = Recovery.objects.create(
        group=uuid4(), epoch=1, lost="state", until=timezone.now() + timedelta(minutes=30)
    )
    SaleCounter.objects.create(group=recovery.group, authority=Authority.RECOVERING)
    rows["ticketing/refusedreceipt"] = RefusedReceipt.objects.create(
        student=alice.student, digest="0" * 64, code="forged_receipt"
    )
    rows["ticketing/repair"] = Repair.objects.create(
        group=recovery.group, kind="ticket_status", about="ticket"
    )
    looked = {"by": staff["council"], "reason": "왜"}
    rows["ticketing/studentlook"] = StudentLook.objects.create(student=alice.student, whole=True, **looked)
    rows["ticketing/listexport"] = ListExport.objects.create(
        listed="ticket", rows=1, file_format=FileFormat.CSV, **looked
    )
    rows |= {"accounts/user": staff["gate"], "auth/group": Group.objects.get(name="gate")}
    values = {
        "event_id": rows["ticketing/event"].pk,
        "code": rows["ticketing/ticket"].code,
        "scan_id": rows["ticketing/scan"].pk,
        "group": stopped.pk,
        "recovery": recovery.pk,
        "who": "council",
        "pk": RosterImport.objects.create(file_name="roster.csv", language="ko", state=RosterState.READY).pk,
        "challenge": rows["accounts/cardreview"].pk,
        "id": staff["gate"].pk,
        "app_label": "ticketing",
        "url": "nothing-here/",
        **hang_a_poster(),
    }
    return World(
        visitors={
            "anonymous": Visitor({}, {}),
            "alice": student(alice),
            "charlie": student(charlie),
            **{role: Visitor({"sessionid": key_of(user, role)}, {}) for role, user in staff.items()},
            "device": Visitor({}, shown),
            "phone": Visitor({COOKIE: phone}, {}),
        },
        of_alice=of_alice(),
        values={name: str(value) for name, value in values.items()},
        held=rows["ticketing/ticket"],
        rows={name: str(row.pk) for name, row in rows.items()},
        asked={
            "api/gate/standing/": {"gate": "A1"},
            "admin/autocomplete/": {"app_label": "ticketing", "model_name": "bar", "field_name": "student"},
        },
        sent=what_is_sent(code_of(rows["ticketing/ticket"]))
        | {"api/receipts/": {"receipt": receipt_of(rows["ticketing/ticket"])}}
        | {
            "accounts/devices/": {"end": str(rows["accounts/studentsession"].pk)},
            "admin/ticketing/ticket/give/": {
                "zone": str(rows["ticketing/ticket"].zone_id),
                "guest_name": "손님",
                "reason": "왜",
            },
            "admin/ticketing/bar/shut-out/": {
                "event": str(rows["ticketing/event"].pk),
                "student": NUMBER,
                "reason": "왜",
            },
        },
    )


def receipt_of(ticket: Ticket) -> str:
    """Return the receipt that alice was given with her ticket."""
    outcome = last_answer(event_id=ticket.event_id, student_id=ticket.student_id or 0)
    assert outcome is not None
    return receipts.sign(outcome)


def of_alice() -> frozenset[tuple[str, ...]]:
    """Return the rows of alice, each with its version: what changes, comes or goes makes a difference."""
    with connection.cursor() as cursor:
        cursor.execute(VERSIONS, {"number": NUMBER})
        return frozenset(cursor.fetchall())


def make_everybody_of_staff() -> dict[str, User]:
    """Make one of each, by role."""
    groups = {
        "half": "council",
        "viewer": "council viewer",
        "council": "council",
        "gate": "gate",
        "booth": "booth",
    }
    staff = {role: make_staff(group, username=role) for role, group in groups.items()}
    return {**staff, "administrator": User.objects.create_superuser("administrator")}


def rows_of_accounts(alice: Player) -> dict[str, Any]:
    """Make what accounts and the job queue keep of alice: a job that waits, and one that failed."""
    soon = timezone.now() + timedelta(minutes=9)
    attempt = VerificationAttempt.objects.create(student=alice.student, expires_at=soon)
    card = VerificationAttempt.objects.create(student=alice.student, method="card", expires_at=soon)
    mail = OutgoingMail.objects.create(kind="code", urgency=1, attempt=attempt)
    locks = (str(uuid4()), str(uuid4()))  # the queue's table is not emptied between tests
    failed, waiting = (tasks.look_for_mail.configure(queueing_lock=lock).defer(timestamp=0) for lock in locks)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'failed' WHERE id = %s", [failed])
    return {
        "accounts/student": alice.student,
        "accounts/studentsession": StudentSession.objects.get(student=alice.student),
        "accounts/verificationattempt": attempt,
        "accounts/cardreview": CardReview.objects.create(attempt=card, picture=b"a picture"),
        "accounts/outgoingmail": mail,
        "accounts/consent": Consent.objects.get(student=alice.student),
        "procrastinate/procrastinatejob": ProcrastinateJob.objects.get(pk=waiting),
    }


def rows_of_the_booth(alice: Player, booth: User) -> dict[str, Any]:
    """Let the festival offer the booth, and alice wait there for the second check."""
    Festival.objects.update(verification_methods=["mail", "booth", "card"])
    now = timezone.now()
    attempt = VerificationAttempt.objects.create(
        student=alice.student, method="booth", expires_at=now + timedelta(hours=2)
    )
    check = BoothCheck.objects.create(attempt=attempt, code=BOOTH_CODE, first_by=booth, first_at=now)
    return {
        "accounts/boothcheck": check,
        "accounts/boothlook": BoothLook.objects.create(by=booth, booth_check=check),
    }


def rows_of_tickets(alice: Player, gate: User) -> dict[str, Any]:
    """Let alice hold a ticket for tonight, have used one yesterday, and be shut out of the night before."""
    tonight, yesterday, before = (
        make_event({"A": 5}, name=name) for name in ("오늘 밤", "어제 밤", "그제 밤")
    )
    full = make_event({"A": 0}, name="내일 밤", waitlist_size=1)
    for event in (tonight, full):
        claim(event_id=event.pk, zones=["A"], claimant=alice.claimant)
    held = Ticket.objects.get(student=alice.student)
    used = make_ticket(yesterday, student=alice.student)
    admit(scan_of(code_of(used), user=gate))
    return {
        "ticketing/festival": tonight.festival,
        "ticketing/limitgroup": LimitGroup.objects.create(festival=tonight.festival, name="세 밤"),
        "ticketing/studentlist": StudentList.objects.create(festival=tonight.festival, name="단체 관람"),
        "ticketing/event": tonight,
        "ticketing/ticket": held,
        "ticketing/claim": Claim.objects.get(student=alice.student, event=tonight),
        "ticketing/waitingentry": WaitingEntry.objects.get(student=alice.student),
        "ticketing/bar": Bar.objects.create(event=before, student=alice.student, reason="왜", actor=gate),
        "ticketing/scan": used.scans.get(),
        "ticketing/gatelookup": GateLookUp.objects.create(
            at=timezone.now(), user=gate, gate="A1", key="name", reason="왜", shown=[held.pk]
        ),
    }


def what_is_sent(code: str) -> dict[str, dict[str, Any]]:
    """Return bodies that do what their address is for, where whoever sends them may."""
    return {
        "i18n/setlang/": {"language": "en"},
        "accounts/verify/": {"number": NUMBER, "name": NAME, "consent": "on"},
        "accounts/verify/booth/": {"number": NUMBER, "name": NAME, "consent": "on"},
        "accounts/booth/": {"code": BOOTH_CODE},
        "admin/accounts/cardreview/<uuid:challenge>/decide/": {"reason": "unreadable"},
        "admin/accounts/outgoingmail/test/": {"address": "council@uni.example"},
        "staff/login/": {"login": "council", "password": "guess"},
        "council/students/": {"wanted": NUMBER, "reason": "왜"},
        **{
            f"admin/ticketing/{name}/export/": {"file_format": "csv", "reason": "왜"}
            for name in ("ticket", "claim", "waitingentry", "scan", "bar")
        },
        "gate/": {"code": code, "gate": "A1", "event": "", "scan_id": str(uuid4())},
        "events/<uuid:event_id>/": {"zones": "A"},
        "api/events/<str:event_id>/claims/": {"zones": ["A"]},
        "api/gate/scans/": body(code),
        "api/gate/scans/<str:scan_id>/undo/": {"reason": "왜"},
        "api/gate/look-ups/": {"asked": NUMBER, "reason": "왜", "gate": "A1"},
        "demo/rush/": {"students": "10"},
        "demo/sales/": {"seconds": "60", "places": "10"},
        "demo/log-in/student/": {"number": NUMBER},
        "demo/log-in/staff/": {"username": "nobody"},
    }


def student(player: Player) -> Visitor:
    return Visitor({"sessionid": player.cookies.session_key, PASS_COOKIE: player.cookies.claim_pass}, {})


def key_of(user: User, role: str) -> str:
    """Log staff in; whoever is `half` in has only typed the password."""
    return str(staff_client(user, second_factor=role != "half").cookies["sessionid"].value)
