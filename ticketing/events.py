"""Festivals and events: the first festival, and what the public sees of an event."""

from typing import Any

from ticketing.models import Festival


def keep_a_festival(**_kwargs: Any) -> None:
    """Make the first festival after the migrations, so that an event has one to belong to."""
    if not Festival.objects.exists():
        Festival.objects.create(name="대동제", name_en="Daedong Festival")
