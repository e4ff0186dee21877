"""The admin behind the second factor."""

from collections.abc import Callable
from functools import update_wrapper
from typing import Any, TypeVar, cast

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from accounts import cards
from accounts.permissions import has_second_factor, missing_step

type_of_view = TypeVar("type_of_view", bound=Callable[..., Any])


NOT_SHOWN = {
    "mfa.authenticator",
    "account.emailaddress",
    "account.emailconfirmation",
    "socialaccount.socialapp",
    "socialaccount.socialaccount",
    "socialaccount.socialtoken",
}

# What a council looks for first stands first, in every language.
ORDER = (
    *("ticketing", "event", "ticket", "waitingentry", "claim", "bar", "scan", "streamposition"),
    *("gatedevice", "limitgroup", "festival"),
    *(
        "accounts",
        "student",
        "cardreview",
        "studentsession",
        "verificationattempt",
        "boothcheck",
        "boothlook",
        "outgoingmail",
        "consent",
        "user",
    ),
)


def rank(name: str) -> int:
    """Return the place of an app or a model on the desk; what it does not know comes last."""
    return ORDER.index(name.lower()) if name.lower() in ORDER else len(ORDER)


class StaffSite(AdminSite):
    """Lets active staff in who passed their second factor in this session; everybody else is led there or refused."""

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Register models for the admin; rows that hold secrets of logins are not for anybody's eyes."""
        models: list[Any] = (
            [model_or_iterable] if isinstance(model_or_iterable, type) else list(model_or_iterable)
        )
        shown = [model for model in models if model._meta.label_lower not in NOT_SHOWN]
        super().register(shown, admin_class, **options)

    def get_urls(self) -> list[Any]:
        """Return the admin's addresses without the one that leads to a row's own page: no row has any here."""
        return [entry for entry in super().get_urls() if getattr(entry, "name", "") != "view_on_site"]

    def has_permission(self, request: HttpRequest) -> bool:
        return super().has_permission(request) and has_second_factor(request)

    def admin_view(self, view: type_of_view, cacheable: bool = False) -> type_of_view:
        guarded = super().admin_view(view, cacheable)

        def after_second_factor(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            return missing_step(request) or guarded(request, *args, **kwargs)

        return cast(type_of_view, update_wrapper(after_second_factor, guarded))

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Return what stands on the desk, in our order."""
        found = sorted(super().get_app_list(request, app_label), key=lambda app: rank(app["app_label"]))
        for app in found:
            app["models"].sort(key=lambda model: rank(model["object_name"]))
        return found

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """Show the desk, and to those who may decide how many photos of student cards wait."""
        count = cards.waiting().count() if request.user.has_perm("accounts.review_card") else 0
        return super().index(request, {**(extra_context or {}), "cards_waiting": count})

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Lead to the login of staff; the admin's own knows no second factor."""
        return missing_step(request) or HttpResponseRedirect(reverse("admin:index"))
