"""The waiting list on the pages of students: leave it, accept what is offered."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import Student
from accounts.permissions import student_required
from festival.errors import KINDS, FestivalError, page_of, problem_document
from ticketing import claims, events, keeping, waiting
from ticketing.api import answers
from ticketing.errors import NoClaim, NotWaiting, UnknownEvent
from ticketing.views import event_page, for_page


@student_required
@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: HttpRequest, student: Student, event_id: UUID) -> HttpResponse:
    """Ask before a student leaves the waiting list, then take them off it."""
    try:
        document = events.public_event(event_id)
        if request.method == "POST":
            waiting.leave(event_id=event_id, student=student)
            messages.success(request, _("You have left the waiting list. Your place on it goes to the next."))
            left = to_result(event_id)
            keeping.drop(request, left, event_id)
            return left
        outcome = claims.last_answer(event_id=event_id, student_id=student.pk)
    except UnknownEvent as error:
        return page_of(request, error)
    except (NoClaim, NotWaiting):
        return to_result(event_id)
    except FestivalError as error:
        return event_page(request, document, problem_document(error.code), KINDS[error.code].status)
    if outcome is None or outcome.waits is None:
        return to_result(event_id)
    context = {"event": for_page(document), "waits": outcome.waits}
    return render(request, "ticketing/leave.html", context)


@student_required
@require_POST
def accept(request: HttpRequest, student: Student, event_id: UUID) -> HttpResponse:
    """Make a ticket of the student's offer, or say why not."""
    try:
        document = events.public_event(event_id)
        outcome = waiting.accept(event_id=event_id, student=student)
    except UnknownEvent as error:
        return page_of(request, error)
    except FestivalError as error:
        return event_page(request, document, problem_document(error.code), KINDS[error.code].status)
    if outcome.ticket is not None:
        return to_result(event_id)
    answer = answers.document(outcome)
    return event_page(request, document, answer, answer["status"])


def to_result(event_id: UUID) -> HttpResponseRedirect:
    """Lead to the event, where the student's present answer stands."""
    return HttpResponseRedirect(f"{reverse('event', args=[event_id])}#result", status=303)
