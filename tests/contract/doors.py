"""Two doors to the same contract: the steps in this process, and the production server over HTTP."""

from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

import httpx
from django.db import connection

from festival.errors import FestivalError, problem_document
from tests.factories import Player
from ticketing import claims, tickets, waiting
from ticketing.api import answers
from ticketing.errors import NoClaim
from ticketing.signing import TicketCode


@dataclass(frozen=True, slots=True)
class Answer:
    """What a player was told: `kind` is the outcome, or the code of a refusal."""

    kind: str
    body: dict[str, Any]
    retry_after: int | None = None


class Door(Protocol):
    """Where a player goes; safe to use from several threads."""

    def claim(self, player: Player, event: UUID, *zones: str) -> Answer: ...

    def mine(self, player: Player, event: UUID) -> Answer: ...

    def cancel(self, player: Player, code: str) -> Answer: ...

    def leave(self, player: Player, event: UUID) -> Answer: ...

    def accept(self, player: Player, event: UUID) -> Answer: ...


def kind_of(body: dict[str, Any]) -> str:
    return str(body.get("outcome") or body.get("code") or body.get("status"))


class InProcess:
    """Calls the steps directly, in the caller's thread and on its own connection."""

    def claim(self, player: Player, event: UUID, *zones: str) -> Answer:
        try:
            outcome = claims.claim(event_id=event, zones=zones, claimant=player.claimant)
        except FestivalError as error:
            return self.refused(error)
        body = answers.document(outcome)
        return Answer(kind_of(body), body, outcome.retry_after)

    def mine(self, player: Player, event: UUID) -> Answer:
        outcome = claims.last_answer(event_id=event, student_id=player.student.pk)
        if outcome is None:
            return self.refused(NoClaim())
        body = answers.document(outcome)
        return Answer(kind_of(body), body)

    def cancel(self, player: Player, code: str) -> Answer:
        try:
            ticket = tickets.cancel(player.student, TicketCode(code))
        except FestivalError as error:
            return self.refused(error)
        return Answer(ticket.status, {})

    def leave(self, player: Player, event: UUID) -> Answer:
        try:
            waiting.leave(event_id=event, student=player.student)
        except FestivalError as error:
            return self.refused(error)
        return Answer("left", {"outcome": "left"})

    def accept(self, player: Player, event: UUID) -> Answer:
        try:
            outcome = waiting.accept(event_id=event, student=player.student)
        except FestivalError as error:
            return self.refused(error)
        body = answers.document(outcome)
        return Answer(kind_of(body), body)

    def refused(self, error: FestivalError) -> Answer:
        document = problem_document(error.code, detail=error.detail, extra=error.extra)
        return Answer(error.code, document, error.retry_after)


class OverHttp:
    """Talks to a running server as a browser does: cookies, CSRF token, JSON."""

    def __init__(self, base_url: str) -> None:
        self.client = httpx.Client(base_url=base_url, timeout=30, limits=httpx.Limits(max_connections=64))

    def call(self, player: Player, method: str, path: str, **options: Any) -> Answer:
        response = self.client.request(method, path, headers=headers_of(player), **options)
        body = response.json()
        wait = response.headers.get("Retry-After")
        return Answer(kind_of(body), body, int(wait) if wait else None)

    def claim(self, player: Player, event: UUID, *zones: str) -> Answer:
        return self.call(player, "POST", f"/api/events/{event}/claims/", json={"zones": zones})

    def mine(self, player: Player, event: UUID) -> Answer:
        return self.call(player, "GET", f"/api/events/{event}/claims/mine/")

    def cancel(self, player: Player, code: str) -> Answer:
        return self.call(player, "POST", f"/api/tickets/{code}/cancel/")

    def leave(self, player: Player, event: UUID) -> Answer:
        return self.call(player, "POST", f"/api/events/{event}/waiting/leave/")

    def accept(self, player: Player, event: UUID) -> Answer:
        return self.call(player, "POST", f"/api/events/{event}/waiting/accept/")


def headers_of(player: Player) -> dict[str, str]:
    """Return what the player's browser sends along."""
    cookies = player.cookies
    names = {"sessionid": cookies.session_key, "csrftoken": cookies.csrf, "festival_pass": cookies.claim_pass}
    return {
        "Cookie": "; ".join(f"{name}={value}" for name, value in names.items()),
        "X-CSRFToken": cookies.csrf,
    }


def close_connection() -> None:
    """Give a thread's connection back before the thread ends."""
    connection.close()
