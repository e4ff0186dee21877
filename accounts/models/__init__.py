"""Everybody whom the system knows: staff, students, their proofs, their logins, and the rosters they came from."""

from accounts.models.booth import BoothCheck, BoothLook, BoothState, RefusalReason
from accounts.models.card import CardLook, CardReason, CardReview, CardState
from accounts.models.mail import LEFT, OF_A_PLACE, MailKind, MailService, MailState, OutgoingMail, Urgency
from accounts.models.people import Level, Student, StudentStatus, User, UserManager, name_key
from accounts.models.proof import Consent, StudentSession, VerificationAttempt, VerificationMethod
from accounts.models.roster import RosterBadCell, RosterImport, RosterState, RosterUpload

__all__ = [
    "LEFT",
    "OF_A_PLACE",
    "BoothCheck",
    "BoothLook",
    "BoothState",
    "CardLook",
    "CardReason",
    "CardReview",
    "CardState",
    "Consent",
    "Level",
    "MailKind",
    "MailService",
    "MailState",
    "OutgoingMail",
    "RefusalReason",
    "RosterBadCell",
    "RosterImport",
    "RosterState",
    "RosterUpload",
    "Student",
    "StudentSession",
    "StudentStatus",
    "Urgency",
    "User",
    "UserManager",
    "VerificationAttempt",
    "VerificationMethod",
    "name_key",
]
