"""The council's page of outgoing mail: every mail with its end, the figures above, and a test mail."""

from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from accounts.mail.figures import figures, meaning
from accounts.mail.outbox import queue_test
from accounts.models import MailKind, OutgoingMail, Student, User
from accounts.read_only import ReadOnly

NEWEST_TESTS = 3
PERMISSION = "accounts.add_outgoingmail"


class TestMailForm(forms.Form):
    """Where a test mail shall go."""

    __test__ = False
    address = forms.EmailField(
        label=_("Address"), widget=forms.EmailInput({"autocomplete": "email", "class": "vTextField"})
    )


class OutgoingMailAdmin(ReadOnly):
    """Every mail with its end; the figures stand above, and the form of a test mail."""

    list_display = ("queued_at", "kind", "student", "state", "answer", "handed_at", "ended_at", "not_before")
    list_filter = ("state", "kind")
    list_select_related = ("attempt__student", "session__student", "user")
    search_fields = (
        *("attempt__student__student_number", "attempt__student__name"),
        *("session__student__student_number", "session__student__name"),
    )
    search_help_text = _("Student number or name")
    fields = (
        *("kind", "student", "user", "state", "answer", "tries"),
        *("queued_at", "not_before", "handed_at", "ended_at"),
    )

    def get_urls(self) -> list[URLPattern]:
        test = self.admin_site.admin_view(require_POST(send_test))
        return [path("test/", test, name="accounts_outgoingmail_test"), *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the list under its figures, which are counted for nobody else."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {
            "figures": figures(),
            "tests": newest_tests(),
            "test_form": TestMailForm() if request.user.has_perm(PERMISSION) else None,
            "reads_bounces": bool(settings.BOUNCES_URL),
            "title": gettext("Outgoing mail"),
        }
        return super().changelist_view(request, {**(extra_context or {}), **context})

    @admin.display(description=pgettext_lazy("person", "student or staff"))
    def student(self, mail: OutgoingMail) -> Student | User | str:
        cause = mail.attempt or mail.session
        return (cause.student if cause else mail.user) or "–"

    @admin.display(description=_("answer of the server"))
    def answer(self, mail: OutgoingMail) -> str:
        """Return the server's code and status, and what they mean."""
        said = " ".join(filter(None, (str(mail.code or ""), mail.status)))
        return " · ".join(filter(None, (said, str(meaning(mail.status, mail.code))))) or "–"


def newest_tests() -> QuerySet[OutgoingMail]:
    """Return the last test mails, so that whoever sent one sees how it went."""
    tests = OutgoingMail.objects.filter(kind=MailKind.TEST).select_related("user")
    return tests.order_by("-queued_at", "pk")[:NEWEST_TESTS]


def send_test(request: HttpRequest) -> HttpResponse:
    """Queue a test mail; how it goes is seen on the page."""
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    form = TestMailForm(request.POST)
    if form.is_valid():
        with transaction.atomic():
            queue_test(cast(User, request.user), form.cleaned_data["address"])
        messages.success(request, gettext("The test mail is queued. Reload this page to see how it goes."))
    else:
        messages.error(request, " ".join(map(str, form.errors["address"])))
    return HttpResponseRedirect(reverse("admin:accounts_outgoingmail_changelist"))
