"""What the council's acts on a live sale have in common in the admin: a reason, a student by number, plain refusals."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ActionForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Student
from festival.errors import FestivalError

MOST_REASON = 300
Row = TypeVar("Row")


class ReasonForm(ActionForm):
    """An action that ends or gives back somebody's right asks why."""

    reason = forms.CharField(label=_("Reason"), max_length=MOST_REASON, required=False)


class StudentNumber(forms.CharField):
    """A student of the roster by number."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=20, **options)

    def clean(self, value: Any) -> Any:
        """Return the student; nothing for nothing, where nothing is required."""
        number = super().clean(value)
        if not number:
            return None
        student = Student.objects.filter(student_number=number).first()
        if student is None:
            raise ValidationError(_("There is no student of this number in the roster."))
        return student


def reason_of(request: HttpRequest) -> str:
    """Return the reason beside an action; without one say so, and return nothing."""
    reason = request.POST.get("reason", "").strip()[:MOST_REASON]
    if not reason:
        messages.error(request, gettext("Write a reason beside the action first."))
    return reason


def do_each(request: HttpRequest, rows: Iterable[Row], act: Callable[[Row], bool]) -> int:
    """Do something to each row at its authority and return how many it changed; say so when a sale cannot be asked."""
    changed = 0
    for row in rows:
        try:
            changed += act(row)
        except FestivalError:
            messages.error(
                request,
                gettext("The sale cannot be asked now, so the rest was left as it is. Please try again."),
            )
            break
    return changed
