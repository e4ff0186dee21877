"""The browser keeps receipts for its student, and pages present them by themselves when something was lost."""

from collections.abc import Iterator
from http.cookies import Morsel
from uuid import UUID

import pytest
from django.core.cache import caches
from django.test import Client
from django.utils import timezone

from accounts.passes import PASS_COOKIE
from festival.redis import at_each_master
from tests.factories import Player, log_in, make_event, make_players, mode_of_events, settle
from ticketing.allocation.priming import prime
from ticketing.keeping import MOST_KEPT, name_of
from ticketing.models import Event, Mode, Recovery, RefusedReceipt, Ticket
from ticketing.writeback import write_back

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def in_redis() -> Iterator[None]:
    token = mode_of_events.set(Mode.REDIS)
    yield
    mode_of_events.reset(token)


def browser_of(player: Player) -> Client:
    """Return a browser in which a student is logged in; forms have no token here."""
    client = Client()
    client.cookies["sessionid"] = player.cookies.session_key
    client.cookies[PASS_COOKIE] = player.cookies.claim_pass
    return client


def press(client: Client, event: Event, zone: str = "A") -> None:
    assert client.post(f"/events/{event.pk}/", {"zones": zone}).status_code == 303


def kept(client: Client, event: UUID) -> "Morsel[str] | None":
    """Return the receipt that the browser keeps for an event."""
    morsel = client.cookies.get(name_of(event))
    return morsel if morsel is not None and morsel.value else None


def lose_redis() -> None:
    at_each_master("flushdb")
    prime()


def test_a_press_leaves_a_receipt_that_no_script_reads(in_redis: None) -> None:
    event = make_event({"A": 1}, waitlist_size=1)
    alice, bob = map(browser_of, make_players(["alice", "bob"]))
    for client in (alice, bob):
        press(client, event)
        morsel = kept(client, event.pk)
        assert morsel is not None
        assert (morsel["httponly"], morsel["samesite"], morsel["path"]) == (True, "Lax", "/")
        assert 0 < int(morsel["max-age"]) <= 1800


def test_the_call_leaves_one_too_and_the_last_answer_for_a_new_phone(in_redis: None) -> None:
    event = make_event({"A": 1})
    (player,) = make_players(["alice"])
    client = browser_of(player)
    answer = client.post(f"/api/events/{event.pk}/claims/", {"zones": ["A"]}, content_type="application/json")
    morsel = kept(client, event.pk)
    assert morsel is not None
    assert morsel.value == answer.json()["receipt"]
    phone = browser_of(player)
    phone.get(f"/api/events/{event.pk}/claims/mine/")
    assert kept(phone, event.pk) is not None


def test_an_event_page_restores_what_was_lost_and_says_so(in_redis: None) -> None:
    event = make_event({"A": 2})
    client = browser_of(make_players(["alice"])[0])
    press(client, event)
    lose_redis()
    assert not Ticket.objects.exists()
    page = client.get(f"/events/{event.pk}/", headers={"Accept-Language": "ko"})
    assert "사라졌던 기록을 되살렸습니다" in page.content.decode()
    assert 'data-kind="good"' in page.content.decode()
    assert Ticket.objects.count() == 1
    again = client.get(f"/events/{event.pk}/").content.decode()
    assert "되살렸습니다" not in again


def test_the_tickets_page_and_the_tickets_own_address_restore_too(in_redis: None) -> None:
    event = make_event({"A": 2})
    players = make_players(["alice", "bob"])
    clients = [browser_of(player) for player in players]
    codes = []
    for client in clients:
        press(client, event)
        codes.append(client.get(f"/api/events/{event.pk}/claims/mine/").json()["ticket"])
    lose_redis()
    assert "되살렸습니다" in clients[0].get("/tickets/").content.decode()
    assert clients[1].get(f"/tickets/{codes[1]}/").status_code == 200
    assert set(Ticket.objects.values_list("code", flat=True)) == set(codes)


def test_who_has_nothing_is_told_that_the_sale_is_being_restored(in_redis: None) -> None:
    event = make_event({"A": 2})
    alice, bob = map(browser_of, make_players(["alice", "bob"]))
    press(alice, event)
    lose_redis()
    page = bob.get(f"/events/{event.pk}/")
    assert page.status_code == 200
    assert "잠시만 기다려 주세요" in page.content.decode()
    assert not Ticket.objects.exists()


def test_giving_back_leaving_and_logging_out_forget_the_receipt(in_redis: None) -> None:
    event = make_event({"A": 1}, waitlist_size=1)
    alice, bob = map(browser_of, make_players(["alice", "bob"]))
    press(alice, event)
    press(bob, event)
    assert bob.post(f"/events/{event.pk}/waiting/leave/").status_code == 303
    assert kept(bob, event.pk) is None
    write_back()
    code = Ticket.objects.get().code
    assert alice.post(f"/tickets/{code}/cancel/").status_code == 303
    assert kept(alice, event.pk) is None
    press(alice, event)
    assert kept(alice, event.pk) is not None
    alice.post("/accounts/logout/")
    assert kept(alice, event.pk) is None


def test_a_receipt_that_another_student_left_behind_is_not_presented(in_redis: None) -> None:
    event = make_event({"A": 1})
    alice, bob = make_players(["alice", "bob"])
    first, second = browser_of(alice), browser_of(bob)
    press(first, event)
    morsel = kept(first, event.pk)
    assert morsel is not None
    second.cookies[name_of(event.pk)] = morsel.value
    lose_redis()
    for address in (f"/events/{event.pk}/", "/tickets/"):
        assert second.get(address).status_code == 200
    assert not Ticket.objects.exists()
    assert not RefusedReceipt.objects.exists()


def test_a_receipt_that_is_over_is_forgotten_and_the_page_says_so(in_redis: None) -> None:
    event = make_event({"A": 1})
    alice, bob = make_players(["alice", "bob"])
    client = browser_of(alice)
    press(client, event)
    lose_redis()
    recovery = Recovery.objects.get()
    Recovery.objects.update(until=recovery.began_at)
    settle()
    press(browser_of(bob), event)
    page = client.get(f"/events/{event.pk}/").content.decode()
    assert "이 기기의 영수증은 더 이상 쓸 수 없습니다" in page
    assert kept(client, event.pk) is None


def test_a_browser_keeps_few_receipts_the_oldest_go(in_redis: None) -> None:
    (alice,) = make_players(["alice"])
    client = browser_of(alice)
    events = [make_event({"A": 1}) for _ in range(MOST_KEPT + 2)]
    for event in events:
        press(client, event)
    assert [kept(client, event.pk) is not None for event in events] == [False] * 2 + [True] * MOST_KEPT


def test_another_login_of_the_same_student_finds_the_restored_ticket(in_redis: None) -> None:
    event = make_event({"A": 1})
    (alice,) = make_players(["alice"])
    phone, laptop = browser_of(alice), browser_of(log_in(alice.student)[0])
    press(phone, event)
    lose_redis()
    assert laptop.get(f"/api/events/{event.pk}/claims/mine/").json()["code"] == "recovering"
    assert phone.get(f"/api/events/{event.pk}/claims/mine/").json()["outcome"] == "won"
    assert laptop.get(f"/api/events/{event.pk}/claims/mine/").json()["outcome"] == "won"


def test_until_when_receipts_are_taken_stands_on_the_page_and_one_panel_only(in_redis: None) -> None:
    event = make_event({"A": 2})
    alice, bob = map(browser_of, make_players(["alice", "bob"]))
    press(alice, event)
    lose_redis()
    caches["process"].clear()  # the public document is a second old at most
    until = timezone.localtime(Recovery.objects.get().until).strftime("%H:%M")
    page = bob.get(f"/events/{event.pk}/").content.decode()
    shown = page.partition("<template")[0]
    assert shown.count("잠시만 기다려 주세요") == 1
    assert f"표를 받은 그 기기에서 이 화면을 열어 주세요. {until}까지" in shown
