"""The photo of a student card: sent, looked at, decided; and gone after each ending."""

import threading
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from PIL import Image

from accounts import cards, consent
from accounts.card_jobs import forget_old_cards
from accounts.models import CardLook, CardReason, CardReview, CardState, Student, User, VerificationAttempt
from accounts.verification import CARD
from accounts.verification.base import Result
from accounts.verification.pages import let_in
from accounts.verification.pictures import MOST_BYTES, PictureRefused, reencode
from festival import processes
from tests.admin.desk import desk_of
from ticketing.models import Festival

pytestmark = [
    pytest.mark.servers,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("empty_queue"),
]
SEND, WAIT = "/accounts/verify/card/", "/accounts/verify/card/waiting/"
HIT = {"number": "2024123456", "name": "김앨리스"}
MISS = {"number": "2024123456", "name": "김찰리"}


def picture(size: tuple[int, int] = (640, 400), *, kind: str = "JPEG", **options: Any) -> bytes:
    """Return a picture: red on its left half, white on its right."""
    image = Image.new("RGB", size, "white")
    image.paste("red", (0, 0, size[0] // 2, size[1]))
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def opened(content: bytes) -> Image.Image:
    return Image.open(BytesIO(content))


@pytest.fixture(autouse=True)
def alice() -> Student:
    Festival.objects.update(verification_methods=["mail", "card"])
    return Student.objects.create(student_number="2024123456", name="김앨리스", department="사학과")


def send(client: Client, content: bytes | None = None, /, **fields: Any) -> Any:
    """Send the form as a browser does."""
    photo = SimpleUploadedFile("card.jpg", picture() if content is None else content)
    typed = {**HIT, "consent": "on", "covered": "on", "photo": photo} | fields
    return client.post(SEND, typed, headers={"accept-language": "en"}, follow=False)


def a_card(typed: dict[str, str] | None = None) -> UUID:
    """Send a card at its function."""
    typed = typed or HIT
    return CARD.hand_in(number=typed["number"], name=typed["name"], picture=picture(), network="192.0.2.1")


def kept(challenge: UUID) -> bytes | None:
    found = CardReview.objects.values_list("picture", flat=True).get(pk=challenge)
    return bytes(found) if found is not None else None


def state(challenge: UUID) -> str:
    return CardReview.objects.values_list("state", flat=True).get(pk=challenge)


def looks_of(challenge: UUID) -> str:
    return f"/admin/accounts/cardreview/{challenge}/picture.jpg"


# The picture


def test_nothing_is_kept_but_what_is_seen() -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "secret description"  # lies on its side; a text
    exif.get_ifd(0x8825)[2] = (37.0, 33.0, 59.0)  # GPS
    sent = picture(exif=exif, comment=b"secret comment", icc_profile=b"secret profile")
    assert all(
        word in sent for word in (b"Exif", b"secret description", b"secret comment", b"secret profile")
    )
    clean = reencode(sent)
    assert not any(word in clean for word in (b"Exif", b"secret", b"GPS"))
    with opened(clean) as image:
        assert (image.format, image.size, dict(image.getexif())) == ("JPEG", (400, 640), {})
        top, bottom = image.getpixel((200, 20)), image.getpixel((200, 620))
    assert top[1] < 60, "the left side, which is red, is up once the picture stands upright"  # type: ignore[index]
    assert bottom[1] > 200  # type: ignore[index]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_large_picture_is_made_small(kind: str) -> None:
    with opened(reencode(picture((4000, 3000), kind=kind))) as image:
        assert (image.format, image.size) == ("JPEG", (1600, 1200))


def test_what_is_transparent_shows_nothing_of_what_lies_under_it() -> None:
    file = BytesIO()
    Image.new("RGBA", (300, 300), (255, 0, 0, 0)).save(file, "PNG")
    with opened(reencode(file.getvalue())) as image:
        assert image.getpixel((150, 150)) == (255, 255, 255)


def bomb() -> bytes:
    """Return a PNG of a few kilobytes that is 400 megapixels large."""
    file = BytesIO()
    Image.new("1", (20_000, 20_000)).save(file, "PNG")
    return file.getvalue()


def gif() -> bytes:
    return picture(kind="GIF")


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "a bomb": (bomb, "too many pixels"),
    "a gif": (gif, "not a picture that we can read"),
    "a page": (lambda: b"<html><script>alert(1)</script></html>", "not a picture that we can read"),
    "an svg": (lambda: b'<svg xmlns="http://www.w3.org/2000/svg"/>', "not a picture that we can read"),
    "a cut jpeg": (lambda: picture((1600, 1000))[:4000], "damaged"),
    "a cut png": (lambda: picture((1600, 1000), kind="PNG")[:-2000], "damaged"),
    "a stamp": (lambda: picture((120, 80)), "too small"),
    "nine megabytes": (lambda: picture() + b"\0" * (9 * 1024 * 1024), "larger than 8 MB"),
    "nothing": (lambda: b"", "empty"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_taken_is_told_in_a_sentence_and_leaves_nothing(name: str, client: Client) -> None:
    content, words = REFUSED[name]
    client.cookies["django_language"] = "en"
    answer = send(client, content())
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not VerificationAttempt.objects.exists()
    assert not CardReview.objects.exists()


def test_many_files_count_together() -> None:
    half = b"\0" * (MOST_BYTES // 2 + 1024)
    files = {"photo": SimpleUploadedFile("a.jpg", half), "other": SimpleUploadedFile("b.jpg", half)}
    client = Client()
    client.cookies["django_language"] = "en"
    answer = client.post(SEND, {**HIT, "consent": "on", "covered": "on", **files})
    assert answer.status_code == 422
    assert not CardReview.objects.exists()


def test_too_long_is_refused_by_the_function_too() -> None:
    with pytest.raises(PictureRefused):
        reencode(b"\0" * (MOST_BYTES + 1))


@pytest.mark.parametrize("tick", ["consent", "covered"])
def test_without_each_tick_nothing_is_taken(tick: str, client: Client) -> None:
    assert send(client, **{tick: ""}).status_code == 422
    assert not CardReview.objects.exists()


# The student


def test_an_approved_card_logs_its_own_browser_in(client: Client, alice: Student) -> None:
    assert send(client, next="/tickets/").headers["Location"] == WAIT
    review = CardReview.objects.get()
    assert review.attempt.student == alice
    assert client.session.get_expiry_age() > 6 * 24 * 3600, (
        "the browser is known for as long as the card may wait"
    )
    assert client.get(SEND).headers["Location"] == WAIT, "who comes back is led to the card that waits"
    assert client.post(WAIT).status_code == 200, "waiting is no login"
    assert client.get("/tickets/").status_code == 302

    _desk, council = desk_of("council")
    assert cards.approve(review.pk, user=council)
    assert client.get(WAIT).context["state"] == CardState.APPROVED
    assert client.get("/tickets/").status_code == 302, "looking alone logs nobody in"
    answer = client.post(WAIT)
    assert answer.headers["Location"] == "/tickets/"
    assert client.get("/tickets/").status_code == 200
    assert consent.in_force(alice)
    review.refresh_from_db()
    assert (review.state, review.decided_by, review.picture) == (CardState.APPROVED, council, None)
    assert review.decided_at is not None


def test_a_shared_computer_is_remembered_for_half_an_hour(client: Client, alice: Student) -> None:
    send(client)
    cards.approve(CardReview.objects.get().pk, user=desk_of("council")[1])
    client.post(WAIT, {"shared": "on"})
    session = alice.sessions.get()
    assert session.expires_at <= timezone.now() + timedelta(minutes=30)


def test_another_browser_cannot_finish(client: Client) -> None:
    send(client)
    cards.approve(CardReview.objects.get().pk, user=desk_of("council")[1])
    other = Client()
    assert other.post(WAIT).headers["Location"] == SEND
    assert other.get("/tickets/").status_code == 302


def test_an_approval_is_used_once(alice: Student) -> None:
    challenge = a_card()
    assert CARD.finish(challenge=challenge, proof="", network="192.0.2.1").result is Result.WAITING
    cards.approve(challenge, user=desk_of("council")[1])
    assert CARD.finish(challenge=challenge, proof="", network="192.0.2.1").student == alice
    assert CARD.finish(challenge=challenge, proof="", network="192.0.2.1").result is Result.OVER


def test_an_approval_gives_its_browser_the_whole_time_again() -> None:
    challenge = a_card()
    soon = timezone.now() + timedelta(minutes=1)
    VerificationAttempt.objects.filter(pk=challenge).update(expires_at=soon)
    cards.approve(challenge, user=desk_of("council")[1])
    assert VerificationAttempt.objects.get(pk=challenge).expires_at > soon + timedelta(days=6)


def test_who_is_gone_from_the_roster_meanwhile_is_not_let_in(client: Client, alice: Student) -> None:
    send(client)
    cards.approve(CardReview.objects.get().pk, user=desk_of("council")[1])
    Student.objects.filter(pk=alice.pk).update(status="gone")
    client.cookies["django_language"] = "en"
    assert "This card is over" in client.post(WAIT).content.decode()
    assert client.get("/tickets/").status_code == 302


def test_a_refusal_tells_why(client: Client) -> None:
    client.cookies["django_language"] = "en"
    send(client)
    cards.refuse(
        CardReview.objects.get().pk,
        user=desk_of("council")[1],
        reason=CardReason.SHOWN,
        note="strip of paper",
    )
    words = client.get(WAIT).content.decode()
    assert "The picture shows the resident registration number." in words
    assert "strip of paper" in words
    assert client.post(WAIT).status_code == 200
    assert client.get("/tickets/").status_code == 302
    assert client.get(SEND).status_code == 200, "another picture may be sent"


def test_hit_and_miss_look_alike_to_the_student() -> None:
    pages = []
    for typed in (HIT, MISS, {"number": "1999000000", "name": "아무개"}):
        client = Client()
        sent = send(client, None, **typed)
        review = CardReview.objects.get(pk=client.session["card_challenge"])
        fixed = timezone.now().replace(hour=12, minute=0)
        CardReview.objects.filter(pk=review.pk).update(handed_in_at=fixed)
        VerificationAttempt.objects.filter(pk=review.pk).update(expires_at=fixed + timedelta(days=7))
        waits = without_token(client)
        assert kept(review.pk), "the picture of a miss waits like that of a hit"
        cards.refuse(review.pk, user=reviewer(), reason=CardReason.DIFFERENT)
        pages.append(
            (sent.status_code, sent.headers["Location"], waits, without_token(client), kept(review.pk))
        )
    assert pages[0] == pages[1] == pages[2]


def without_token(client: Client) -> str:
    """Return the waiting page without what differs for every reader."""
    answer = client.get(WAIT)
    return answer.content.decode().replace(str(answer.context["csrf_token"]), "")


def reviewer() -> Any:
    return User.objects.filter(username="kim").first() or desk_of("council")[1]


def test_a_miss_cannot_be_approved() -> None:
    challenge = a_card(MISS)
    assert not cards.approve(challenge, user=reviewer())
    assert state(challenge) == CardState.WAITING


def test_after_the_close_nobody_sends_and_who_has_sent_is_still_let_in(client: Client) -> None:
    send(client)
    Festival.objects.update(verification_closes_at=timezone.now() - timedelta(seconds=1))
    assert send(Client()).status_code == 403
    assert CardReview.objects.count() == 1
    cards.approve(CardReview.objects.get().pk, user=reviewer())
    assert client.post(WAIT).status_code == 302
    assert client.get("/tickets/").status_code == 200


def test_where_it_is_not_offered_there_is_no_such_page(client: Client) -> None:
    Festival.objects.update(verification_methods=["mail"])
    assert client.get(SEND).status_code == 404
    assert send(client).status_code == 404
    assert not CardReview.objects.exists()


def test_of_many_pictures_of_a_browser_only_the_newest_is_kept(client: Client) -> None:
    assert [send(client).status_code for _ in range(6)] == [302] * 6
    with_picture = list(CardReview.objects.filter(picture__isnull=False).values_list("pk", flat=True))
    assert with_picture == [UUID(client.session["card_challenge"])]


# Every ending takes the picture


def refuse(challenge: UUID, client: Client, alice: Student) -> None:
    cards.refuse(challenge, user=reviewer(), reason=CardReason.OTHER)


def approve(challenge: UUID, client: Client, alice: Student) -> None:
    cards.approve(challenge, user=reviewer())


def expire(challenge: UUID, client: Client, alice: Student) -> None:
    VerificationAttempt.objects.filter(pk=challenge).update(expires_at=timezone.now())
    forget_old_cards(timestamp=0)


def withdraw(challenge: UUID, client: Client, alice: Student) -> None:
    consent.withdraw(alice)


def take_back(challenge: UUID, client: Client, alice: Student) -> None:
    assert client.post(f"{SEND}take-back/").headers["Location"] == SEND


def send_again(challenge: UUID, client: Client, alice: Student) -> None:
    assert send(client).status_code == 302


def verify_otherwise(challenge: UUID, client: Client, alice: Student) -> None:
    request = RequestFactory().get("/")
    request.session = Client().session
    request.user = reviewer()
    let_in(request, alice, shared=False)


ENDINGS: dict[Callable[[UUID, Client, Student], None], CardState] = {
    refuse: CardState.REFUSED,
    approve: CardState.APPROVED,
    expire: CardState.OVER,
    withdraw: CardState.OVER,
    take_back: CardState.OVER,
    send_again: CardState.OVER,
    verify_otherwise: CardState.OVER,
}


@pytest.mark.parametrize("ending", ENDINGS, ids=lambda ending: ending.__name__)
def test_each_ending_deletes_the_picture(
    ending: Callable[[UUID, Client, Student], None], client: Client, alice: Student
) -> None:
    send(client)
    challenge = CardReview.objects.get().pk
    bystander = a_card({"number": "2020000000", "name": "밥"})
    assert kept(challenge)
    ending(challenge, client, alice)
    assert (state(challenge), kept(challenge)) == (ENDINGS[ending], None)
    assert kept(bystander), "nobody else's picture goes with it"
    assert desk_of("council", "lee")[0].get(looks_of(challenge)).status_code == 404


def test_a_card_that_was_withdrawn_after_its_approval_lets_nobody_in(alice: Student) -> None:
    challenge = a_card()
    cards.approve(challenge, user=reviewer())
    consent.withdraw(alice)
    assert CARD.finish(challenge=challenge, proof="", network="192.0.2.1").result is Result.OVER


def test_the_database_itself_keeps_no_picture_of_a_decided_card() -> None:
    challenge = a_card()
    with pytest.raises(IntegrityError, match="card_picture_only_while_waiting"):
        CardReview.objects.filter(pk=challenge).update(state=CardState.OVER)
    with pytest.raises(IntegrityError, match="card_decided_by_somebody_at_a_time"):
        CardReview.objects.filter(pk=challenge).update(state=CardState.APPROVED, picture=None)


# The council


def test_two_reviewers_at_once_decide_once() -> None:
    both = [desk_of("council", name) for name in ("kim", "lee")]
    for _ in range(8):
        challenge = a_card({"number": "2024123456", "name": "김앨리스"})
        VerificationAttempt.objects.filter(pk=challenge).update(created_at=timezone.now() - timedelta(days=2))
        barrier = threading.Barrier(2)
        done: list[bool] = []

        def decide(which: int, challenge: UUID, barrier: threading.Barrier, done: list[bool]) -> None:
            barrier.wait()
            user = both[which][1]
            if which:
                done.append(cards.approve(challenge, user=user))
            else:
                done.append(cards.refuse(challenge, user=user, reason=CardReason.OTHER))
            connection.close()

        threads = [
            threading.Thread(target=decide, args=(which, challenge, barrier, done)) for which in range(2)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(done) == [False, True]


def test_whoever_waits_for_the_row_of_another_reviewer_decides_nothing() -> None:
    challenge, (_first, kim), (_second, lee) = a_card(), desk_of("council"), desk_of("council", "lee")
    done: list[bool] = []

    def decide_too() -> None:
        done.append(cards.approve(challenge, user=lee))
        connection.close()

    late = threading.Thread(target=decide_too)
    with transaction.atomic():
        assert cards.refuse(challenge, user=kim, reason=CardReason.NO_CARD)
        late.start()
        wait_until_somebody_waits()
    late.join()
    assert done == [False]
    review = CardReview.objects.get(pk=challenge)
    assert (review.state, review.decided_by) == (CardState.REFUSED, kim)


def wait_until_somebody_waits() -> None:
    """Return once another session waits for a lock of this one."""

    def waits() -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            return bool(cursor.fetchone()[0])

    processes.wait_until(waits, 20)
    assert waits()


def test_the_council_decides_on_the_page_and_goes_on_to_the_next() -> None:
    first, second = a_card(), a_card(MISS)
    desk, user = desk_of("council")
    index = desk.get("/admin/").content.decode()
    assert "2 photos of student cards wait" in index
    listed = desk.get("/admin/accounts/cardreview/").content.decode()
    assert listed.index(str(first)) < listed.index(str(second)), "the oldest stands first"
    page = desk.get(f"/admin/accounts/cardreview/{first}/change/").content.decode()
    assert all(word in page for word in ("김앨리스", "2024123456", "사학과", "enrolled", looks_of(first)))

    answer = desk.post(f"/admin/accounts/cardreview/{first}/decide/", {"decision": "approve"})
    assert answer.headers["Location"] == f"/admin/accounts/cardreview/{second}/change/"
    page = desk.get(answer.headers["Location"]).content.decode()
    assert "No student of the roster" in page
    assert 'value="approve"' not in page
    again = desk.post(f"/admin/accounts/cardreview/{first}/decide/", {"decision": "approve"}, follow=True)
    assert "has decided this card already" in again.content.decode()
    bad = desk.post(f"/admin/accounts/cardreview/{second}/decide/", {"decision": "refuse"}, follow=True)
    assert "Please choose a reason" in bad.content.decode()
    sent = {"decision": "refuse", "reason": "different", "note": "please check"}
    answer = desk.post(f"/admin/accounts/cardreview/{second}/decide/", sent)
    assert answer.headers["Location"] == "/admin/accounts/cardreview/"
    row = CardReview.objects.get(pk=second)
    assert (row.state, row.reason, row.note, row.decided_by) == ("refused", "different", "please check", user)
    done = desk.get("/admin/accounts/cardreview/?state=all").content.decode()
    assert str(first) in done
    assert "photos of student cards wait" not in desk.get("/admin/").content.decode()


def test_a_picture_is_served_to_reviewers_only_and_each_look_is_recorded(client: Client) -> None:
    challenge = a_card()
    desk, user = desk_of("council")
    answer = desk.get(looks_of(challenge))
    assert answer.content == kept(challenge)
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert list(CardLook.objects.values_list("review", "user")) == [(challenge, user.pk)]
    for role, name in (("council viewer", "viewer"), ("gate", "gate")):
        other = desk_of(role, name)[0]
        assert other.get(looks_of(challenge)).status_code == 403
        assert other.get("/admin/accounts/cardreview/").status_code == 403
        decided = other.post(f"/admin/accounts/cardreview/{challenge}/decide/", {"decision": "approve"})
        assert decided.status_code == 403
    assert client.get(looks_of(challenge)).headers["Location"].startswith("/staff/login/")
    assert CardLook.objects.count() == 1
    assert state(challenge) == CardState.WAITING


def test_no_list_reads_pictures() -> None:
    for _ in range(3):
        a_card()
    desk, _user = desk_of("council")
    with CaptureQueriesContext(connection) as asked:
        desk.get("/admin/accounts/cardreview/")
        desk.get(f"/admin/accounts/cardreview/{CardReview.objects.defer('picture')[0].pk}/change/")
    assert len(asked) > 4
    assert not [query["sql"] for query in asked if '."picture"' in query["sql"]]
