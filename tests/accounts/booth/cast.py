"""What alice's browser and the staff do at the booth, in a few words."""

from django.test import Client

from accounts.models import (
    BoothCheck,
    User,
)
from accounts.verification import BOOTH, booth_desk
from accounts.verification.base import Verdict
from tests.gate.cast import staff_client

TYPED = {"number": "2024123456", "name": "김앨리스", "consent": "on"}
START, CODE, DESK = "/accounts/verify/booth/", "/accounts/verify/booth/code/", "/accounts/booth/"


def ask(client: Client, **typed: str) -> BoothCheck:
    """Type number and name in a browser, and return the check that waits."""
    answer = client.post(START, TYPED | typed)
    assert (answer.status_code, answer.headers["Location"]) == (302, CODE)
    return BoothCheck.objects.latest("pk")


def finish(check: BoothCheck) -> Verdict:
    return BOOTH.finish(challenge=check.attempt_id, proof="", network="192.0.2.1")


def confirmed(client: Client, hana: User, dul: User) -> BoothCheck:
    """Let two people confirm what a browser has asked for."""
    check = ask(client)
    booth_desk.check_first(check, by=hana)
    check.refresh_from_db()
    booth_desk.check_second(check, by=dul)
    return check


def desk(user: User) -> Client:
    client = staff_client(user)
    client.handler.enforce_csrf_checks = False
    client.cookies["django_language"] = "en"
    return client


def shown(client: Client, check: BoothCheck, **sent: str) -> str:
    return str(client.post(DESK, {"code": check.code} | sent, follow=True).content.decode())
