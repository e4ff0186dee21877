"""Everything that is sold, given and scanned."""

from ticketing.models.authority import (
    Authority,
    Bar,
    Claim,
    EventState,
    Place,
    SaleCounter,
    TryBudget,
    ZoneState,
)
from ticketing.models.carriage import PrimingLease, PrimingMark, StreamPosition, Topic
from ticketing.models.council import FileFormat, ListExport, StudentLook
from ticketing.models.eligibility import EligibilityRule, Exclusion, StudentList, StudentListEntry
from ticketing.models.festival import Accent, Festival, PosterPicture
from ticketing.models.gate import GateDevice, GateLookUp, Scan
from ticketing.models.recovery import Recovery, RefusedReceipt, Repair
from ticketing.models.sale import Event, LimitGroup, Mode, Promotion, Zone
from ticketing.models.ticket import LIVE, Ticket, TicketStatus
from ticketing.models.waiting import ACTIVE, WaitingEntry, WaitingStatus

__all__ = [
    "ACTIVE",
    "LIVE",
    "Accent",
    "Authority",
    "Bar",
    "Claim",
    "EligibilityRule",
    "Event",
    "EventState",
    "Exclusion",
    "Festival",
    "FileFormat",
    "GateDevice",
    "GateLookUp",
    "LimitGroup",
    "ListExport",
    "Mode",
    "Place",
    "PosterPicture",
    "PrimingLease",
    "PrimingMark",
    "Promotion",
    "Recovery",
    "RefusedReceipt",
    "Repair",
    "SaleCounter",
    "Scan",
    "StreamPosition",
    "StudentList",
    "StudentListEntry",
    "StudentLook",
    "Ticket",
    "TicketStatus",
    "Topic",
    "TryBudget",
    "WaitingEntry",
    "WaitingStatus",
    "Zone",
    "ZoneState",
]
