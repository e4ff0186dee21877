"""The roles of staff: groups and their permissions, kept by every migration run."""

from typing import Any


def keep_roles(**_kwargs: Any) -> None: ...
