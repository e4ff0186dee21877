"""The council's page of records of the sales: every stream with its lag, and letting a stopped one try again."""

from typing import Any, cast
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext

from accounts.models import User
from accounts.read_only import ReadOnly
from ticketing import durability_words
from ticketing.models import StreamPosition
from ticketing.streams import names_of, releases, stop_of, streams, try_again

LIST = "admin:ticketing_streamposition_changelist"
PERMISSION = "ticketing.change_streamposition"


@admin.register(StreamPosition)
class StreamPositionAdmin(ReadOnly):
    """Where the rows of each limit group are; whoever may, lets a stopped stream try again."""

    fields = ("group", "position", "applied_at", "stopped_at", "stopped_by")

    def get_urls(self) -> list[URLPattern]:
        again = self.admin_site.admin_view(self.again)
        return [path("<uuid:group>/again/", again, name="ticketing_stream_again"), *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show every stream with how far its rows are behind."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {
            "streams": streams(),
            "releases": releases(),
            "durability": durability_words.told(),
            "may_release": request.user.has_perm(PERMISSION),
            "title": gettext("Records of the sales"),
        }
        return self.page(request, "rows_behind.html", context)

    def again(self, request: HttpRequest, group: UUID) -> HttpResponse:
        """Ask before a stopped stream tries its entry again, then let it."""
        if not request.user.has_perm(PERMISSION):
            raise PermissionDenied
        position = StreamPosition.objects.filter(pk=group).first()
        if position is None:
            raise Http404
        stop = stop_of(position)
        if request.method == "POST" and try_again(group, user=cast(User, request.user)):
            messages.success(
                request,
                gettext("This decision is being recorded again. Look here in a moment whether it goes on."),
            )
        elif stop is None:
            messages.info(request, gettext("The recording of this sale has not stopped."))
        elif request.method != "POST":
            context = {
                "stop": stop,
                "name": names_of([group]).get(group, str(group)),
                "title": gettext("Try again?"),
            }
            return self.page(request, "again.html", context)
        return HttpResponseRedirect(reverse(LIST), status=303)

    def page(self, request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
        """Render a page of ours inside the admin."""
        whole = {**self.admin_site.each_context(request), "opts": self.opts, **context}
        return render(request, f"admin/ticketing/streamposition/{name}", whole)
