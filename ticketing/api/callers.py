"""Who calls: the claim pass for claims, the session for everything else of a student; both with CSRF."""

from django.http import HttpRequest
from rest_framework.authentication import CSRFCheck
from rest_framework.request import Request

from accounts.models import Student
from accounts.passes import Claimant, read_pass
from accounts.sessions import current_student
from festival.errors import CsrfFailed, LoginRequired


def plain(request: Request | HttpRequest) -> HttpRequest:
    """Return Django's request behind the REST framework's."""
    return request._request if isinstance(request, Request) else request


def require_csrf(request: Request | HttpRequest) -> None:
    """Refuse a writing call that did not come from one of our pages: Django's own rule, for a view of our own order."""
    check = CSRFCheck(lambda _request: None)  # type: ignore[arg-type]  # the next layer is never called
    check.process_request(plain(request))
    if check.process_view(plain(request), None, (), {}):  # type: ignore[arg-type]  # the view is only asked for exemption
        raise CsrfFailed


def require_claimant(request: Request | HttpRequest) -> Claimant:
    """Return whom the claim pass names, without I/O."""
    claimant = read_pass(plain(request))
    if claimant is None:
        raise LoginRequired
    return claimant


def require_student(request: Request | HttpRequest) -> Student:
    """Return the student whose session this is."""
    student = current_student(plain(request))
    if student is None:
        raise LoginRequired
    return student
