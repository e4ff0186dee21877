"""Everything that a play has shown, figure by figure: as a document, and which figure is missing."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from loadtest.acts import Done
from loadtest.log import Log, Row
from loadtest.play import Sale
from loadtest.tally import series, tally
from loadtest.verdict import Verdict
from ticketing.models import Event

ROWS_SHOWN = 20
NEEDED = (
    "presses",
    "answered",
    "won",
    "waitlisted",
    "sold_out",
    "refused",
    "busy",
    "error",
    "throughput",
    "p50",
    "p95",
    "p99",
    "last_row_ms",
    "live",
    "oversold",
    "duplicates",
    "lost",
    "order_violations",
    "other_faults",
)
# The four figures that everybody asks for, and the queries that they are made of.
HEADLINES: Mapping[str, Sequence[str]] = {
    "oversold": (
        "oversold",
        "place_given_twice",
        "redis_oversold",
        "redis_place_given_twice",
        "list_overfull",
    ),
    "duplicates": ("student_holds_two", "redis_holds_two", "arrival_given_twice", "waiting_twice"),
    "lost": ("lost", "wrong_place", "redis_lost", "waiting_lost", "redis_waiting_lost"),
    "order_violations": (
        *("overtaken", "sent_away_too_soon", "replay_differs", "clock_backwards", "arrival_missing"),
        *("list_not_full", "wrong_position", "promoted_out_of_order", "waits_beside_a_free_place"),
    ),
}
RETRY_LATER = (429, 503)


@dataclass(slots=True)
class Result:
    """A play and its verdict; `figures` are there once it is finished."""

    event: Event
    students: int
    within: float
    seed: int
    sale: Sale
    log: Log
    done: Sequence[Done]
    last_row_at: float | None = None
    verdict: Verdict = field(default_factory=Verdict)
    figures: dict[str, Any] = field(default_factory=dict)

    def finish(self) -> None:
        """Make every figure, and name those that are missing."""
        self.figures = tally(self.log.answers, self.sale.opens_at_ms)
        self.verdict.faults |= faults_of_answers(self.log.answers)
        self.figures |= self.times() | self.rows() | self.headlines()
        outage = self.figures["outage"]
        if outage and not outage["ended"]:
            self.verdict.missing["outage_seconds"] = "nobody was served after the last 503: it has no end"
        for name in unfinished(self.done):
            self.verdict.missing[f"act: {name}"] = "not seen in force"
        for name in NEEDED:
            if self.figures.get(name) is None:
                self.verdict.missing.setdefault(name, "could not be measured")

    def times(self) -> dict[str, Any]:
        """Return when the last place went and when the last row was written, in milliseconds after the opening."""
        opened = self.event.opens_at.timestamp() * 1000
        written = None if self.last_row_at is None else max(0.0, self.last_row_at - opened)
        last = max((a["answered_ms"] for a in self.log.answers if a["status"] is not None), default=None)
        behind = None if last is None or self.last_row_at is None else max(0.0, self.last_row_at - last)
        return {"last_row_ms": written, "rows_behind_ms": behind}

    def rows(self) -> dict[str, Any]:
        """Return what the rows count; places and times of the zones too."""
        rows = self.verdict.info.get("rows", [{}])[0]
        zones = [dict(zone) for zone in self.verdict.info.get("zones", [])]
        left = sum(zone["places"] - zone["live"] for zone in zones) if zones else None
        won = [answer["elapsed_ms"] for answer in self.log.answers if answer["outcome"] == "won"]
        return {
            "live": rows.get("live_tickets"),
            "unanswered_winners": rows.get("unanswered_winners"),
            "zones": zones,
            "left": left,
            "sold_out_ms": max(won) if won and left == 0 else None,
        }

    def headlines(self) -> dict[str, int | None]:
        """Return the four figures: rows that break them, None when a query of theirs was not asked at all."""
        asked = bool(self.verdict.info)
        counts = dict.fromkeys([*HEADLINES, "other_faults"], 0)
        for fault in self.verdict.broken:
            name = next((name for name, faults in HEADLINES.items() if fault in faults), "other_faults")
            counts[name] += len(self.verdict.faults[fault])
        return {name: count if asked else None for name, count in counts.items()}

    @property
    def exit_code(self) -> int:
        return self.verdict.exit_code

    def document(self) -> dict[str, Any]:
        """Return everything as plain values, for `--json` and the report."""
        return {
            "event": {
                "id": str(self.event.pk),
                "name": self.event.name,
                "name_en": self.event.name_en or self.event.name,
                "mode": self.event.mode,
                "opens_at": self.event.opens_at.isoformat(),
                "waitlist_size": self.event.waitlist_size,
                "zones": dict(self.sale.zones),
            },
            "played": {"students": self.students, "within_s": self.within, "seed": self.seed},
            "verdict": ("kept", "broken", "missing")[self.exit_code],
            "broken": self.verdict.broken,
            "missing": self.verdict.missing,
            "not_judged": self.verdict.not_judged,
            "figures": self.figures,
            "faults": {name: fault(rows) for name, rows in self.verdict.faults.items()},
            "info": {name: [plain(row) for row in rows] for name, rows in self.verdict.info.items()},
            "acts": [
                asdict(one.act) | {"act": str(one.act), "saved_ms": one.saved_ms, "seen_ms": one.seen_ms}
                for one in self.done
            ],
            "series": series(self.log.answers, self.sale.opens_at_ms),
        }


def unfinished(done: Sequence[Done]) -> list[str]:
    """Return the acts that were not seen in force and that no later one of their kind has undone."""
    last = {(one.act.kind, one.act.zone): one for one in sorted(done, key=lambda one: one.act.at_s)}
    return [str(one.act) for one in last.values() if one.seen_ms is None]


def faults_of_answers(answers: Sequence[Row]) -> dict[str, list[Row]]:
    """Return the presses whose answer breaks P5 or P6: none at all, or a refusal that is not clear."""
    return {
        "unanswered": [short(answer) for answer in answers if answer["status"] is None],
        "failed": [short(a) for a in answers if a["status"] is not None and is_failure(a)],
        "no_retry_after": [
            short(a)
            for a in answers
            if a["status"] in RETRY_LATER and not str(a["retry_after"] or "").isdigit()
        ],
    }


def is_failure(answer: Row) -> bool:
    """Tell whether an answer is a fault of the server, or has no code of its own."""
    return not answer["outcome"] or (answer["status"] >= 500 and answer["status"] != 503)


def short(answer: Row) -> Row:
    return {name: answer[name] for name in ("student_number", "status", "outcome", "error")}


def fault(rows: Sequence[Row]) -> dict[str, Any]:
    return {"count": len(rows), "rows": [plain(row) for row in rows[:ROWS_SHOWN]]}


def plain(row: Row) -> dict[str, Any]:
    """Return a row with values that JSON knows."""
    return {
        name: value if isinstance(value, int | float | list | None) else str(value)
        for name, value in row.items()
    }
