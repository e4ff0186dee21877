"""Scripted guesses over HTTP against the production server, from one network and from many, beside a real student."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from accounts.guesses import MAILS_PER_DAY
from accounts.models import Student, StudentSession, VerificationAttempt
from accounts.verification.mailed import code_of
from festival import embedded, processes
from loadtest.guessing import SAME_NETWORK, TRIES, Guess, attack
from loadtest.wire import Target
from tests.accounts.browsing import Browser
from tests.conftest import Live, clients_of, production_server
from tests.factories import make_student

pytestmark = [
    pytest.mark.servers,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("empty_queue"),
]
KINDS = ("hit", "another name", "unknown number", "gone", "without mail")
CHALLENGES = 60  # from one network, and as many from many: 600 guesses; 10,000 are loadtest.guessing's


@pytest.fixture(scope="module")
def proxied(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run a server behind a proxy that we play, so that requests come from any network."""
    folder = tmp_path_factory.mktemp("proxied")
    with production_server(folder, embedded.free_port(), FESTIVAL_TRUSTED_PROXY="yes") as (url, _process):
        yield url


@pytest.fixture
def live(proxied: str, transactional_db: None) -> Iterator[Live]:
    with clients_of(proxied) as ready:
        yield ready


def guesses() -> list[Guess]:
    """Make students, and guess at each: half from the campus, half from everywhere."""
    made = []
    for place in range(2 * CHALLENGES):
        kind = KINDS[place % len(KINDS)]
        fields = {"status": "gone"} if kind == "gone" else {}
        student = make_student(email="" if kind == "without mail" else f"s{place}@univ.example", **fields)
        number = f"9{place:09}" if kind == "unknown number" else student.student_number
        name = "이름" if kind == "another name" else student.name
        network = SAME_NETWORK if place < CHALLENGES else f"203.0.113.{place % 250}"
        codes = tuple(f"{place:03}{one:03}" for one in range(TRIES))
        made.append(Guess(kind, number, name, network, codes))
    return made


def log_in(live: Live, student: Student) -> Browser:
    """Log in from the campus, with the code of the newest mail, as a student does."""
    browser = Browser(live.client(headers={"X-Forwarded-For": SAME_NETWORK}))
    browser.get("/accounts/verify/")
    typed = {"number": student.student_number, "name": student.name, "consent": "on"}
    assert browser.post("/accounts/verify/", **typed).status_code == 302
    mails = VerificationAttempt.objects.filter(student=student)
    mailed = mails.order_by(
        "code_digits", "created_at"
    ).last()  # asked for at once, long codes are mailed last
    assert mailed is not None
    assert browser.post("/accounts/verify/code/", code=code_of(mailed) or "").status_code == 302
    assert browser.get("/accounts/devices/").status_code == 200
    return browser


def mailed_to(student: Student) -> Callable[[], bool]:
    """Return whether a student has been mailed all that one day allows."""
    return lambda: VerificationAttempt.objects.filter(student=student).count() >= MAILS_PER_DAY


def test_guesses_find_nobody_lock_nobody_out_and_learn_nothing(live: Live) -> None:
    alice, bob = (make_student(name, email=f"{name}@univ.example") for name in ("alice", "bob"))
    phone = log_in(live, bob)
    wanted = guesses()
    at_alice = [Guess("alice", alice.student_number, "alice", SAME_NETWORK, ("000000",) * TRIES)] * 7
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(asyncio.run, attack(Target.parse(live.url), [*at_alice, *wanted]))
        assert processes.wait_until(mailed_to(alice), 30)
        log_in(live, alice)  # the day's mails to her were asked for by the guesser
        seen = running.result()
    log_in(live, make_student("charlie", email="charlie@univ.example"))
    assert phone.get("/accounts/devices/").status_code == 200
    assert StudentSession.objects.filter(ended_at=None).count() == 3
    succeeded = VerificationAttempt.objects.exclude(succeeded_at=None)
    assert sorted(succeeded.values_list("student__name", flat=True)) == ["alice", "bob", "charlie"]
    for kind in KINDS:
        assert set(seen[kind]) == {"begin", *(f"code {place}" for place in range(1, TRIES + 1))}
        assert set(seen[kind]["begin"]) == set(seen["hit"]["begin"])
        assert len(seen[kind]["begin"]) == 1
    # By the pressure of the moment an answer is one of four: wrong (a short code), wrong (a long one), over, or, after
    # that, the way to a new code. No kind of guess has an answer of its own.
    for step in seen["hit"]:
        assert len(set().union(*(seen[kind][step] for kind in KINDS))) <= 4, step
