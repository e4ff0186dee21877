"""Fields of the gate's documents that take one form and no other."""

import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from rest_framework import serializers

OLDEST, NEWEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)", re.ASCII)


class Text(serializers.CharField):
    """A JSON string, never a number taken for one; without NUL and lone surrogates."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Key(serializers.UUIDField):
    """A UUID as a string of 36 signs."""

    def to_internal_value(self, data: Any) -> UUID:
        if not isinstance(data, str) or len(data) != len(str(UUID(int=0))):
            self.fail("invalid", value="")
        return super().to_internal_value(data)


class Moment(serializers.DateTimeField):
    """A time of ISO 8601 with its offset, of this age."""

    def to_internal_value(self, value: Any) -> datetime:
        if not isinstance(value, str) or not _MOMENT.fullmatch(value):
            self.fail("invalid", format="2026-05-20T18:03:11.250+09:00")
        moment = super().to_internal_value(value)
        if not OLDEST <= moment < NEWEST:
            self.fail("invalid", format="2026-05-20T18:03:11.250+09:00")
        return moment
