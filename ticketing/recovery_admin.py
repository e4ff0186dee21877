"""The council's page of sales that are being restored, or were: what was lost, until when, and letting one go on."""

from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.read_only import ReadOnly
from ticketing.allocation import recoveries
from ticketing.models import Recovery
from ticketing.streams import names_of

LIST = "admin:ticketing_recovery_changelist"
PERMISSION = "ticketing.change_recovery"


@admin.register(Recovery)
class RecoveryAdmin(ReadOnly):
    """The recoveries of sales; whoever may, ends one before its time."""

    fields = ("sale", "what", "began_at", "until", "restored", "ended_at", "ended_by")
    readonly_fields = fields

    def get_urls(self) -> list[URLPattern]:
        end = self.admin_site.admin_view(self.end)
        return [path("<int:recovery>/end/", end, name="ticketing_recovery_end"), *super().get_urls()]

    @admin.display(description=_("sale"))
    def sale(self, recovery: Recovery) -> str:
        return names_of([recovery.group]).get(recovery.group, str(recovery.group))

    @admin.display(description=_("what was lost"))
    def what(self, recovery: Recovery) -> str:
        return meaning_of(recovery.lost)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show every recovery, those first that have not ended."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        found = list(Recovery.objects.select_related("ended_by").order_by("-ended_at", "-began_at")[:100])
        names = names_of({recovery.group for recovery in found})
        context = {
            "recoveries": [
                (recovery, names.get(recovery.group, str(recovery.group)), meaning_of(recovery.lost))
                for recovery in found
            ],
            "may_end": request.user.has_perm(PERMISSION),
            "title": gettext("Recoveries of sales"),
        }
        return self.page(request, "list.html", context)

    def end(self, request: HttpRequest, recovery: int) -> HttpResponse:
        """Ask before a sale goes on while receipts may still come, then let it."""
        if not request.user.has_perm(PERMISSION):
            raise PermissionDenied
        found = Recovery.objects.filter(pk=recovery).first()
        if found is None:
            raise Http404
        if request.method == "POST" and recoveries.end(found, by=cast(User, request.user)):
            messages.success(request, gettext("The sale goes on in a moment."))
        elif found.ended_at is not None:
            messages.info(request, gettext("This recovery has ended."))
        elif request.method != "POST":
            context = {
                "recovery": found,
                "name": self.sale(found),
                "what": self.what(found),
                "title": gettext("Let the sale go on now?"),
            }
            return self.page(request, "end.html", context)
        return HttpResponseRedirect(reverse(LIST), status=303)

    def page(self, request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
        """Render a page of ours inside the admin."""
        whole = {**self.admin_site.each_context(request), "opts": self.opts, **context}
        return render(request, f"admin/ticketing/recovery/{name}", whole)


def meaning_of(lost: str) -> str:
    """Return in plain words what a sale has lost."""
    words = lost.split()
    if "counter" in words:
        return gettext("PostgreSQL has fallen back to an older state.")
    if "counters" in words:
        return gettext("Redis has fallen back to an older state.")
    return gettext("Redis has lost: %(names)s") % {"names": ", ".join(words)}
