"""The provider's addresses: log in, and OpenID Connect."""

from django.contrib.auth.views import LoginView
from django.urls import include, path

urlpatterns = [
    path("login/", LoginView.as_view(template_name="university_login.html")),
    path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")),
]
