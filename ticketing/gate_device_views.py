"""A phone becomes a device of the gate: by the QR that the admin shows, once."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from limits import RateLimitItemPerMinute

from accounts.budgets import TooManyTries, limiter
from accounts.networks import network_of
from ticketing.devices import InvitationOver, accept, keep_in_browser

# Nobody guesses 256 bits; this only keeps a flood away from the database.
TRIES_OF_A_NETWORK = RateLimitItemPerMinute(30, namespace="gate-device")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def become_device(request: HttpRequest) -> HttpResponse:
    """Show what this phone is about to become; make it that when somebody presses the button.

    Opening the address changes nothing, so that a preview of a link spends no invitation.
    """
    if request.method != "POST":
        return render(request, "ticketing/gate_device.html")
    if not limiter().hit(TRIES_OF_A_NETWORK, network_of(request)):
        raise TooManyTries(retry_after=60)
    try:
        token = accept(request.POST.get("secret", "")[:100])
    except InvitationOver:
        return render(request, "ticketing/gate_device.html", {"over": True}, status=403)
    response = HttpResponseRedirect(reverse("gate"))
    keep_in_browser(response, token)
    return response
