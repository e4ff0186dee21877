"""The addresses of the system as the demo has them."""

from django.urls import include, path

from festival.urls import handler400, handler403, handler404, handler500
from festival.urls import urlpatterns as always

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

urlpatterns = [path("demo/", include("accounts.demo.urls")), *always]
