"""The council's pages for photos of student cards: those that wait, the oldest first, and the decision on each."""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts import cards
from accounts.models import CardReason, CardReview, CardState, User

PERMISSION = "accounts.review_card"
LIST = "admin:accounts_cardreview_changelist"
ALL = "all"


class RefusalForm(forms.Form):
    """Why a card is refused."""

    reason = forms.ChoiceField(
        label=_("Why?"), choices=CardReason.choices, widget=forms.RadioSelect, initial=CardReason.UNREADABLE
    )
    note = forms.CharField(
        label=_("A word to the student"),
        max_length=200,
        required=False,
        help_text=_("The sender reads it, whoever that is: write nothing that stands in the roster."),
    )


class StateFilter(admin.SimpleListFilter):
    """Shows what waits unless something else is asked for."""

    title = pgettext_lazy("student card", "state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(ALL, _("All")), *CardState.choices]

    def choices(self, changelist: Any) -> Any:
        """Leave out Django's own "all", which would be ours twice."""
        wanted = self.value() or CardState.WAITING
        for value, title in self.lookup_choices:
            query = changelist.get_query_string({self.parameter_name: value})
            yield {"selected": value == wanted, "query_string": query, "display": title}

    def queryset(self, request: HttpRequest, queryset: QuerySet[CardReview]) -> QuerySet[CardReview]:
        wanted = self.value() or CardState.WAITING
        return queryset if wanted == ALL else queryset.filter(state=wanted)


@admin.register(CardReview)
class CardReviewAdmin(admin.ModelAdmin[CardReview]):
    """Whoever may decide sees the list; nobody adds, edits or deletes by hand."""

    list_display = ("handed_in_at", "student", "state", "decided_by", "decided_at")
    list_filter = (StateFilter,)
    list_select_related = ("attempt__student", "decided_by")
    ordering = ("handed_in_at", "attempt")
    show_full_result_count = False
    actions = None
    change_form_template = "admin/accounts/cardreview/look.html"
    fields = ()

    def get_urls(self) -> list[URLPattern]:
        def page(route: str, view: Callable[..., HttpResponse], name: str) -> URLPattern:
            return path(
                f"<uuid:challenge>/{route}", self.admin_site.admin_view(reviewers_only(view)), name=name
            )

        return [
            page("picture.jpg", require_GET(self.picture), "accounts_card_picture"),
            page("decide/", require_POST(self.decide), "accounts_card_decide"),
            *super().get_urls(),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[CardReview]:
        return super().get_queryset(request).defer("picture").select_related("attempt__student", "decided_by")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(PERMISSION)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm(PERMISSION)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    @admin.display(description=_("student"))
    def student(self, review: CardReview) -> str:
        return str(review.attempt.student or gettext("nobody of the roster"))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        """Show the picture beside what the roster says."""
        review = cast(CardReview, kwargs["obj"] if "obj" in kwargs else args[-1])
        context |= {
            "title": gettext("Photo of a student card"),
            "subtitle": None,
            "review": review,
            "roster_row": review.attempt.student,
            "can_decide": cards.waiting().filter(pk=review.pk).exists(),
            "waiting_count": cards.waiting().count(),
            "refusal": RefusalForm(),
            "refusal_told": CardReason(review.reason).label if review.reason else "",
            "looks": review.looks.select_related("user"),
            "states": CardState,
        }
        return super().render_change_form(request, context, *args, **kwargs)

    def picture(self, request: HttpRequest, challenge: UUID) -> HttpResponse:
        """Give the picture of a card that waits to whoever may decide, and record the look."""
        content = cards.look(challenge, user=cast(User, request.user))
        if content is None:
            raise Http404
        headers = {
            "Cache-Control": "private, no-store",
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Content-Disposition": "inline",
        }
        return HttpResponse(content, content_type="image/jpeg", headers=headers)

    def decide(self, request: HttpRequest, challenge: UUID) -> HttpResponse:
        """Approve or refuse, and go on to the card that waits longest."""
        user = cast(User, request.user)
        if request.POST.get("decision") == "approve":
            done, told = cards.approve(challenge, user=user), gettext("Approved. The picture is deleted.")
        else:
            form = RefusalForm(request.POST)
            if not form.is_valid():
                messages.error(request, gettext("Please choose a reason."))
                return lead_to(challenge)
            values = form.cleaned_data
            done = cards.refuse(
                challenge, user=user, reason=CardReason(values["reason"]), note=values["note"]
            )
            told = gettext("Refused. The picture is deleted.")
        if done:
            messages.success(request, told)
        else:
            messages.error(request, already(challenge))
        return to_the_next()


def reviewers_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Refuse staff who may not decide."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.has_perm(PERMISSION):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return never_cache(guarded)


def already(challenge: UUID) -> str:
    """Say why a card could not be decided."""
    row = CardReview.objects.filter(pk=challenge).select_related("decided_by").defer("picture").first()
    if row is None or row.decided_by is None:
        return gettext("This card could not be decided: it is over, or nobody of the roster fits.")
    words = gettext("%(name)s has decided this card already: %(state)s.")
    return words % {"name": row.decided_by, "state": row.get_state_display()}


def lead_to(challenge: UUID) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("admin:accounts_cardreview_change", args=[challenge]))


def to_the_next() -> HttpResponseRedirect:
    """Lead to the card that waits longest, or to the list when none waits."""
    found = cards.waiting().values_list("pk", flat=True).first()
    return lead_to(found) if found else HttpResponseRedirect(reverse(LIST))
