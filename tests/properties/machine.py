"""Random programs of everything that may happen to a sale; each answer is compared with the notebook's."""

from collections.abc import Callable
from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.properties.comparing import compare_now, compare_redis, compare_rows
from tests.properties.notebook import LIVE, Notebook, Zone
from tests.properties.wishes import EARLY, FUTURE, LATE, LATER, OVER, PAST, Rule, Wishes
from tests.properties.world import World, settle

GROUPS = {"both nights": ("first", "second"), "third": ("third",)}
ZONES = {"first": {"A": 2, "B": 1}, "second": {"A": 2}, "third": {"A": 1, "B": 1}}
PEOPLE = ["alice", "bob", "charlie", "dora"]
NEWCOMER = "erin"
DEPARTMENTS = ("국어국문학과", "컴퓨터공학과")
MOST_PRESSES = 25  # one student's presses for an event: budgets of tries are no matter of this model

groups = st.sampled_from(sorted(GROUPS))
events = st.sampled_from(sorted(ZONES))
modes = st.sampled_from(("database", "redis"))
zone_lists = st.sampled_from((("A",), ("B",), ("A", "B"), ("B", "A"), ("A", "C"), ("C",)))
people = st.sampled_from([*PEOPLE, NEWCOMER])
rules = st.builds(
    Rule,
    zone=st.sampled_from((None, "A")),
    department=st.sampled_from((None, *DEPARTMENTS)),
    on_leave=st.booleans(),
    opens=st.sampled_from((None, EARLY, LATE)),
)
now = st.booleans()  # whether the loop carries a wish at once


class Sale(RuleBasedStateMachine):
    """A festival of three nights, two of which give a student one ticket together."""

    def __init__(self) -> None:
        super().__init__()
        wishes = {event: Wishes(dict(zones)) for event, zones in ZONES.items()}
        self.book = Notebook(GROUPS, wishes, PEOPLE)
        self.world = World(GROUPS, wishes, PEOPLE)
        self.book.prime()
        self.presses: dict[tuple[str, str], int] = {}

    @initialize(mode=modes)
    def begin(self, mode: str) -> None:
        for group in GROUPS:
            self.wish_mode(group, mode)
        self.prime()

    def carry(self, at_once: bool) -> None:
        if at_once:
            self.prime()

    def agree(self, told: object, expected: object) -> None:
        assert told == expected, f"the sale says {told}, the notebook {expected}"

    # Students

    def press(self, student: str, event: str, zones: tuple[str, ...]) -> None:
        count = self.presses.get((student, event), 0)
        if student in self.book.people and count < MOST_PRESSES:
            self.presses[student, event] = count + 1
            expected = self.book.claim(student, event, zones)
            self.agree(self.world.claim(student, event, zones), expected)

    @rule(student=people, event=events, zones=zone_lists)
    def claim(self, student: str, event: str, zones: tuple[str, ...]) -> None:
        self.press(student, event, zones)

    @rule(event=events, zones=zone_lists)
    def everybody_claims(self, event: str, zones: tuple[str, ...]) -> None:
        for student in PEOPLE:
            self.press(student, event, zones)

    @rule(student=people, event=events)
    def ask_for_the_last_answer(self, student: str, event: str) -> None:
        if student in self.book.people:
            expected = self.book.last_answer(student, event)
            self.agree(self.world.last_answer(student, event), expected)

    @rule(student=people, event=events)
    def cancel(self, student: str, event: str) -> None:
        if (ticket := self.book.newest(event, student)) is not None:
            expected = self.book.cancel(student, ticket)
            self.agree(self.world.cancel(student, ticket), expected)

    @rule(student=people, holder=people, event=events)
    def cancel_for_another(self, student: str, holder: str, event: str) -> None:
        if student in self.book.people and (ticket := self.book.newest(event, holder)) is not None:
            expected = self.book.cancel(student, ticket)
            self.agree(self.world.cancel(student, ticket), expected)

    @rule(student=people)
    def log_out_everywhere(self, student: str) -> None:
        if student in self.book.people:
            self.book.tell(student)
            self.world.log_out_everywhere(student)

    @rule(student=people)
    def log_out(self, student: str) -> None:
        if student in self.book.people:
            self.book.logged_in[student] = False
            self.world.log_out(student)

    @rule(student=people)
    def log_in(self, student: str) -> None:
        if student in self.book.people and self.book.people[student].status != "gone":
            self.book.logged_in[student] = True
            self.world.log_in(student)

    # The roster

    @precondition(lambda self: NEWCOMER not in self.book.people)
    @rule(at_once=now)
    def enrol(self, at_once: bool) -> None:
        self.book.enrol(NEWCOMER)
        self.world.enrol(NEWCOMER)
        self.carry(at_once)

    @rule(student=people)
    def leave_the_roster(self, student: str) -> None:
        if student in self.book.people:
            self.book.people[student] = replace(self.book.people[student], status="gone")
            self.book.tell(student)
            self.world.lose(student)

    @rule(
        student=people,
        status=st.sampled_from(("enrolled", "enrolled", "on_leave")),
        department=st.sampled_from(DEPARTMENTS),
        at_once=now,
    )
    def change_a_student(self, student: str, status: str, department: str, at_once: bool) -> None:
        if student in self.book.people:
            person = replace(self.book.people[student], status=status, department=department)
            self.book.people[student] = person
            self.world.change_person(student, person)
            self.carry(at_once)

    # The council

    @rule(student=people, event=events)
    def void(self, student: str, event: str) -> None:
        if (ticket := self.book.newest(event, student)) is not None:
            expected = self.book.void(ticket)
            self.agree(self.world.void(event, ticket), expected)

    @rule(student=people, event=events)
    def bar(self, student: str, event: str) -> None:
        if student in self.book.people:
            expected = self.book.bar(event, student)
            self.agree(self.world.bar(event, student), expected)

    @rule(student=people, event=events)
    def lift(self, student: str, event: str) -> None:
        if student in self.book.people:
            expected = self.book.lift(event, student)
            self.agree(self.world.lift(event, student), expected)

    @rule(event=events, zone=st.sampled_from("ABC"), capacity=st.integers(0, 4), at_once=now)
    def resize(self, event: str, zone: str, capacity: int, at_once: bool) -> None:
        capacities = self.book.wishes[event].capacities
        change: Callable[..., None] = self.world.resize if zone in capacities else self.world.add_zone
        change(event, zone, capacity)
        capacities[zone] = capacity
        self.book.zones[event].setdefault(zone, Zone())
        self.carry(at_once)

    @rule(event=events, paused=st.booleans(), at_once=now)
    def pause(self, event: str, paused: bool, at_once: bool) -> None:
        self.book.wishes[event].paused = paused
        self.world.change_event(event, paused=paused)
        self.carry(at_once)

    @rule(event=events, times=st.sampled_from(((PAST, LATER), (PAST, OVER), (FUTURE, LATER))), at_once=now)
    def move_the_sale(self, event: str, times: tuple[int, int], at_once: bool) -> None:
        wishes = self.book.wishes[event]
        wishes.opens, wishes.closes = times
        opens, closes = map(self.world.time, times)
        self.world.change_event(event, opens_at=opens, closes_at=closes)
        self.carry(at_once)

    @rule(event=events, doors=st.sampled_from((None, OVER)), at_once=now)
    def open_the_doors(self, event: str, doors: int | None, at_once: bool) -> None:
        self.book.wishes[event].doors = doors
        self.world.change_event(event, doors_open_at=None if doors is None else self.world.time(doors))
        self.carry(at_once)

    @rule(event=events, added=rules, at_once=now)
    def add_a_rule(self, event: str, added: Rule, at_once: bool) -> None:
        self.book.wishes[event].rules += (added,)
        self.world.add_rule(event, added)
        self.carry(at_once)

    @rule(event=events, at_once=now)
    def drop_the_rules(self, event: str, at_once: bool) -> None:
        self.book.wishes[event].rules = ()
        self.world.drop_rules(event)
        self.carry(at_once)

    @rule(event=events, names=st.frozensets(st.sampled_from(PEOPLE), max_size=2), at_once=now)
    def exclude(self, event: str, names: frozenset[str], at_once: bool) -> None:
        self.book.wishes[event].excluded = names
        self.world.exclude(event, names)
        self.carry(at_once)

    # The gate

    @rule(student=people, event=events)
    def scan(self, student: str, event: str) -> None:
        if (ticket := self.book.newest(event, student)) is not None:
            self.world.write_all()  # the gate reads rows
            self.agree(self.world.use(ticket), self.book.use(ticket))

    @rule(student=people, event=events)
    def take_a_scan_back(self, student: str, event: str) -> None:
        ticket = self.book.newest(event, student)
        if ticket is not None and self.book.tickets[ticket].status == "used":
            self.book.take_back(ticket)
            self.world.take_back(ticket)

    # The loops, and the mode

    @rule()
    def prime(self) -> None:
        self.world.prime()
        self.book.prime()

    @rule(group=groups, most=st.integers(1, 3))
    def write_some(self, group: str, most: int) -> None:
        self.world.write_some(group, most)

    @rule()
    def write_all(self) -> None:
        self.world.write_all()

    def wish_mode(self, group: str, mode: str) -> None:
        self.book.mode[group] = mode
        self.world.switch(GROUPS[group], mode)

    @rule(group=groups, at_once=st.sampled_from((True, True, False)))
    def switch(self, group: str, at_once: bool) -> None:
        self.wish_mode(group, "redis" if self.book.mode[group] == "database" else "database")
        self.carry(at_once)

    # What must hold

    @invariant()
    def agrees(self) -> None:
        compare_now(self.book, self.world)
        live = [(self.book.group_of[t.event], t.student) for t in self.book.tickets if t.status in LIVE]
        assert len(live) == len(set(live))

    def teardown(self) -> None:
        settle()
        self.book.prime()
        compare_rows(self.book, self.world)
        compare_redis(self.book, self.world)
