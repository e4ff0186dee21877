"""Addresses of the pages of students and of the gate."""

from django.urls import path

from ticketing import gate_views, views, waiting_views

urlpatterns = [
    path("", views.index, name="index"),
    path("events/<uuid:event_id>/", views.event, name="event"),
    path("events/<uuid:event_id>/waiting/leave/", waiting_views.leave, name="waiting-leave"),
    path("events/<uuid:event_id>/waiting/accept/", waiting_views.accept, name="waiting-accept"),
    path("tickets/", views.my_tickets, name="tickets"),
    path("tickets/<str:code>/", views.ticket, name="ticket"),
    path("tickets/<str:code>/qr.svg", views.ticket_qr, name="ticket-qr"),
    path("tickets/<str:code>/cancel/", views.cancel, name="ticket-cancel"),
    path("gate/", gate_views.gate, name="gate"),
]
