"""The page of the look: all tokens and components, in any colour that a festival may have."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.demo import council_examples, entry, examples, palette
from ticketing import context
from ticketing.models import Accent


@require_safe
@entry.demo_only
def page(request: HttpRequest) -> HttpResponse:
    """Show them in the wanted colour; without one, or with one that there is not, in the festival's own."""
    site, wanted, now = context.look(), request.GET.get("accent", ""), timezone.now()
    accent = Accent(wanted) if wanted in Accent.values else site["accent"]
    facts = {
        "site": site | {"accent": accent},
        "accents": palette.accents(),
        "families": list(palette.swatches(accent)),
        "sizes": palette.sizes(accent),
    }
    return render(request, "demo/look.html", facts | examples.fill(now) | council_examples.fill(now))
