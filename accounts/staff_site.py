"""The admin behind the second factor."""

from collections.abc import Callable
from functools import update_wrapper
from typing import Any, TypeVar, cast

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

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

# The desk in the order of what a council does, in every language. What stands nowhere here comes last.
SECTIONS: tuple[tuple[str, Promise, tuple[str, ...]], ...] = (
    ("sale", pgettext_lazy("desk", "Sale"), ("event", "limitgroup", "studentlist", "festival")),
    ("tickets", pgettext_lazy("desk", "Tickets"), ("ticket", "waitingentry", "claim", "bar")),
    (
        "students",
        pgettext_lazy("desk", "Students"),
        ("student", "cardreview", "verificationattempt", "studentsession", "consent"),
    ),
    ("gate", pgettext_lazy("desk", "Gate and booth"), ("scan", "gatedevice", "gatelookup", "boothcheck")),
    (
        "records",
        pgettext_lazy("desk", "Records"),
        (
            "streamposition",
            "recovery",
            "refusedreceipt",
            "repair",
            "outgoingmail",
            "studentlook",
            "gatelookup",
            "listexport",
            "boothlook",
        ),
    ),
)
REST = ("system", pgettext_lazy("desk", "Logins and system"))
ORDER = tuple(model for _key, _name, models in SECTIONS for model in models)


def rank(model: dict[str, Any]) -> int:
    """Return the place of a model on the desk."""
    name = model["object_name"].lower()
    return ORDER.index(name) if name in ORDER else len(ORDER)


def section_of(model: dict[str, Any]) -> str:
    """Return the key of the section in which a model stands."""
    name = model["object_name"].lower()
    return next((key for key, _name, models in SECTIONS if name in models), REST[0])


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
        """Return what stands on the desk, by what a council does; the page of one app has its models alone."""
        found = super().get_app_list(request, app_label)
        models = sorted((model for app in found for model in app["models"]), key=rank)
        if app_label:
            return [{**app, "models": models} for app in found]
        sections = [(key, name) for key, name, _models in SECTIONS]
        return [
            {
                "name": name,
                "app_label": key,
                "app_url": f"{reverse('admin:index')}#{key}",
                "has_module_perms": True,
                "models": its,
            }
            for key, name in (*sections, REST)
            if (its := [model for model in models if section_of(model) == key])
        ]

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """Show the desk, and to those who may decide how many photos of student cards wait."""
        count = cards.waiting().count() if request.user.has_perm("accounts.review_card") else 0
        return super().index(request, {**(extra_context or {}), "cards_waiting": count})

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Lead to the login of staff; the admin's own knows no second factor."""
        return missing_step(request) or HttpResponseRedirect(reverse("admin:index"))
