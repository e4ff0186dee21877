"""Everything that is sold, given and scanned."""

from ticketing.models.authority import Bar, Claim, EventState, Place, SaleCounter, TryBudget, ZoneState
from ticketing.models.eligibility import EligibilityRule, Exclusion, StudentList, StudentListEntry
from ticketing.models.gate import GateDevice, Scan
from ticketing.models.sale import Accent, Event, Festival, LimitGroup, Mode, Zone
from ticketing.models.ticket import LIVE, Ticket, TicketStatus

__all__ = [
    "LIVE",
    "Accent",
    "Bar",
    "Claim",
    "EligibilityRule",
    "Event",
    "EventState",
    "Exclusion",
    "Festival",
    "GateDevice",
    "LimitGroup",
    "Mode",
    "Place",
    "SaleCounter",
    "Scan",
    "StudentList",
    "StudentListEntry",
    "Ticket",
    "TicketStatus",
    "TryBudget",
    "Zone",
    "ZoneState",
]
