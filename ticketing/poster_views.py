"""Serves the pictures of posters."""

import re

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from ticketing import posters

ADDRESS = re.compile(r"[0-9a-f]{32}/(\d{3,4}\.webp|share\.jpg)")


@require_safe
def poster(request: HttpRequest, digest: str, size: str) -> HttpResponse:
    """Return a picture; what stands at its address never changes, so a browser asks for it once."""
    content = posters.picture(digest, size) if ADDRESS.fullmatch(f"{digest}/{size}") else None
    if content is None:
        raise Http404
    response = HttpResponse(content, content_type="image/webp" if size.endswith(".webp") else "image/jpeg")
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    return response
