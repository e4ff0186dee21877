"""Addresses of the demo's pages; festival/urls.py takes them in only in the demo."""

from django.urls import path

from accounts.demo import look_views, rush_views, views

app_name = "demo"
urlpatterns = [
    path("", views.index, name="index"),
    path("look/", look_views.page, name="look"),
    path("sales/", views.new_sale, name="new_sale"),
    path("rush/", rush_views.start, name="rush"),
    path("rush/<uuid:event_id>/", rush_views.page, name="rush_page"),
    path("rush/<uuid:event_id>/report/", rush_views.told, name="rush_told"),
    path("log-in/student/", views.enter_student, name="enter_student"),
    path("log-in/staff/", views.enter_staff, name="enter_staff"),
    path("side-by-side/", views.together, name="together"),
    path("enter/<slug:who>/", views.enter, name="enter"),
]
