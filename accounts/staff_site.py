"""The admin behind the second factor."""

from collections.abc import Callable
from functools import update_wrapper
from typing import Any, TypeVar, cast

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.permissions import has_second_factor, missing_step

type_of_view = TypeVar("type_of_view", bound=Callable[..., Any])


class StaffSite(AdminSite):
    """Lets active staff in who passed their second factor in this session; everybody else is led there or refused."""

    site_header = site_title = _("Festival tickets")
    index_title = _("Student council")

    def has_permission(self, request: HttpRequest) -> bool:
        return super().has_permission(request) and has_second_factor(request)

    def admin_view(self, view: type_of_view, cacheable: bool = False) -> type_of_view:
        guarded = super().admin_view(view, cacheable)

        def after_second_factor(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            return missing_step(request) or guarded(request, *args, **kwargs)

        return cast(type_of_view, update_wrapper(after_second_factor, guarded))

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Lead to the login of staff; the admin's own knows no second factor."""
        return missing_step(request) or HttpResponseRedirect(reverse("admin:index"))
