"""The history button of the council's pages."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.http import HttpRequest, HttpResponse

from ticketing.history import changes_of


class WithHistory(admin.ModelAdmin[Any]):
    """The history button shows what the database's triggers recorded, whatever way the change came."""

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        row = self.get_object(request, unquote(object_id))
        changes = changes_of(row) if row is not None else []
        context = {"changes": changes, **(extra_context or {})}
        return super().history_view(request, object_id, context)
