"""Rows of the ledger in the admin: everybody of the council looks, nobody edits."""

from typing import Any

from django.contrib import admin
from django.contrib.auth import get_permission_codename
from django.db.models import Model
from django.http import HttpRequest


class Kept(admin.ModelAdmin[Any]):
    """Rows that the system writes: to look at, not to edit."""

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Ask for the right to look itself: the gate may undo a scan, which is no right to read the list of them."""
        name = get_permission_codename("view", self.opts)
        return request.user.has_perm(f"{self.opts.app_label}.{name}")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
