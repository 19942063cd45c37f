"""given, when, then: the behaviour of an entity as an example."""

from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime, timedelta
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

from msgspec.structs import replace

from actum.errors import Rejected, Taken
from actum.model.deadlines.deadline import Change
from actum.model.deadlines.expiry import EXPIRY
from actum.model.deadlines.turn_deadlines import TurnDeadlines
from actum.model.entity import CommandType, Entity, entity_type
from actum.model.event import Event, to_datetime, to_microseconds
from actum.model.handler import Command, Handler
from actum.model.states.kept_state import changed_of
from actum.model.values.claim_value import canonical
from actum.model.workflows.workflow import Workflow
from actum.runtime.context.context import Context
from actum.runtime.context.workflow_reference import Runs
from actum.runtime.entities.input_output_guard import pure
from actum.testing.actions.action_example import ActionExample, given_action
from actum.testing.difference import CheckedOutcome, difference
from actum.testing.past import GivenHistory
from actum.testing.stored import GivenEvent, StoredEvent, emitted_of
from actum.testing.turn import HeldValue, Turn, run
from actum.testing.workflow_example import WorkflowExample, given_workflow

P = ParamSpec("P")
R = TypeVar("R")
ReplyT = TypeVar("ReplyT")
EntityT = TypeVar("EntityT", bound=Entity)

UNSAID: Any = object()


class Example(Generic[EntityT]):
    """An entity with a history, to send commands and queries to."""

    def __init__(self, past: GivenHistory, told: str, held: frozenset[HeldValue] = frozenset()) -> None:
        self._past = past
        self._told = told
        self._held = held

    def __repr__(self) -> str:
        return self._told

    def at(self, *, version: int | None = None, time: datetime | None = None) -> Self:
        """Sets the version that the entity is at, and the time in the turns that follow."""
        if version is not None:
            if version < self._past.version:
                raise ValueError(f"{version} is too low: {self!r} is at version {self._past.version} already")
            self._past = replace(self._past, before=version - len(self._past.history))
        if time is not None:
            self._past = replace(self._past, time=to_microseconds(time))
        return self

    def held(self, name: str, value: Any) -> Self:
        """Says that another entity of the kind holds a value, so a turn that claims it fails with Taken."""
        self._held |= {(name, canonical(name, value))}
        return self

    def when(self, asked: Handler[P, R], *arguments: P.args, **named: P.kwargs) -> "Outcome[EntityT, R]":
        """Sends a command, or asks a query: `when(Account.withdraw, 4)`.

        Raises AssertionError when events, state, arguments or reply do not survive JSON, or when the state is
        not the fold of the events, as after a command that changes a field and emits nothing.
        """
        declared = self._declared(asked)
        told = f"{self._told}.when({self._past.kind.cls.__name__}.{asked.name}{_listed(arguments, named)})"
        try:
            turn = run(self._past, declared, arguments, named, self._held)
        except AssertionError as failure:
            raise AssertionError(f"{told}\n{failure}") from failure.__cause__
        return Outcome(turn, told, self._held)

    def _declared(self, asked: Handler[..., Any]) -> CommandType:
        kind = self._past.kind
        declared = kind.commands.get(asked.name) or kind.queries.get(asked.name)
        if declared is None or asked.owner is None or not issubclass(kind.cls, asked.owner):
            raise TypeError(f"{asked!r} is not a command or query of {kind.cls.__name__}")
        return declared


class Outcome(CheckedOutcome, Example[EntityT], Generic[EntityT, ReplyT]):
    """The outcome of a command or query; another `when` continues from here."""

    def __init__(self, turn: Turn, told: str, held: frozenset[HeldValue] = frozenset()) -> None:
        super().__init__(turn.past, told, held)
        self._turn = turn
        self._is_error_told = turn.error is None

    def when(self, asked: Handler[P, R], *arguments: P.args, **named: P.kwargs) -> "Outcome[EntityT, R]":
        """Continues from the outcome of the turn before."""
        self._expect_success()
        return super().when(asked, *arguments, **named)

    def then(self, *events: Event, reply: ReplyT = UNSAID) -> Self:
        """Checks that exactly these events were emitted, and the reply, if one is given."""
        self._expect_success()
        lines = difference("events", events, self._turn.events)
        if reply is not UNSAID:
            lines += difference("reply", [reply], [self._turn.reply])
        return self._check(lines)

    def claimed(self, name: str, value: Any) -> Self:
        """Checks that the turn claimed a value, and did not release it afterwards."""
        return self._check_claim(name, value, is_released=False)

    def released(self, name: str, value: Any) -> Self:
        """Checks that the turn released a value, and did not claim it afterwards."""
        return self._check_claim(name, value, is_released=True)

    def taken(self, name: str) -> Self:
        """Checks that the turn failed because another entity holds what it claims under this name."""
        error = self._expect_error(Taken)
        assert isinstance(error, Taken)
        return self._check(difference("claim", [name], [error.name]))

    def scheduled(
        self,
        command: Command[P, Any],
        *,
        after: timedelta | None = None,
        at: datetime | None = None,
        name: str | None = None,
    ) -> "Callable[P, Outcome[EntityT, ReplyT]]":
        """Checks that the command set this deadline: `scheduled(Cart.expire, after=timedelta(days=30))()`.

        What it returns takes the arguments that the deadline's command is to get.
        """
        self._expect_success()
        told = self._deadlines()

        def check(*positional: P.args, **named: P.kwargs) -> "Outcome[EntityT, ReplyT]":
            wanted = TurnDeadlines(repr(self), self._past.kind.cls, self._past.kind.commands, self._past.time)
            wanted.schedule(command, after=after, at=at, name=name)(*positional, **named)
            [expected] = map(_shown, wanted.changed)
            return self._check([] if expected in told else difference("deadlines", [expected], told))

        return check

    def cancelled(self, deadline: str | Command[..., Any]) -> Self:
        """Checks that the command cancelled a deadline, given by its name or its command."""
        self._expect_success()
        told = self._deadlines()
        expected = _shown(Change(deadline if isinstance(deadline, str) else deadline.name))
        return self._check([] if expected in told else difference("deadlines", [expected], told))

    def _deadlines(self) -> list[str]:
        return [_shown(change) for change in self._turn.deadlines if change.name != EXPIRY]

    def state(self, **fields: Any) -> Self:
        """Checks fields of the state as the turn left it."""
        self._expect_success()
        lines: list[str] = []
        for name, expected in fields.items():
            lines += difference(name, [expected], [getattr(self._turn.instance.state, name)])
        return self._check(lines)

    @property
    def reply(self) -> ReplyT:
        """What was replied."""
        self._expect_success()
        reply: ReplyT = self._turn.reply
        return reply

    @property
    def entity(self) -> EntityT:
        """The entity as the turn left it; read only."""
        self._expect_success()
        entity: EntityT = self._turn.instance.state
        return entity

    def _expect_success(self) -> None:
        if not self._is_error_told:
            error = self._turn.error
            code = f" (code {error.code!r}, facts {error.facts!r})" if isinstance(error, Rejected) else ""
            raise AssertionError(f"{self!r}\nfailed with {type(error).__name__}: {error}{code}") from error

    def _expect_error(self, kind: type[Exception]) -> Exception:
        error = self._turn.error
        if error is None:
            emitted = ", ".join(map(repr, self._turn.events)) or "nothing"
            raise AssertionError(
                f"{self!r}\ndid not fail with {kind.__name__}: "
                f"it emitted {emitted} and replied {self._turn.reply!r}"
            )
        if not isinstance(error, kind):
            self._is_error_told = False
            self._expect_success()
        self._is_error_told = True
        return error

    def _check_claim(self, name: str, value: Any, *, is_released: bool) -> Self:
        self._expect_success()
        form = canonical(name, value)
        last = [change for *key, change in self._turn.claims if key == [name, form]][-1:]
        if last == [is_released]:
            return self
        done = "released" if is_released else "claimed"
        raise AssertionError(f"{self!r}\n{name} {value!r} was not {done}")


@overload
def given(past: type[EntityT] | EntityT, *events: GivenEvent, id: str = "a") -> Example[EntityT]: ...


@overload
def given(past: Callable[[], Runs[Context, P, R]], *, id: str = "a") -> WorkflowExample[P, R]: ...


@overload
def given(
    past: Callable[Concatenate[Context, P], Coroutine[Any, Any, R]], *, id: str = "a"
) -> ActionExample[P, R]: ...


@overload
def given(past: Callable[P, Coroutine[Any, Any, R]], *, id: str = "a") -> ActionExample[P, R]: ...


def given(past: Any, *events: GivenEvent, id: str = "a") -> Any:
    """Starts an example: the past of an entity, its events or the state it keeps; a workflow; or an action.

        given(Account, Opened("ann"), Deposited(10)).when(Account.withdraw, 4).then(Withdrawn(4), reply=6)
        given(Account).when(Account.withdraw, 4).rejected(code="insufficient_funds", balance=0)
        given(Account, stored("Opened", 1, {"name": "ann"})).when(Account.deposit, 4).state(owner="ann")
        given(Settings(theme="dark")).when(Settings.set_theme, "light").state(theme="light")
        (await given(Transfer).answers(post, 41).when("ann", 30).signal(Approved("bob"))).then("done")
        (await given(refund, id="o-1").when(Cancelled("late"))).sends((Account.deposit, "ann", 30))

    From then on, input and output in commands and reducers is refused in this process.
    """
    if isinstance(past, type) and issubclass(past, Workflow):
        return given_workflow(past, id)
    if not isinstance(past, type | Entity):
        if events:
            raise TypeError(f"given({past!r}, …): an action gets its event by .when(event)")
        return given_action(past, id)
    if isinstance(past, Entity):
        return _given_entity(type(past), (changed_of(type(past))(past), *events), id)
    return _given_entity(past, events, id)


def _given_entity(cls: type[EntityT], events: tuple[GivenEvent, ...], id: str) -> Example[EntityT]:
    pure.enforce()
    kind = entity_type(cls)
    told = f"given({cls.__name__}{_listed(events, {})})"
    known = [reduction.event_type for reduction in kind.reductions.values()]
    try:
        emitted = [emitted_of(event, known, cls.__name__) for event in events]
    except TypeError as error:
        raise TypeError(f"{told}: {error}") from None
    except AssertionError as failure:
        raise AssertionError(f"{told}\n{failure}") from failure.__cause__
    history = GivenHistory(kind, id).then(emitted)
    read = history.events()
    pairs = zip(events, read, strict=True)
    told_of = [event if isinstance(one, StoredEvent) else one for one, event in pairs]
    lines = difference("events do not survive JSON", told_of, read)
    if lines:
        raise AssertionError("\n".join([told, *lines]))
    return Example(history, told)


def _shown(change: Change) -> str:
    """Returns a deadline as a failure shows it."""
    if not change.is_set:
        return f"{change.name}: cancelled"
    how = f"after {timedelta(microseconds=change.span)}" if change.span else f"at {to_datetime(change.due)}"
    return f"{change.name}: {change.command}{bytes(change.arguments).decode()} {how}"


def _listed(arguments: tuple[Any, ...], named: Mapping[str, Any]) -> str:
    shown = [repr(argument) for argument in arguments] + [
        f"{name}={value!r}" for name, value in named.items()
    ]
    return "".join(f", {one}" for one in shown)
