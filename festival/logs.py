"""One JSON line for each log record, with the request's id and without personal data."""

import json
import logging
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

request_id: ContextVar[str] = ContextVar("request_id", default="")


def describe(error: BaseException | None) -> list[dict[str, Any]]:
    """Return an exception and its causes: type, code, SQL state, constraint and frames, never its message.

    A message may quote what a person typed, or a row (PostgreSQL's DETAIL does).
    """
    chain: list[dict[str, Any]] = []
    while error is not None and len(chain) < 5:
        diagnosis = getattr(error, "diag", None)
        facts = {
            "type": f"{type(error).__module__}.{type(error).__qualname__}",
            "code": getattr(error, "code", None) if isinstance(getattr(error, "code", None), str) else None,
            "sqlstate": getattr(error, "sqlstate", None),
            "constraint": getattr(diagnosis, "constraint_name", None),
            "frames": frames(error.__traceback__),
        }
        chain.append({key: value for key, value in facts.items() if value})
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return chain


def frames(trace: TracebackType | None) -> list[str]:
    """Return the last frames of a traceback as `file:line function`."""
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)[-12:]]


class JsonFormatter(logging.Formatter):
    """Renders a record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": self.message_of(record),
        }
        if current := request_id.get():
            line["request_id"] = current
        if record.exc_info and record.exc_info[1]:
            line["error"] = describe(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False)

    def message_of(self, record: logging.LogRecord) -> str:
        """Return the message; a request is told by its route, for a path may hold a ticket's code."""
        match = getattr(getattr(record, "request", None), "resolver_match", None)
        if record.name.startswith("django.request"):
            return f"{getattr(record, 'status_code', '')} {match.route if match else 'no route'}"
        return record.getMessage()
