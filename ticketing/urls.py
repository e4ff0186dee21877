"""Addresses of the pages of students, of the gate and of the council."""

from django.urls import path

from ticketing import gate_device_views, gate_views, look_up_views, poster_views, views, waiting_views
from ticketing.live import views as live

urlpatterns = [
    path("", views.index, name="index"),
    path("posters/<str:digest>/<str:size>", poster_views.poster, name="poster"),
    path("events/<uuid:event_id>/", views.event, name="event"),
    path("events/<uuid:event_id>/waiting/leave/", waiting_views.leave, name="waiting-leave"),
    path("events/<uuid:event_id>/waiting/accept/", waiting_views.accept, name="waiting-accept"),
    path("tickets/", views.my_tickets, name="tickets"),
    path("tickets/<str:code>/", views.ticket, name="ticket"),
    path("tickets/<str:code>/qr.svg", views.ticket_qr, name="ticket-qr"),
    path("tickets/<str:code>/cancel/", views.cancel, name="ticket-cancel"),
    path("gate/", gate_views.gate, name="gate"),
    path("council/", live.overview, name="council"),
    path("council/figures.json", live.overview_figures, name="council-figures"),
    path("council/students/", look_up_views.look_up, name="council-students"),
    path("council/events/<uuid:event_id>/", live.event, name="council-event"),
    path("council/events/<uuid:event_id>/figures.json", live.event_figures, name="council-event-figures"),
    path("council/events/<uuid:event_id>/plots/", live.event_plots, name="council-event-plots"),
    path("gate/device/", gate_device_views.become_device, name="gate-device"),
]
