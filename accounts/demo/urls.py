"""Addresses of the demo's pages; festival/urls.py takes them in only in the demo."""

from django.urls import path

from accounts.demo import views

app_name = "demo"
urlpatterns = [
    path("", views.index, name="index"),
    path("sales/", views.new_sale, name="new_sale"),
    path("log-in/student/", views.enter_student, name="enter_student"),
    path("log-in/staff/", views.enter_staff, name="enter_staff"),
    path("side-by-side/", views.together, name="together"),
    path("enter/<slug:who>/", views.enter, name="enter"),
]
