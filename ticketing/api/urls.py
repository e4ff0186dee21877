"""Addresses of the API. Identifiers are plain text here, so that a wrong one gets its code in the contract's order."""

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from festival.errors import problem
from ticketing.api import views
from ticketing.api.gate import gate_urlpatterns
from ticketing.api.gate_desk import gate_desk_urlpatterns


def nothing_here(request: HttpRequest) -> HttpResponse:
    """Answer an unknown address under /api/, with or without its last slash."""
    return problem("not_found")


urlpatterns: list[URLPattern | URLResolver] = [
    path("clock/", views.ClockView.as_view()),
    path("events/", views.EventsView.as_view()),
    path("events/<str:event_id>/", views.EventView.as_view()),
    path("events/<str:event_id>/claims/", views.ClaimsView.as_view()),
    path("events/<str:event_id>/claims/mine/", views.MyClaimView.as_view()),
    path("events/<str:event_id>/waiting/leave/", views.LeaveView.as_view()),
    path("events/<str:event_id>/waiting/accept/", views.AcceptView.as_view()),
    path("receipts/", views.ReceiptsView.as_view()),
    path("tickets/", views.TicketsView.as_view()),
    path("tickets/<str:code>/qr/", views.QrView.as_view()),
    path("tickets/<str:code>/cancel/", views.CancelView.as_view()),
    *gate_urlpatterns,
    *gate_desk_urlpatterns,
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerSplitView.as_view(url_name="schema")),
    re_path(r"", nothing_here),
]
