"""A student's browser in tests: it logs in by the pages, over HTTP, and presses through the API."""

from dataclasses import dataclass
from uuid import UUID

import httpx

from accounts.models import Student, VerificationAttempt
from accounts.verification.mailed import code_of
from tests.conftest import Live

LAPTOP = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1"
)


@dataclass(frozen=True, slots=True)
class Browser:
    """A browser with cookies of its own."""

    client: httpx.Client

    def get(self, path: str) -> httpx.Response:
        return self.client.get(path)

    def post(self, path: str, **fields: str) -> httpx.Response:
        """Send a form of ours."""
        token = self.client.cookies.get("csrftoken") or ""
        return self.client.post(path, data={"csrfmiddlewaretoken": token, **fields})

    def press(self, event: UUID) -> str:
        """Press for a ticket and return the outcome, or the code of the refusal."""
        answer = self.client.post(
            f"/api/events/{event}/claims/",
            json={"zones": ["A"]},
            headers={"X-CSRFToken": self.client.cookies.get("csrftoken") or ""},
        ).json()
        return str(answer.get("outcome") or answer["code"])

    def ask(self, student: Student) -> VerificationAttempt:
        """Type number and name, agree to the notice, and return the challenge."""
        self.get("/accounts/verify/")
        typed = {"number": student.student_number, "name": student.name, "consent": "on"}
        answer = self.post("/accounts/verify/", **typed)
        assert (answer.status_code, answer.headers["Location"]) == (302, "/accounts/verify/code/")
        return VerificationAttempt.objects.latest("created_at")

    def type_code(self, attempt: VerificationAttempt, **fields: str) -> httpx.Response:
        """Type the code that the mail of this challenge holds."""
        return self.post("/accounts/verify/code/", code=code_of(attempt) or "", **fields)


def log_in(live: Live, student: Student, agent: str = LAPTOP, **fields: str) -> Browser:
    """Log a student in by number, name and code."""
    browser = Browser(live.client(headers={"User-Agent": agent}))
    assert browser.type_code(browser.ask(student), **fields).status_code == 302
    return browser
