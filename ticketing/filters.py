"""Filters of the council's lists, in its words."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class YesOrNo(admin.SimpleListFilter):
    """A filter with two sides."""

    yes: str | Promise
    no: str | Promise
    condition: Q

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", self.yes), ("no", self.no)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows of the chosen side; without one all of them."""
        if self.value() == "yes":
            return queryset.filter(self.condition)
        return queryset.exclude(self.condition) if self.value() == "no" else queryset


class GivenByHand(YesOrNo):
    title = _("how it was won")
    parameter_name = "given"
    yes, no = _("given by hand"), _("by a press")
    condition = ~Q(grant_reason="")


class InForce(YesOrNo):
    title = pgettext_lazy("of a bar", "state")
    parameter_name = "in_force"
    yes, no = pgettext_lazy("bar", "in force"), pgettext_lazy("bar", "lifted")
    condition = Q(lifted_at=None)


class NoneOfOurs(YesOrNo):
    title = _("why it was refused")
    parameter_name = "forged"
    yes, no = _("none of ours, or changed"), _("another student's")
    condition = Q(code="forged_receipt")


class InUse(YesOrNo):
    title = pgettext_lazy("of a device", "state")
    parameter_name = "in_use"
    yes, no = pgettext_lazy("device", "in use"), pgettext_lazy("device", "shut out")
    condition = Q(revoked_at=None)
