"""EntityMachine: random commands find what is wrong with an entity, and pass what is right."""

import subprocess
import sys
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, TypedDict
from uuid import UUID

import msgspec
import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, run_state_machine_as_test
from msgspec import Meta, Struct

from actum import Entity, Event, Personal, Rejected, command, query, reducer
from actum.testing.machine import EntityMachine, machine, values_of
from examples.bank.bank import Account, Deposited, Opened, Withdrawn

QUICK = settings(
    EntityMachine.TestCase.settings,
    max_examples=40,
    stateful_step_count=15,
    database=None,
    phases=[Phase.generate, Phase.shrink],
)


class AccountMachine(EntityMachine[Account]):
    """The bank's accounts."""

    @invariant()
    def nobody_owes(self) -> None:
        for id, account in self.entities.items():
            events = self.history(id)
            paid = sum(one.amount for one in events if isinstance(one, Deposited))
            assert account.balance == paid - sum(one.amount for one in events if isinstance(one, Withdrawn))
            assert account.balance >= 0


TestAccount = AccountMachine.TestCase
TestAccount.settings = QUICK
TestAccountAlone = machine(Account, ids=["x"], left_out=[Account.current_balance]).TestCase
TestAccountAlone.settings = QUICK


class Held(Event):
    until: datetime | None


class Freed(Event):
    pass


class Seat(Entity):
    """A seat that is held for an hour, and then freed by a deadline; its number belongs to one."""

    until: datetime | None = None
    holds: int = 0

    @command
    def hold(self, number: Annotated[int, Meta(ge=1, le=2)]) -> None:
        self.claim("number", number)
        self.schedule(Seat.free, after=timedelta(hours=1))()
        self.emit(Held(self.now))

    @command
    def free(self) -> None:
        if self.until is None:
            raise Rejected("it is free")
        for number in (1, 2):
            self.release("number", number)
        self.emit(Freed())

    @reducer
    def held(self, event: Held) -> None:
        self.until = event.until
        self.holds += 1

    @reducer
    def freed(self, event: Freed) -> None:
        self.until = None


class SeatMachine(EntityMachine[Seat]):
    """Seats, of which none is held for longer than an hour, for deadlines are kept."""

    max_pause = timedelta(hours=3)

    @invariant()
    def nothing_is_held_for_long(self) -> None:
        for seat in self.entities.values():
            assert seat.until is None or self.now - seat.until <= timedelta(hours=1)

    @invariant()
    def no_number_is_held_twice(self) -> None:
        assert len(self._holders) <= 2


TestSeat = SeatMachine.TestCase
TestSeat.settings = QUICK


class Kept(Entity, keeps="state"):
    """An entity without events."""

    theme: str = ""

    @command
    def set_theme(self, theme: str) -> None:
        self.theme = theme


TestKept = machine(Kept).TestCase
TestKept.settings = QUICK


class Brief(Entity, expires_after=timedelta(days=1)):
    """An entity that is erased after a day."""

    since: datetime | None = None

    @command
    def begin(self) -> None:
        if not self.exists:
            self.emit(Held(self.now))

    @reducer
    def held(self, event: Held) -> None:
        self.since = event.until


class BriefMachine(EntityMachine[Brief]):
    """Brief entities, none of which is older than a day."""

    max_pause = timedelta(days=3)

    @invariant()
    def none_is_old(self) -> None:
        for one in self.entities.values():
            assert one.since is not None
            assert self.now - one.since < timedelta(days=1)


TestBrief = BriefMachine.TestCase
TestBrief.settings = QUICK


class Leaky(Entity):
    """Withdraws more than there is, once enough was paid in."""

    balance: int = 0

    @command
    def deposit(self, amount: Annotated[int, Meta(gt=0, lt=5)]) -> None:
        self.emit(Deposited(amount))

    @command
    def withdraw(self, amount: Annotated[int, Meta(gt=0, lt=5)]) -> None:
        if amount > self.balance + 1:
            raise Rejected("too much")
        self.emit(Withdrawn(amount))

    @reducer
    def deposited(self, event: Deposited) -> None:
        self.balance += event.amount

    @reducer
    def withdrawn(self, event: Withdrawn) -> None:
        self.balance -= event.amount


class Silent(Entity):
    """Changes its state without an event."""

    owner: str = ""

    @command
    def rename(self, owner: str) -> None:
        self.owner = owner

    @command
    def open(self, owner: str) -> None:
        self.emit(Opened(owner))

    @reducer
    def opened(self, event: Opened) -> None:
        self.owner = event.owner


class Stumbling(Entity):
    """Fails with an error that is no refusal."""

    @command
    def divide(self, by: Annotated[int, Meta(ge=0, le=3)]) -> int:
        self.emit(Deposited(1))
        return 6 // by

    @reducer
    def deposited(self, event: Deposited) -> None: ...


class LeakyMachine(EntityMachine[Leaky]):
    """A rule that does not hold."""

    @invariant()
    def nobody_owes(self) -> None:
        assert all(one.balance >= 0 for one in self.entities.values())


@pytest.mark.parametrize(
    ("found", "error", "why"),
    [
        (LeakyMachine, AssertionError, "assert"),
        (machine(Silent), AssertionError, "changed the state without an event"),
        (machine(Stumbling), ZeroDivisionError, "division"),
    ],
    ids=["invariant", "state", "error"],
)
def test_what_is_wrong_is_found(found: Any, error: type[Exception], why: str) -> None:
    with pytest.raises(error, match=why):
        run_state_machine_as_test(found, settings=settings(QUICK, max_examples=200))


def test_arguments_may_be_chosen_and_commands_left_out() -> None:
    """A strategy by a parameter's name, or for one command; refusals may be other errors too."""
    seen: set[tuple[str, int]] = set()

    class Chosen(EntityMachine[Stumbling]):
        ids: ClassVar = ["x", "y"]
        arguments: ClassVar = {"by": st.just(0), Stumbling.divide: {"by": st.sampled_from([2, 3])}}

        @invariant()
        def note(self) -> None:
            seen.update((id, self._past(id).version > 0) for id in self.entities)

    run_state_machine_as_test(Chosen, settings=QUICK)
    run_state_machine_as_test(machine(Stumbling, refusals=(ZeroDivisionError,)), settings=QUICK)
    assert seen == {("x", True), ("y", True)}


def test_mistakes_are_explained() -> None:
    with pytest.raises(TypeError, match="no command or query of Stumbling takes 'amount'"):
        machine(Stumbling, arguments={"amount": st.just(1)})
    with pytest.raises(TypeError, match="Stumbling has no command or query deposit"):
        machine(Stumbling, left_out=[Account.deposit])
    with pytest.raises(TypeError, match="derive it from EntityMachine"):
        type("Nothing", (EntityMachine,), {})()


def test_it_says_what_to_install_where_hypothesis_is_missing() -> None:
    program = """
import sys
sys.modules["hypothesis"] = None
sys.meta_path.insert(0, type("No", (), {"find_spec": staticmethod(lambda name, *_: None)}))
import importlib.util
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name == "hypothesis" else find(name, *more)
import actum.testing
try:
    import actum.testing.machine
except ImportError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert "pip install 'actum[testing]'" in done.stdout


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Line(Struct):
    sku: Annotated[str, Meta(min_length=1, max_length=4)]
    quantity: Annotated[int, Meta(gt=0, multiple_of=3, le=30)] = 3
    parts: list["Line"] = []


class Even(Struct):
    number: int

    def __post_init__(self) -> None:
        if self.number % 2:
            raise ValueError("odd")


class Pair(NamedTuple):
    left: int
    right: str


class Options(TypedDict, total=False):
    colour: Colour


ANNOTATIONS = [
    Line,
    Even,
    Pair,
    Options,
    Colour,
    UUID,
    Decimal,
    bytes,
    bool,
    None,
    Any,
    date,
    time,
    timedelta,
    datetime,
    Annotated[datetime, Meta(tz=False)],
    Literal["a", 3],
    Personal[str],
    int | None,
    dict[str, list[int]],
    tuple[int, str],
    tuple[float, ...],
    set[int],
    frozenset[Colour],
    Annotated[str, Meta(pattern=r"^[a-c]{2,3}$")],
    Annotated[float, Meta(ge=0, lt=1)],
    Annotated[float, Meta(gt=0, le=2)],
    Annotated[list[int], Meta(min_length=7)],
    Annotated[dict[int, str], Meta(max_length=2)],
    Annotated[bytes, Meta(max_length=3)],
]


@pytest.mark.parametrize("annotation", ANNOTATIONS, ids=str)
def test_values_fit_their_annotation_and_survive_json(annotation: Any) -> None:
    """Whatever bounds its Meta has, msgspec reads them back as they were."""

    @given(values_of(annotation))
    @settings(QUICK, max_examples=30)
    def fit(value: Any) -> None:
        assert msgspec.json.decode(msgspec.json.encode(value), type=annotation) == value

    fit()


def test_times_have_zones_and_bounds_are_reached() -> None:
    least = find(values_of(Annotated[int, Meta(ge=-3, le=7)]), lambda value: value < 0)
    at = find(values_of(datetime), lambda value: True)

    assert -3 <= least < 0
    assert at.tzinfo is not None
    assert at.astimezone(UTC).year >= 1899


def test_a_query_is_asked_too() -> None:
    asked: list[int] = []

    class Asked(Entity):
        @query
        def double(self, number: Annotated[int, Meta(ge=1, le=3)]) -> int:
            asked.append(number)
            return 2 * number

        @command
        def nothing(self) -> None: ...

    run_state_machine_as_test(machine(Asked), settings=QUICK)
    assert set(asked) == {1, 2, 3}
