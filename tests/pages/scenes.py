"""What is to be looked at: a page as somebody sees it, with a name that a picture can bear."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.access.asking import PAGE
from tests.access.routes import address_of
from tests.access.table import TABLE
from tests.access.world import CSRF, Visitor, World
from tests.factories import Player

# Of several who see a page, the one for whom it was made.
FIRST = ("alice", "anonymous", "council", "gate", "booth", "administrator", "viewer", "half")

# The demo's pages are there in the demo only; the browser of the API is Swagger's; the plots are a part of a page.
NOT_LOOKED_AT = ("demo/", "api/docs/", "council/events/<uuid:event_id>/plots/")
# One page for all models: the event's is enough.
ALIKE = ("<path:object_id>/history/", "<path:object_id>/delete/")


@dataclass(frozen=True, slots=True)
class Scene:
    """One page: its address, what the browser that opens it shows of itself, and whether it presses there."""

    name: str
    path: str
    visitor: Visitor = field(default_factory=lambda: Visitor({}, {}))
    press: bool = False


def of_the_table(world: World) -> Iterator[Scene]:
    """Yield every page that the table of access knows, as the first of those who see it; a new one comes by itself."""
    for row in TABLE:
        if not is_looked_at(row.route):
            continue
        for role in [role for role in FIRST if row.get[role] == PAGE][:1]:
            name = re.sub(r"\W+", "-", re.sub(r"<\w+:(\w+)>", r"\1", row.route)).strip("-") or "home"
            yield Scene(name, address_of(row.route, world.values_of(row.route)), world.visitors[role])


def is_looked_at(route: str) -> bool:
    """Tell whether a page of its own stands at a route."""
    alike = route.endswith(ALIKE) and "/ticketing/event/" not in route
    return not alike and not route.startswith(NOT_LOOKED_AT)


def as_player(player: Player) -> Visitor:
    """Return the browser of a student who has logged in."""
    cookies = player.cookies
    return Visitor(
        {"sessionid": cookies.session_key, "festival_pass": cookies.claim_pass, "csrftoken": CSRF}, {}
    )
