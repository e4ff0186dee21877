"""What a load balancer and a person on the day of the sale ask: is it alive, can it serve."""

from collections.abc import Callable

import redis
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from festival.redis import sale


@require_safe
def alive(request: HttpRequest) -> JsonResponse:
    """Answer without asking any server."""
    return JsonResponse({"status": "ok"})


@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """Answer 200 with `ok` or `degraded` and each part, 503 when no claim can be served."""
    parts = {name: state(ask) for name, ask in PARTS.items()}
    serving = parts["postgresql"] == "ok"  # the authority of mode `database`
    overall = "ok" if set(parts.values()) == {"ok"} else "degraded"
    response = JsonResponse({"status": overall if serving else "unavailable", "parts": parts})
    response.status_code = 200 if serving else 503
    response["Cache-Control"] = "no-store"
    if not serving:
        response["Retry-After"] = "2"
    return response


def state(ask: Callable[[], object]) -> str:
    """Return `ok`, or `away` when the part does not answer."""
    try:
        ask()
    except (DatabaseError, redis.RedisError):
        return "away"
    return "ok"


def ask_postgresql() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


PARTS: dict[str, Callable[[], object]] = {
    "postgresql": ask_postgresql,
    "redis_sale": lambda: sale().ping(),
    "redis_cache": lambda: cache.get("readyz"),
}
