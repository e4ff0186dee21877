"""The names of everything that the sale keeps in Redis, and what each holds.

All keys of a festival share one hash tag, so that a script may touch several of them on a cluster. Two stand outside:
    event:<event>   the directory: which festival and group an event belongs to, and its zones by name
    groups          set: festival:group of every group that Redis decides for

of a limit group
    state       hash: mode, epoch, recovering, seq (last entry), arrival (last), clock (last time, ms)
                base (last entry when it was built), written (last entry that has its rows), since (time of the first
                one that has not, ms), run (the run of the server that decides), noticed (another run, and when),
                heard (the highest entry that somebody had seen who was turned away),
                rows (what PostgreSQL had decided when it was built), incomplete (1: its rows have lost some of that),
                frozen (token of the lease|until when nothing is decided, in ms; no time: until it is lifted)
                event:<event>, zone:<zone> (1: was made)
    stream      stream: every change of state, one entry for each decision, its id is its number
    stream:lost stream that does not lead on from the rows, put aside when the sale was restored from receipts
    seen        hash: epoch and decisions, how far PostgreSQL was when it was last looked at, while it decides
    tickets     hash: code -> ticket as a line (see lines.py), also of those that have ended
    live        hash: holder -> code of the live ticket (a student's key, or "guest:" and the claim of a guest's ticket)
of an event
    conf        hash: what the council wants, as applied (see loading.py), opening (the latch), rules (1: some),
                ruled_for (the opening and the zones that classes were made for)
    first       hash: student -> arrival|elapsed|time|answer: the first arrival, and the last counted answer
    tries       hash: student:early -> count; student:window -> since|count
    barred      set of students
    classes     hash: student -> class, for an event with rules
    openings    hash: class -> what its students may, as a text (see eligibility.py)
    entries     hash: student -> last entry of the waiting list as a line (see lines.py)
    waiting     sorted set: students who wait or have an offer, by arrival
    wants       hash: zone -> how many wait for it
    offers      sorted set: students with an offer, by its deadline (ms)
of a zone
    state       hash: top (highest number), next (lowest number that nobody had yet)
    freed       sorted set: free numbers below next
    removed     sorted set: numbers up to top that are no places any more
    generations hash: number -> how often the place was given
of a festival
    students    hash: student -> generation|status
    ended       sorted set: ended session -> when its pass ends anyway (ms)
    lease       hash: token: the newest priming loop, older ones are refused
    asked       text: written before a replica is asked (festival/redis_wait.py), and never read
"""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

GROUPS = "groups"
# The keys of a script about one event, in the order of event.lua; those of its zones follow.
OF_GROUP = ("state", "stream", "live", "tickets")
OF_EVENT = (
    "conf",
    "first",
    "tries",
    "barred",
    "classes",
    "openings",
    "entries",
    "waiting",
    "wants",
    "offers",
)
OF_FESTIVAL = ("students", "ended")
OF_ZONE = ("state", "freed", "generations")


def directory(event: UUID) -> str:
    """Return the name of an event's entry in the directory: who decides for it, and what its zones are called."""
    return f"event:{event}"


@dataclass(frozen=True, slots=True)
class Keys:
    """The names of one limit group's keys."""

    festival: UUID
    group: UUID

    @classmethod
    def read(cls, text: str) -> "Keys":
        """Return the keys of a member of GROUPS."""
        festival, group = text.split(":")
        return cls(UUID(festival), UUID(group))

    def __str__(self) -> str:
        return f"{self.festival}:{self.group}"

    def of_festival(self, name: str) -> str:
        return f"{{{self.festival}}}:{name}"

    def of_group(self, name: str) -> str:
        return f"{{{self.festival}}}:group:{self.group}:{name}"

    def of_event(self, event: UUID | str, name: str) -> str:
        return f"{{{self.festival}}}:event:{event}:{name}"

    def of_zone(self, zone: UUID | str, name: str) -> str:
        return f"{{{self.festival}}}:zone:{zone}:{name}"

    def for_script(self, event: UUID | str, zones: Iterable[UUID | str]) -> list[str]:
        """Return the keys of a script about one event, in the order of event.lua."""
        named = [self.of_group(name) for name in OF_GROUP]
        named += [self.of_event(event, name) for name in OF_EVENT]
        named += [self.of_festival(name) for name in OF_FESTIVAL]
        return named + [self.of_zone(zone, name) for zone in zones for name in OF_ZONE]
