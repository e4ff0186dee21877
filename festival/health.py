"""What a load balancer and a person on the day of the sale ask: is it alive, can it serve."""

from collections.abc import Callable, Mapping

import redis
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from festival.redis import at_each_master, sale
from ticketing.allocation.recoveries import running
from ticketing.allocation.rush.complete import incomplete
from ticketing.allocation.rush.durability import Durability, durability, promise, waits_for_nobody
from ticketing.allocation.rush.keys import GROUPS
from ticketing.allocation.rush.recovering import latched
from ticketing.writeback import lags

OK, AWAY, ALONE = "ok", "away", "no replica"


@require_safe
def alive(request: HttpRequest) -> JsonResponse:
    """Answer without asking any server."""
    return JsonResponse({"status": "ok"})


@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """Answer 200 with `ok` or `degraded` and each part, 503 when no claim can be served."""
    parts = {name: state(ask) for name, ask in PARTS.items()}
    serving = parts["postgresql"] == OK or rush_serves(parts)
    overall = OK if set(parts.values()) <= {OK, Durability.ALWAYS} else "degraded"
    told = {
        "status": overall if serving else "unavailable",
        "promise": promised(parts["durability"]),
        "parts": parts,
    }
    response = JsonResponse(told)
    response.status_code = 200 if serving else 503
    response["Cache-Control"] = "no-store"
    if not serving:
        response["Retry-After"] = "2"
    return response


def rush_serves(parts: Mapping[str, str]) -> bool:
    """Tell whether there is a sale that Redis decides for: it goes on without PostgreSQL."""
    return parts["redis_sale"] == OK and bool(sale().exists(GROUPS))


def state(ask: Callable[[], str]) -> str:
    """Return what a part says of itself, or `away` when it does not answer."""
    try:
        return ask()
    except (DatabaseError, redis.RedisError):
        return AWAY


def ask_postgresql() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return OK


def ask_sale() -> str:
    at_each_master("ping")
    return OK


def ask_cache() -> str:
    cache.get("readyz")
    return OK


def ask_durability() -> str:
    """Return how Redis keeps what it acknowledges, or why it acknowledges nothing."""
    return ALONE if waits_for_nobody() else durability().value


def promised(part: str) -> str:
    """Return what a claim survives that was acknowledged in mode `redis`, by what durability says of itself."""
    if part == ALONE:
        return "no claim is acknowledged"
    return "unknown" if part == AWAY else promise(Durability(part))


def ask_sales() -> str:
    """Return `ok`, which sales are stopped because decisions of theirs are lost, or whose rows have to be repaired."""
    stopped = {str(keys.group) for keys in latched()} | restored_from_receipts()
    if stopped:
        return f"recovering: {', '.join(sorted(stopped))}"
    missing = incomplete()
    return f"rows to be repaired: {', '.join(missing)}" if missing else OK


def restored_from_receipts() -> set[str]:
    """Return the groups that PostgreSQL knows to be restored from receipts; none while it is away."""
    try:
        return {str(group) for group in running()}
    except DatabaseError:
        return set()


def ask_streams() -> str:
    """Return `ok`, how far the rows are behind, or which streams have stopped at an entry that cannot be applied."""
    found = lags()
    if stopped := [str(group) for group, lag in found.items() if lag.stopped_by]:
        return f"stopped: {', '.join(sorted(stopped))}"
    behind = max(found.values(), key=lambda lag: lag.seconds, default=None)
    if behind is None or behind.seconds < 5:
        return OK
    return f"{behind.entries} entries, {behind.seconds:.0f} s behind"


PARTS: dict[str, Callable[[], str]] = {
    "postgresql": ask_postgresql,
    "redis_sale": ask_sale,
    "redis_cache": ask_cache,
    "durability": ask_durability,
    "sales": ask_sales,
    "writeback": ask_streams,
}
