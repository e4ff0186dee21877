"""Random programs of everything that may happen to a sale; each answer is compared with the notebook's."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from typing import Any, TypeVar

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.properties.comparing import compare_now, compare_redis, compare_rows
from tests.properties.notebook import Notebook
from tests.properties.records import LIVE, Zone
from tests.properties.wishes import EARLY, FUTURE, LATE, LATER, OVER, PAST, Rule, Wishes
from tests.properties.world import KEYS_THAT_CAN_BE_LOST, World, settle

GROUPS = {"both nights": ("first", "second"), "third": ("third",)}
ZONES = {"first": {"A": 2, "B": 1}, "second": {"A": 2, "B": 1}, "third": {"A": 1, "B": 1}}
PEOPLE = ["alice", "bob", "charlie", "dora"]
NEWCOMER = "erin"
DEPARTMENTS = ("국어국문학과", "컴퓨터공학과")
MOST_PRESSES = 25  # one student's presses for an event: budgets of tries are no matter of this model

groups = tuple(GROUPS)
events = tuple(ZONES)
listed = ("first", "third")  # one event of a group has a list: the order of two is nobody's business
modes = ("database", "redis")
zone_lists = (("A",), ("A",), ("A", "B"), ("A", "B"), ("B", "A"), ("A", "C"))
people = (*PEOPLE, NEWCOMER)
rules = tuple(
    Rule(zone, department, on_leave, opens)
    for zone in (None, "A")
    for department in (None, *DEPARTMENTS)
    for on_leave in (True, False)
    for opens in (None, None, EARLY, LATE)
)
excluded = (frozenset[str](), frozenset({"alice"}), frozenset({"bob", "dora"}))
now = (True, True, False)  # whether the loop carries a wish at once


STEPS: list[tuple[str, dict[str, Sequence[Any]]]] = []
Step = TypeVar("Step", bound=Callable[..., None])


def step(weight: int, **arguments: Sequence[Any]) -> Callable[[Step], Step]:
    """Let a method be a step of the programs, as often as it weighs.

    Not rules of their own: of those, hypothesis leaves most out of each program and repeats the rest, and a sale of
    nothing but bars says little.
    """

    def keep(method: Step) -> Step:
        STEPS.extend([(method.__name__, arguments)] * weight)
        return method

    return keep


class Sale(RuleBasedStateMachine):
    """A festival of three nights, two of which give a student one ticket together."""

    def __init__(self) -> None:
        super().__init__()
        wishes = {event: Wishes(dict(zones)) for event, zones in ZONES.items()}
        self.guests = 0
        self.book = Notebook(GROUPS, wishes, PEOPLE)
        self.world = World(GROUPS, wishes, PEOPLE)
        self.book.prime()
        self.presses: dict[tuple[str, str], int] = {}

    @initialize(mode=st.sampled_from(modes), promotion=st.sampled_from(("immediate", "offer")))
    def begin(self, mode: str, promotion: str) -> None:
        for event in ("first", "third"):
            wishes = self.book.wishes[event]
            wishes.waitlist, wishes.promotion = 2, promotion
            self.world.want_a_list(event, wishes)
        for group in GROUPS:
            self.wish_mode(group, mode)
        self.prime()
        for event in ZONES:
            self.everybody_claims(event, ("A", "B"))

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

    @step(6, student=people, event=events, zones=zone_lists)
    def claim(self, student: str, event: str, zones: tuple[str, ...]) -> None:
        self.press(student, event, zones)

    @step(8, event=events, zones=zone_lists)
    def everybody_claims(self, event: str, zones: tuple[str, ...]) -> None:
        for student in PEOPLE:
            self.press(student, event, zones)

    @step(2, student=people, event=events)
    def ask_for_the_last_answer(self, student: str, event: str) -> None:
        if student in self.book.people:
            expected = self.book.last_answer(student, event)
            self.agree(self.world.last_answer(student, event), expected)

    @step(5, student=people, event=events)
    def cancel(self, student: str, event: str) -> None:
        if (ticket := self.book.newest(event, student)) is not None:
            expected = self.book.cancel(student, ticket)
            self.agree(self.world.cancel(student, ticket), expected)

    @step(5, event=events)
    def everybody_cancels(self, event: str) -> None:
        for student in PEOPLE:
            self.world.learn(self.book)
            self.cancel(student, event)

    @step(4, student=people, event=events, zones=zone_lists)
    def change_ones_mind(self, student: str, event: str, zones: tuple[str, ...]) -> None:
        self.cancel(student, event)
        self.press(student, event, zones)

    @step(1, student=people, holder=people, event=events)
    def cancel_for_another(self, student: str, holder: str, event: str) -> None:
        if student in self.book.people and (ticket := self.book.newest(event, holder)) is not None:
            expected = self.book.cancel(student, ticket)
            self.agree(self.world.cancel(student, ticket), expected)

    @step(1, student=people)
    def log_out_everywhere(self, student: str) -> None:
        if student in self.book.people:
            self.book.tell(student)
            self.world.log_out_everywhere(student)

    @step(1, student=people)
    def log_out(self, student: str) -> None:
        if student in self.book.people:
            self.book.logged_in[student] = False
            self.world.log_out(student)

    @step(6, student=people)
    def log_in(self, student: str) -> None:
        if student in self.book.people and self.book.people[student].status != "gone":
            self.book.logged_in[student] = True
            self.world.log_in(student)

    # The roster

    @step(1, at_once=now)
    def enrol(self, at_once: bool) -> None:
        if NEWCOMER not in self.book.people:
            self.book.enrol(NEWCOMER)
            self.world.enrol(NEWCOMER)
            self.carry(at_once)

    @step(1, student=people)
    def leave_the_roster(self, student: str) -> None:
        if student in self.book.people:
            self.book.people[student] = replace(self.book.people[student], status="gone")
            self.book.tell(student)
            self.world.lose(student)

    @step(
        1,
        student=people,
        status=("enrolled", "enrolled", "enrolled", "on_leave"),
        department=DEPARTMENTS,
        at_once=now,
    )
    def change_a_student(self, student: str, status: str, department: str, at_once: bool) -> None:
        if student in self.book.people:
            person = replace(self.book.people[student], status=status, department=department)
            self.book.people[student] = person
            self.world.change_person(student, person)
            self.carry(at_once)

    # The council

    @step(5, student=people, event=events)
    def void(self, student: str, event: str) -> None:
        if (ticket := self.book.newest(event, student)) is not None:
            expected = self.book.void(ticket)
            self.agree(self.world.void(event, ticket), expected)

    @step(3, student=people, event=events)
    def bar(self, student: str, event: str) -> None:
        if student in self.book.people:
            expected = self.book.bar(event, student)
            self.agree(self.world.bar(event, student), expected)

    @step(6, student=people, event=events)
    def lift(self, student: str, event: str) -> None:
        if student in self.book.people:
            expected = self.book.lift(event, student)
            self.agree(self.world.lift(event, student), expected)

    @step(3, event=events, zone="AAABBC", capacity=range(0, 5), at_once=now)
    def resize(self, event: str, zone: str, capacity: int, at_once: bool) -> None:
        capacities = self.book.wishes[event].capacities
        change: Callable[..., None] = self.world.resize if zone in capacities else self.world.add_zone
        change(event, zone, capacity)
        capacities[zone] = capacity
        self.book.zones[event].setdefault(zone, Zone())
        self.carry(at_once)

    @step(4, event=events)
    def cut_what_came_back(self, event: str) -> None:
        capacity = self.book.wishes[event].capacities["A"]
        self.everybody_cancels(event)
        self.resize(event, "A", capacity - 1 if capacity > 1 else 3, at_once=True)
        self.everybody_claims(event, ("A", "B"))

    @step(1, event=events, paused=(True, False, False), at_once=now)
    def pause(self, event: str, paused: bool, at_once: bool) -> None:
        self.book.wishes[event].paused = paused
        self.world.change_event(event, paused=paused)
        self.carry(at_once)

    @step(1, event=events, times=(*[(PAST, LATER)] * 4, (PAST, OVER), (FUTURE, LATER)), at_once=now)
    def move_the_sale(self, event: str, times: tuple[int, int], at_once: bool) -> None:
        wishes = self.book.wishes[event]
        wishes.opens, wishes.closes = times
        opens, closes = map(self.world.time, times)
        self.world.change_event(event, opens_at=opens, closes_at=closes)
        self.carry(at_once)

    @step(1, event=events, doors=(None, OVER), at_once=now)
    def open_the_doors(self, event: str, doors: int | None, at_once: bool) -> None:
        self.book.wishes[event].doors = doors
        self.world.change_event(event, doors_open_at=None if doors is None else self.world.time(doors))
        self.carry(at_once)

    @step(1, event=events, added=rules, at_once=now)
    def add_a_rule(self, event: str, added: Rule, at_once: bool) -> None:
        self.book.wishes[event].rules += (added,)
        self.world.add_rule(event, added)
        self.carry(at_once)

    @step(3, event=events, at_once=now)
    def drop_the_rules(self, event: str, at_once: bool) -> None:
        self.book.wishes[event].rules = ()
        self.world.drop_rules(event)
        self.carry(at_once)

    @step(1, event=events, names=excluded, at_once=now)
    def exclude(self, event: str, names: frozenset[str], at_once: bool) -> None:
        self.book.wishes[event].excluded = names
        self.world.exclude(event, names)
        self.carry(at_once)

    # The waiting list

    @step(
        2,
        event=listed,
        size=(0, 2, 5, 5),
        promotion=("immediate", "offer"),
        held_up=(None, None, None, "quiet", "over"),
        at_once=now,
    )
    def want_a_list(self, event: str, size: int, promotion: str, held_up: str | None, at_once: bool) -> None:
        wishes = self.book.wishes[event]
        wishes.waitlist, wishes.promotion = size, promotion
        wishes.quiet, wishes.promotions_over = held_up == "quiet", held_up == "over"
        self.world.want_a_list(event, wishes)
        self.carry(at_once)

    @step(1, student=people, event=listed)
    def leave_the_list(self, student: str, event: str) -> None:
        if student in self.book.people:
            self.agree(self.world.leave(student, event), self.book.leave(student, event))

    @step(3, event=listed, place=range(0, 2), zones=zone_lists)
    def leave_and_press_again(self, event: str, place: int, zones: tuple[str, ...]) -> None:
        if place < len(self.book.active(event)):
            student = self.book.active(event)[place].student
            self.leave_the_list(student, event)
            self.press(student, event, zones)

    @step(3, event=listed, place=range(0, 2))
    def bar_who_waits(self, event: str, place: int) -> None:
        if place < len(self.book.active(event)):
            self.bar(self.book.active(event)[place].student, event)

    @step(2, student=people, event=listed)
    def accept(self, student: str, event: str) -> None:
        if student in self.book.people:
            self.agree(self.world.accept(student, event), self.book.accept(student, event))

    @step(1, event=listed)
    def let_offers_end(self, event: str) -> None:
        self.world.end_offers(event)
        self.book.end_offers(event)

    @step(
        2,
        student=people,
        event=events,
        zone="AABC",
        guest=(False, False, True),
    )
    def grant(self, student: str, event: str, zone: str, guest: bool) -> None:
        if zone in self.book.wishes[event].capacities and (guest or student in self.book.people):
            self.guests += 1
            holder = f"guest {self.guests}" if guest else student
            expected = self.book.grant(event, zone, holder, guest=guest)
            self.agree(self.world.grant(event, zone, holder, guest=guest), expected)

    @step(1, guest=range(0, 4))
    def void_a_guest(self, guest: int) -> None:
        own = [place for place, ticket in enumerate(self.book.tickets) if ticket.guest]
        if guest < len(own):
            expected = self.book.void(own[guest])
            self.agree(self.world.void(self.book.tickets[own[guest]].event, own[guest]), expected)

    # The gate

    @step(1, student=people, event=events)
    def scan(self, student: str, event: str) -> None:
        if (ticket := self.book.newest(event, student)) is not None:
            self.world.write_all()  # the gate reads rows
            self.world.learn(self.book)
            self.agree(self.world.use(ticket), self.book.use(ticket))

    @step(1, student=people, event=events)
    def take_a_scan_back(self, student: str, event: str) -> None:
        ticket = self.book.newest(event, student)
        if ticket is not None and self.book.tickets[ticket].status == "used":
            self.book.take_back(ticket)
            self.world.take_back(ticket)

    # The loops, and the mode

    @step(2)
    def prime(self) -> None:
        self.world.prime()
        self.book.prime()

    @step(2, group=groups, most=range(1, 4))
    def write_some(self, group: str, most: int) -> None:
        self.world.write_some(group, most)

    @step(1)
    def write_all(self) -> None:
        self.world.write_all()

    def wish_mode(self, group: str, mode: str) -> None:
        self.book.mode[group] = mode
        self.world.switch(GROUPS[group], mode)

    @step(3, group=groups, at_once=(True, True, False))
    def switch(self, group: str, at_once: bool) -> None:
        self.wish_mode(group, "redis" if self.book.mode[group] == "database" else "database")
        self.carry(at_once)

    # Crashes

    @step(2, group=groups, name=KEYS_THAT_CAN_BE_LOST)
    def lose_a_key(self, group: str, name: str) -> None:
        """Lose a key of a sale in Redis whose rows can have every decision: the loop builds it anew."""
        self.world.lose_a_key(group, name)
        self.prime()

    @step(1)
    def restart_redis(self) -> None:
        """Let another run of the server decide, with everything that the last one had."""
        self.world.restart_redis()
        self.prime()

    @step(1)
    def start_anew(self) -> None:
        """Let every process forget what it has seen."""
        self.world.start_anew()

    # What must hold

    @rule(chance=st.integers(0, 2**32))
    def go_on(self, chance: int) -> None:
        """Do what chance says, and print it when the program fails."""
        dice = Random(chance)
        name, choices = dice.choice(STEPS)
        arguments = {argument: dice.choice(choices[argument]) for argument in choices}
        note(f"{name} {arguments}")
        getattr(self, name)(**arguments)

    @invariant()
    def agrees(self) -> None:
        compare_now(self.book, self.world)
        live = [(self.book.group_of[t.event], t.student) for t in self.book.tickets if t.status in LIVE]
        assert len(live) == len(set(live))

    def teardown(self) -> None:
        settle()
        self.book.prime()
        compare_now(self.book, self.world)
        compare_rows(self.book, self.world)
        compare_redis(self.book, self.world)
