"""A sale in each of its states, as strangers and students see it, and each answer that a press may get."""

from collections.abc import Iterator
from datetime import timedelta

from django.utils import timezone

from tests.admin.desk import press, ticket_of
from tests.contract.acts import bar, scan, void, wish
from tests.factories import Player, log_in, make_event, make_student, settle
from tests.pages.scenes import Scene, as_player
from ticketing import tickets
from ticketing.models import EligibilityRule, Event, LimitGroup
from ticketing.signing import TicketCode

ZONES = {"스탠딩": 3000, "좌석": 1500, "배리어프리": 40}


def of_sales() -> Iterator[Scene]:
    """Yield the pages of events, answers and tickets."""
    yield from of_events()
    yield from of_answers()
    yield from of_tickets()


def of(event: Event) -> str:
    return f"/events/{event.pk}/"


def player(name: str) -> Player:
    return log_in(make_student(name, department="컴퓨터공학과"))[0]


def of_events() -> Iterator[Scene]:
    student = as_player(player("김새벽"))
    events = {
        "before": make_event(ZONES, name="셋째 밤", opens_in=7200, closes_in=9000),
        "open": make_event(ZONES, name="둘째 밤"),
        "closed": make_event(ZONES, name="전야제", opens_in=-7200, closes_in=-3600),
        "paused": make_event(ZONES, name="넷째 밤"),
        "full": make_event({"스탠딩": 1}, name="다섯째 밤", waitlist_size=5),
    }
    resumes = timezone.now() + timedelta(minutes=9)
    wish(events["paused"], paused=True, pause_reason="무대 점검", resumes_at=resumes)
    press(player("박한밤"), events["full"])
    for state, event in events.items():
        yield Scene(f"event-{state}-stranger", of(event))
        yield Scene(f"event-{state}", of(event), student)


def of_answers() -> Iterator[Scene]:
    alone = make_event({"스탠딩": 1}, name="어제 밤", opens_in=-60)
    listed = make_event({"스탠딩": 1}, name="오늘 밤", opens_in=-60, waitlist_size=5)
    offering = make_event(
        {"스탠딩": 1}, name="내일 밤", opens_in=-60, waitlist_size=5, promotion="offer", offer_minutes=30
    )
    winner, second, third = player("이첫째"), player("최둘째"), player("정셋째")
    for event in (alone, listed, offering):
        for student in (winner, second, third):
            press(student, event)
    tickets.cancel(winner.student, TicketCode(offering.tickets.get().code))
    yield Scene("answer-won", of(alone), as_player(winner))
    yield Scene("answer-sold-out", of(alone), as_player(second))
    yield Scene("answer-waiting", of(listed), as_player(third))
    yield Scene("answer-offered", of(offering), as_player(second))
    yield Scene("waiting-leave", f"{of(listed)}waiting/leave/", as_player(third))
    yield from of_refusals(winner)


def of_refusals(winner: Player) -> Iterator[Scene]:
    """Yield what is said to those who may not press."""
    group = LimitGroup.objects.create(name="두 밤")
    first, other = (make_event({"A": 5}, name=name, limit_group=group) for name in ("첫 밤", "끝 밤"))
    press(winner, first)
    others_only = make_event({"A": 5}, name="국어국문학과의 밤")
    EligibilityRule.objects.create(event=others_only, departments=["국어국문학과"])
    shut = make_event({"A": 5}, name="마지막 밤")
    bar(shut, winner.student)
    settle()
    yield Scene("answer-limit-reached", of(other), as_player(winner), press=True)
    yield Scene("answer-not-eligible", of(others_only), as_player(winner))
    yield Scene("answer-barred", of(shut), as_player(winner), press=True)


def of_tickets() -> Iterator[Scene]:
    event = make_event({"스탠딩": 5}, name="첫째 밤")
    holder, giver, guest, loser = (player(name) for name in ("남궁하늘", "김되돌", "이입장", "박무효"))
    for student in (holder, giver, guest, loser):
        press(student, event)
    codes = {student.student.pk: ticket_of(student).code for student in (holder, giver, guest, loser)}
    tickets.cancel(giver.student, TicketCode(codes[giver.student.pk]))
    scan(codes[guest.student.pk])
    void(event, codes[loser.student.pk])
    for state, student in {"held": holder, "cancelled": giver, "used": guest, "void": loser}.items():
        yield Scene(f"ticket-{state}", f"/tickets/{codes[student.student.pk]}/", as_player(student))
    yield Scene("ticket-cancel", f"/tickets/{codes[holder.student.pk]}/cancel/", as_player(holder))
    yield Scene("tickets", "/tickets/", as_player(holder))
    yield Scene("tickets-none", "/tickets/", as_player(player("서없음")))
