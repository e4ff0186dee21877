"""Where a request comes from: its address, and the network that counts for budgets."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest

IPV6_HOUSEHOLD = 64


def address_of(request: HttpRequest) -> str:
    """Return the client's address; behind a trusted proxy the one that the proxy saw."""
    seen = (
        request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
        if settings.TRUSTED_PROXY
        else ""
    )
    text = seen or request.META.get("REMOTE_ADDR", "")
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:  # a Unix socket has no address
        return "0.0.0.0"  # noqa: S104 - stands for no address, nothing binds to it


def network_of(request: HttpRequest) -> str:
    """Return the network of the client: one IPv4 address, or the /64 that a household gets of IPv6."""
    address = ipaddress.ip_address(address_of(request))
    if address.version == 4:
        return str(address)
    return str(ipaddress.ip_network(f"{address}/{IPV6_HOUSEHOLD}", strict=False))
