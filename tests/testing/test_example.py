"""given, when, then: that examples pass when they are true, and say what differs when they are not."""

from datetime import UTC, datetime
from typing import Any, cast

import pytest
from msgspec import field

from actum import Entity, Event, Invalid, Rejected, command, query, reducer
from actum.errors import ImpureTurn, UndeclaredEvent
from actum.testing import given
from examples.bank.bank import Account, Deposited, Opened, Withdrawn


class Renamed(Event):
    name: str


class Measured(Event):
    values: tuple[float, ...]


class Board(Entity):
    """An entity that does, on demand, what an entity should not."""

    name: str = ""
    marks: list[int] = field(default_factory=list)
    changed: datetime | None = None

    @command
    def rename(self, name: str) -> str:
        self.emit(Renamed(name))
        return self.name

    @command
    def scribble(self, name: str) -> None:
        self.name = name

    @command
    def scribble_and_refuse(self, name: str) -> None:
        self.marks.append(len(name))
        raise Rejected("no", code="no", thing=name)

    @command
    def measure(self, values: Any) -> None:
        self.emit(Measured(values))

    @command
    def reply_a_list(self) -> tuple[int, ...]:
        return cast(Any, [1, 2])

    @command
    def refuse_with(self, fact: int) -> None:
        raise Rejected("no", fact={complex(0, fact)})

    @command
    def read_a_file(self) -> None:
        with open("/etc/hostname") as file:
            file.read()

    @command
    def emit_undeclared(self) -> None:
        self.emit(eval("Opened")("x"))

    @query
    def age(self) -> float:
        return (self.now - self.changed).total_seconds() if self.changed else 0.0

    @query
    def place(self) -> tuple[str, int]:
        return self.id, self.version

    @query
    def mark(self) -> None:
        self.marks.append(1)

    @reducer
    def renamed(self, event: Renamed) -> None:
        self.name = event.name
        self.changed = self.now

    @reducer
    def measured(self, event: Measured) -> None:
        self.marks.append(len(event.values))


def failure_of(example: Any) -> str:
    with pytest.raises(AssertionError) as caught:
        example()
    return str(caught.value)


def test_an_example_that_is_true_passes() -> None:
    """Events, reply and state are compared, and further steps go on from there."""
    example = given(Account, Opened("ann"), Deposited(10)).when(Account.withdraw, 4)

    example.then(Withdrawn(4), reply=6).state(balance=6, owner="ann")
    example.when(Account.deposit, amount=1).then(Deposited(1), reply=7).when(Account.current_balance).then(
        reply=7
    )

    assert example.entity.balance == 6
    assert example.reply == 6


def test_a_refusal_is_told_by_its_message_code_and_facts() -> None:
    """Each that is given is compared, and the state stays as it was."""
    example = given(Account, Deposited(10)).when(Account.withdraw, 40)

    example.rejected().rejected("insufficient funds", code="insufficient_funds", balance=10).state(balance=10)
    example.when(Account.withdraw, 10).then(Withdrawn(10))

    assert failure_of(lambda: example.rejected(code="poor", balance=9, owner="ann")).splitlines()[1:] == [
        "code: (- expected, + actual)",
        "    - 'poor'",
        "    + 'insufficient_funds'",
        "balance: (- expected, + actual)",
        "    - 9",
        "    + 10",
        "owner: (- expected, + actual)",
        "    - 'ann'",
        "    + nothing",
    ]


def test_a_difference_is_shown_line_by_line() -> None:
    """The failure tells the example, then what was expected and what came, of events, reply and state."""
    example = given(Account, Opened("ann"), Deposited(10)).when(Account.withdraw, 4)

    assert failure_of(lambda: example.then(Opened("bob"), Withdrawn(5), reply=7)).splitlines() == [
        "given(Account, Opened(owner='ann'), Deposited(amount=10)).when(Account.withdraw, 4)",
        "events: (- expected, + actual)",
        "    - Opened(owner='bob')",
        "    - Withdrawn(amount=5)",
        "    + Withdrawn(amount=4)",
        "reply: (- expected, + actual)",
        "    - 7",
        "    + 6",
    ]
    assert "    - 5\n    + 6" in failure_of(lambda: example.state(balance=5))
    assert "    - nothing\n    + Withdrawn(amount=4)" in failure_of(example.then)
    assert "did not fail with Rejected: it emitted Withdrawn" in failure_of(example.rejected)


@pytest.mark.parametrize("look", ["then", "state", "when", "reply", "entity"])
def test_an_error_that_nobody_expected_fails_the_example(look: str) -> None:
    """Whatever is asked of a turn that failed, the answer is its error."""
    example: Any = given(Account).when(Account.withdraw, 4)

    arguments = (Account.current_balance,) if look == "when" else ()
    message = failure_of(
        lambda: getattr(example, look) if look in ("reply", "entity") else getattr(example, look)(*arguments)
    )

    assert (
        "failed with Rejected: insufficient funds (code 'insufficient_funds', facts {'balance': 0})"
        in message
    )


def test_another_error_than_the_expected_fails_the_example() -> None:
    """`raises` checks the class and the message, and `rejected` takes nothing but Rejected."""
    example: Any = given(Account).when(Account.deposit, -1)

    example.raises(Invalid).raises(Invalid, match="amount")

    assert "says" in failure_of(lambda: example.raises(Invalid, match="balance"))
    assert "failed with Invalid" in failure_of(example.rejected)
    assert "failed with Invalid" in failure_of(lambda: example.raises(KeyError))


def test_a_command_that_changes_a_field_without_an_event_is_caught() -> None:
    """The state must be the fold of the events, after a command, a refusal and a query alike."""
    example = given(Board, Renamed("old"))

    silent = failure_of(lambda: example.when(Board.scribble, "new"))
    refused = failure_of(lambda: example.when(Board.scribble_and_refuse, "new"))
    asked = failure_of(lambda: example.when(Board.mark))

    assert silent.splitlines()[1:] == [
        "scribble changed the state without an event that says so",
        "    name: 'new' in memory, 'old' when its events are folded",
    ]
    assert "marks: [3] in memory, [] when its events are folded" in refused
    assert "marks: [1] in memory" in asked


def test_what_does_not_survive_json_is_caught() -> None:
    """Events, replies, facts and the events that are given are compared with what is read back."""
    example = given(Board)

    assert "the event does not survive JSON: Measured(values=[1.5])" in failure_of(
        lambda: example.when(Board.measure, [1.5])
    )
    assert "the reply does not survive JSON: [1, 2] is read back as (1, 2)" in failure_of(
        lambda: example.when(Board.reply_a_list)
    )
    assert "the facts" in failure_of(lambda: example.when(Board.refuse_with, 1))
    wrong: Any = [1.5]
    assert "events do not survive JSON" in failure_of(lambda: given(Board, Measured(wrong)))


def test_id_version_and_time_can_be_said() -> None:
    """They are what the entity sees; a version says how much came before what is told."""
    noon, midnight = datetime(2031, 5, 6, 12, tzinfo=UTC), datetime(2031, 5, 7, tzinfo=UTC)

    example = given(Board, id="b7").at(version=41, time=noon).when(Board.rename, "x")

    example.when(Board.place).then(reply=("b7", 42))
    example.at(time=midnight).when(Board.age).then(reply=43_200.0)
    example.state(changed=noon)
    with pytest.raises(ValueError, match="too low"):
        given(Board, Renamed("a"), Renamed("b")).at(version=1)


def test_input_and_output_in_a_command_is_refused() -> None:
    """An example holds a command to what development mode holds it to."""
    given(Board).when(Board.read_a_file).raises(ImpureTurn, match="open")


def test_what_is_not_the_entitys_own_is_refused() -> None:
    """A command, query or event of another class is a mistake of the test, and is told as one."""
    with pytest.raises(TypeError, match="not a command or query of Board"):
        given(Board).when(Account.withdraw, 4)
    with pytest.raises(TypeError, match="Board does not declare Opened"):
        given(Board, Opened("ann"))
    given(Board).when(Board.emit_undeclared).raises(UndeclaredEvent)


class Named(Event):
    name: str


class Pet(Entity):
    name: str = ""

    @command
    def call(self, name: str) -> None:
        self.release("name", self.name)
        self.claim("name", name)
        self.emit(Named(name))

    @reducer
    def named(self, event: Named) -> None:
        self.name = event.name


def test_a_claim_is_expected_like_an_event() -> None:
    outcome = given(Pet, Named("rex")).when(Pet.call, "max").then(Named("max"))

    outcome.claimed("name", "max").released("name", "rex")
    with pytest.raises(AssertionError, match="name 'rex' was not claimed"):
        outcome.claimed("name", "rex")
    with pytest.raises(AssertionError, match="name 'max' was not released"):
        outcome.released("name", "max")


def test_what_another_entity_holds_is_taken() -> None:
    example = given(Pet, Named("rex")).held("name", "max")

    example.when(Pet.call, "max").taken("name")
    example.when(Pet.call, "leo").claimed("name", "leo").when(Pet.call, "max").taken("name")
    with pytest.raises(AssertionError, match="did not fail with Taken"):
        example.when(Pet.call, "leo").taken("name")
