"""The demo's pages: everything at a glance, log-in-as, new sales, and three logins side by side."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from csp.decorators import csp_update
from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from accounts.demo import entry, hosts, mailbox, rush, sales
from accounts.demo.staff import POSTS
from accounts.models import Student, User
from accounts.permissions import has_second_factor
from accounts.sessions import current_student
from ticketing.models import Event

SALES_SHOWN, MAILS_SHOWN = 5, 20
LONGEST_S = 24 * 3600
WRONG_STATUS, TOO_MANY_STATUS = 403, 429
STUDENT = "student"


class NewSale(forms.Form):
    """When a new sale opens and how many places it has."""

    seconds = forms.IntegerField(min_value=0, max_value=LONGEST_S)
    places = forms.IntegerField(min_value=sales.LEAST_PLACES, max_value=sales.MOST_PLACES)


def newest_sales() -> list[Event]:
    """Return the sales that open last, the latest first."""
    return list(Event.objects.order_by("-opens_at", "-id")[:SALES_SHOWN])


def page_of_newest() -> str:
    """Return the page of the sale that opens last; the list of events when there is none."""
    found = newest_sales()
    return reverse("event", args=[found[0].pk]) if found else "/"


def overview(request: HttpRequest, *, status: int = 200, **context: Any) -> HttpResponse:
    """Render everything at a glance."""
    wanted = request.GET.get("q", "").strip()[:40]
    facts: Mapping[str, Any] = {
        "wanted": wanted,
        "found": entry.find_students(wanted) if wanted else entry.well_known_students(),
        "most_found": entry.MOST_FOUND,
        "posts": POSTS.values(),
        "ask_passcode": bool(settings.DEMO_PASSCODE),
        "sales": newest_sales(),
        "mails": mailbox.newest(MAILS_SHOWN),
        "places": sales.PLACES,
        "crowd": rush.STUDENTS,
        "rush": rush.running() or rush.newest(),
    }
    return render(request, "demo/index.html", {**facts, **context}, status=status)


@require_safe
@entry.demo_only
def index(request: HttpRequest) -> HttpResponse:
    """Show sales, whom one can be, and the mailed codes."""
    return overview(request)


def wanted_page(request: HttpRequest, otherwise: str) -> str:
    """Return the page that was asked for, if it is one of ours."""
    wanted = request.POST.get("next") or request.GET.get("next")
    ours = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None, require_https=request.is_secure())
    return wanted if wanted and ours else otherwise


@require_POST
@entry.demo_only
def enter_student(request: HttpRequest) -> HttpResponse:
    """Log in as an invented student; nobody else's roster row can be entered this way."""
    student = get_object_or_404(Student, student_number=request.POST.get("number", ""), demo=True)
    response = HttpResponseRedirect(wanted_page(request, page_of_newest()))
    entry.enter_as_student(request, response, student)
    return response


@require_POST
@entry.demo_only
@sensitive_post_parameters("passcode")
def enter_staff(request: HttpRequest) -> HttpResponse:
    """Log in as council, viewer or gate; where a passcode is set it must be typed."""
    post = POSTS.get(request.POST.get("username", ""))
    if post is None:
        raise Http404
    fits = entry.passcode_fits(request, request.POST.get("passcode", ""))
    if fits:
        response = HttpResponseRedirect(wanted_page(request, post.home))
        entry.enter_as_staff(request, response, post)
        return response
    words = _("Too many tries. Wait five minutes.") if fits is None else _("This is not the passcode.")
    messages.error(request, words)
    return overview(request, status=TOO_MANY_STATUS if fits is None else WRONG_STATUS)


@require_POST
@entry.demo_only
def new_sale(request: HttpRequest) -> HttpResponse:
    """Make one more sale and come back; the page names it."""
    form = NewSale(request.POST)
    if not form.is_valid():
        most = {"seconds": LONGEST_S, "least": sales.LEAST_PLACES, "most": sales.MOST_PLACES}
        messages.error(request, _("0 to %(seconds)d seconds, %(least)d to %(most)d places.") % most)
        return overview(request, status=422)
    opens_in = timedelta(seconds=form.cleaned_data["seconds"])
    event = sales.new_sale(opens_in=opens_in, places=form.cleaned_data["places"])
    messages.success(request, _("New sale: %(name)s") % {"name": event.display_name})
    return HttpResponseRedirect(reverse("demo:index"))


@csp_update({"frame-src": hosts.FRAME_SOURCES})
@require_safe
@entry.demo_only
def together(request: HttpRequest) -> HttpResponse:
    """Show student, gate and council side by side; by HTTPS, whose certificate has no such names, only how to."""
    if settings.HTTPS:
        return render(request, "demo/together.html", {"frames": []})
    if not hosts.is_together(request):
        return HttpResponseRedirect(hosts.together(request, request.path))
    homes = {STUDENT: page_of_newest(), "gate": POSTS["gate"].home, "council": POSTS["council"].home}
    frames = [
        (who, hosts.frame(request, who, reverse("demo:enter", args=[who]), homes[who]))
        for who in hosts.FRAMES
    ]
    return render(request, "demo/together.html", {"frames": frames})


@require_safe
@entry.demo_only
def enter(request: HttpRequest, who: str) -> HttpResponse:
    """Lead to the wanted page whoever is logged in as `who` already; offer the login to everybody else."""
    if who != STUDENT and who not in POSTS:
        raise Http404
    wanted = wanted_page(request, "/" if who == STUDENT else POSTS[who].home)
    if current_student(request) is not None if who == STUDENT else is_post(request, who):
        return HttpResponseRedirect(wanted)
    facts = {
        "post": POSTS.get(who),
        "found": entry.well_known_students() if who == STUDENT else [],
        "next": wanted,
        "ask_passcode": bool(settings.DEMO_PASSCODE),
    }
    return render(request, "demo/enter.html", facts)


def is_post(request: HttpRequest, who: str) -> bool:
    """Tell whether this browser is logged in as that staff, second factor and all."""
    user = request.user
    return isinstance(user, User) and user.username == who and has_second_factor(request)
