"""Log-in-as: whom one can be, and what lets one in. Only in the demo."""

import secrets
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth import login
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from limits import RateLimitItemPerHour, RateLimitItemPerMinute

from accounts import consent, sessions
from accounts.budgets import limiter
from accounts.demo import roster
from accounts.demo.staff import Post
from accounts.models import Student, User, name_key
from accounts.networks import network_of
from accounts.passes import PASS_COOKIE
from accounts.permissions import DEMO_PROOF, count_as_proven

MOST_FOUND = 20
TRIES_OF_A_NETWORK = RateLimitItemPerMinute(5, 5, namespace="demo-passcode")
TRIES_OF_ALL = RateLimitItemPerHour(100, namespace="demo-passcode")

type_of_view = Callable[..., HttpResponse]


def demo_only(view: type_of_view) -> type_of_view:
    """Answer 404 wherever this is not the demo, even if the address were wired in by mistake."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not settings.DEMO:
            raise Http404
        response = view(request, *args, **kwargs)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    return guarded


def find_students(wanted: str) -> list[Student]:
    """Return invented students by the start of their number or a part of their name."""
    fits = Q(student_number__startswith=wanted) | Q(name_key__contains=name_key(wanted))
    return list(Student.objects.filter(fits, demo=True).order_by("student_number")[:MOST_FOUND])


def well_known_students() -> list[Student]:
    """Return invented students whose names are easy to say, then some who must be refused or are a special case."""
    numbers = (*roster.WELL_KNOWN_NUMBERS, *roster.OTHERS)
    found = Student.objects.filter(demo=True, student_number__in=numbers)
    return sorted(found, key=lambda student: numbers.index(student.student_number))


def enter_as_student(request: HttpRequest, response: HttpResponse, student: Student) -> None:
    """Log this browser in as an invented student, whose consent to the notice is taken as given."""
    consent.give(student)
    sessions.log_in(request, response, student)


def enter_as_staff(request: HttpRequest, response: HttpResponse, post: Post) -> None:
    """Log this browser in as staff with the second factor passed; a student's login of it ends."""
    user = User.objects.get(username=post.username, is_staff=True, is_active=True)
    sessions.end_this(request)
    login(request, user, backend=sessions.BACKEND)
    count_as_proven(request, user, type=DEMO_PROOF)
    response.delete_cookie(PASS_COOKIE, path="/", samesite="Lax")


def passcode_fits(request: HttpRequest, typed: str) -> bool | None:
    """Tell whether staff may enter by what was typed; None when there were too many tries.

    A try is counted before it is judged, so that parallel ones are counted too; compared in constant time.
    """
    if not settings.DEMO_PASSCODE:
        return True
    within = limiter().hit(TRIES_OF_A_NETWORK, network_of(request)) and limiter().hit(TRIES_OF_ALL, "all")
    if not within:
        return None
    return secrets.compare_digest(typed.strip().encode(), settings.DEMO_PASSCODE.encode())
