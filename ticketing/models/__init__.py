"""Everything that is sold, given and scanned."""

from ticketing.models.authority import Bar, Claim, EventState, Place, SaleCounter, TryBudget, ZoneState
from ticketing.models.gate import GateDevice, Scan
from ticketing.models.sale import Accent, Event, Festival, LimitGroup, Mode, Zone
from ticketing.models.ticket import LIVE, Ticket, TicketStatus

__all__ = [
    "LIVE",
    "Accent",
    "Bar",
    "Claim",
    "Event",
    "EventState",
    "Festival",
    "GateDevice",
    "LimitGroup",
    "Mode",
    "Place",
    "SaleCounter",
    "Scan",
    "Ticket",
    "TicketStatus",
    "TryBudget",
    "Zone",
    "ZoneState",
]
