"""Every address of the system."""

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.templatetags.static import static
from django.urls import URLPattern, URLResolver, include, path
from django.views.decorators.http import require_safe

from festival import health


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """Keep search engines at the public pages."""
    private = "".join(
        f"Disallow: {place}\n"
        for place in ("/admin/", "/staff/", "/api/", "/tickets/", "/gate/", "/council/", "/accounts/")
    )
    return HttpResponse(f"User-agent: *\n{private}", content_type="text/plain")


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """Lead browsers that ask for the old place of the sign to where it is."""
    return HttpResponseRedirect(static("img/favicon.svg"))


urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.alive),
    path("readyz", health.ready),
    path("robots.txt", robots),
    path("favicon.ico", favicon),
    path("i18n/", include("django.conf.urls.i18n")),
    path("accounts/", include("accounts.urls")),
    path("staff/", include("accounts.staff_urls")),
    path("admin/", admin.site.urls),
    path("api/", include("ticketing.api.urls")),
    path("", include("ticketing.urls")),
]
if settings.DEMO:
    urlpatterns.insert(0, path("demo/", include("accounts.demo.urls")))

handler400 = "festival.errors.bad_request"
handler403 = "festival.errors.forbidden"
handler429 = "accounts.staff.too_many"
handler404 = "festival.errors.not_found"
handler500 = "festival.errors.server_error"
