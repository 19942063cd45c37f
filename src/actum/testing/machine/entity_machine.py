"""A state machine of hypothesis with a rule for each command of an entity, and what must always hold."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, Generic, TypeVar, get_args, get_origin

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from msgspec.structs import replace

from actum.errors import Invalid, NotFound, Rejected, Taken
from actum.model.deadlines.expiry import EXPIRY
from actum.model.entity import CommandType, Entity, EntityType, entity_type
from actum.model.event import Event, to_datetime, to_microseconds
from actum.model.handler import Handler
from actum.model.snapshots import restored
from actum.model.turn import Instance
from actum.runtime.entities.input_output_guard import pure
from actum.testing.machine.values import Values, values_of
from actum.testing.past import START, GivenHistory
from actum.testing.turn import HeldValue, Turn, run

EntityT = TypeVar("EntityT", bound=Entity)

Due = tuple[int, str, bytes]
"""A deadline: when it is due, the command, and its arguments as a JSON array."""
MAX_PAUSE = timedelta(days=60)


class EntityMachine(RuleBasedStateMachine, Generic[EntityT]):
    """Sends random commands to some entities of a class, and checks what must hold after each.

        class AccountMachine(EntityMachine[Account]):
            @invariant()
            def nobody_owes(self) -> None:
                assert all(account.balance >= 0 for account in self.entities.values())

        TestAccount = AccountMachine.TestCase

    There is a rule for each command and query, whose arguments are made from the annotations, and one that
    moves the time on, which sends the deadlines that are due. A command may refuse: by `Rejected`, `Taken`,
    `NotFound`, or as `refusals` say. Always checked: the state is the fold of the events; state, events,
    arguments and replies survive JSON; a refused command leaves nothing; a snapshot of the state and the
    events after it give the same state; versions have no gaps.

    Class attributes: `ids` of the entities; `arguments`, which are strategies by the name of a parameter, or
    dicts of those by a command; `left_out`, the commands and queries that are not sent.
    """

    entity: ClassVar[type[Entity]]
    ids: ClassVar[Sequence[str]] = ("a", "b", "c")
    arguments: ClassVar[Mapping[Any, Any]] = {}
    left_out: ClassVar[Sequence[Handler[..., Any]]] = ()
    refusals: ClassVar[tuple[type[Exception], ...]] = (Rejected, NotFound, Taken)
    max_pause: ClassVar[timedelta] = MAX_PAUSE

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for base in vars(cls).get("__orig_bases__", ()):
            named = get_args(base)
            if get_origin(base) is EntityMachine and isinstance(named[0], type):
                cls.entity = named[0]
        if hasattr(cls, "entity"):
            _add_rules(cls)

    def __init__(self) -> None:
        if not hasattr(type(self), "entity"):
            raise TypeError(f"{type(self).__name__} names no entity: derive it from EntityMachine[Account]")
        super().__init__()
        pure.enforce()
        self._kind: EntityType = entity_type(self.entity)
        self._time = to_microseconds(START)
        self._pasts: dict[str, GivenHistory] = {}
        self._instances: dict[str, Instance] = {}
        self._holders: dict[HeldValue, str] = {}
        self._deadlines: dict[tuple[str, str], Due] = {}

    @property
    def entities(self) -> dict[str, EntityT]:
        """The entities that exist, by id; read only."""
        return {id: instance.state for id, instance in self._instances.items() if instance.version}

    @property
    def now(self) -> datetime:
        """The time."""
        return to_datetime(self._time)

    def history(self, id: str) -> list[Event]:
        """Gives the events of an entity, in order."""
        return self._past(id).events()

    def _send(self, name: str, id: str, arguments: Mapping[str, Any]) -> None:
        """Sends a command, or asks a query; arguments that JSON would not preserve are refused before."""
        declared = self._kind.commands.get(name) or self._kind.queries[name]
        try:
            bound = declared.signature.bind((), dict(arguments))
        except Invalid as error:
            note(f"these arguments are invalid: {error}")
            return
        self._turn(declared, id, bound)

    def _wait(self, pause: timedelta) -> None:
        """Moves the time on, and sends the commands of the deadlines that are due on the way."""
        end = self._time + pause // timedelta(microseconds=1)
        while self._deadlines:
            key = min(self._deadlines, key=lambda one: (self._deadlines[one][0], one))
            due, command, arguments = self._deadlines[key]
            if due > end:
                break
            del self._deadlines[key]
            self._time = max(self._time, due)
            id, name = key
            if name == EXPIRY:
                self._erase(id)
                continue
            declared = self._kind.commands[command]
            note(f"{name} of {id} is due")
            self._turn(declared, id, declared.signature.bind_json(arguments))
        self._time = end

    def _turn(self, declared: CommandType, id: str, bound: tuple[Any, ...]) -> None:
        past = replace(self._past(id), time=self._time)
        held = {value for value, holder in self._holders.items() if holder != id}
        before = past.fold()
        turn = run(past, declared, bound, {}, held)
        if turn.error is not None:
            if not isinstance(turn.error, self.refusals):
                raise turn.error
            return
        self._check_versions(turn)
        self._check_snapshot(before, turn)
        self._pasts[id] = turn.past
        self._instances[id] = turn.past.fold()
        self._keep_claims(id, turn)
        for change in turn.deadlines:
            key = (id, change.name)
            self._deadlines.pop(key, None)
            if change.is_set:
                self._deadlines[key] = (change.due, change.command, bytes(change.arguments))

    def _past(self, id: str) -> GivenHistory:
        return self._pasts.get(id) or GivenHistory(self._kind, id)

    def _keep_claims(self, id: str, turn: Turn) -> None:
        for name, form, is_released in turn.claims:
            value = (name, form)
            if not is_released:
                self._holders[value] = id
            elif self._holders.get(value) == id:
                del self._holders[value]

    def _erase(self, id: str) -> None:
        self._pasts.pop(id, None)
        self._instances.pop(id, None)
        self._holders = {value: holder for value, holder in self._holders.items() if holder != id}
        self._deadlines = {key: due for key, due in self._deadlines.items() if key[0] != id}

    def _check_versions(self, turn: Turn) -> None:
        versions = [stored.version for stored in turn.past.history]
        if versions != list(range(1, len(versions) + 1)):
            raise AssertionError(f"the versions of {turn.past.id} have gaps: {versions}")

    def _check_snapshot(self, before: Instance, turn: Turn) -> None:
        """Raises AssertionError if a snapshot before the turn, and its events, give another state."""
        again = restored(self._kind, before.id, before.snapshot(), version=before.version, time=before.time)
        again.replay(turn.past.history[before.version :])
        whole = turn.past.fold()
        for name in self._kind.fields:
            of_snapshot, of_events = getattr(again.state, name), getattr(whole.state, name)
            if of_snapshot != of_events:
                raise AssertionError(
                    f"{name}: {of_snapshot!r} from a snapshot at version {before.version}, "
                    f"{of_events!r} from all events"
                )


def machine(
    cls: type[EntityT],
    *,
    ids: Sequence[str] = EntityMachine.ids,
    arguments: Mapping[Any, Any] | None = None,
    left_out: Sequence[Handler[..., Any]] = (),
    refusals: tuple[type[Exception], ...] = EntityMachine.refusals,
) -> type[EntityMachine[EntityT]]:
    """Gives the state machine of an entity, for one without invariants of its own.

    TestAccount = machine(Account).TestCase
    """
    given = {"entity": cls, "ids": ids, "arguments": arguments or {}, "left_out": left_out}
    return type(f"{cls.__name__}Machine", (EntityMachine,), {**given, "refusals": refusals})


def _add_rules(cls: type[EntityMachine[Any]]) -> None:
    kind = entity_type(cls.entity)
    left_out = {handler.name for handler in cls.left_out}
    unknown = sorted(left_out - {*kind.commands, *kind.queries})
    if unknown:
        raise TypeError(f"left_out: {kind.name} has no command or query {', '.join(unknown)}")
    _check_arguments(cls, kind)
    ids = st.sampled_from(list(cls.ids))
    for prefix, declared in (("send", kind.commands), ("ask", kind.queries)):
        for name, command in declared.items():
            method = f"{prefix}_{name}"
            if name in left_out:
                setattr(cls, method, None)
                continue
            chosen = _chosen(cls, name)
            values = {
                parameter: chosen[parameter] if parameter in chosen else values_of(annotation)
                for parameter, annotation in command.signature.parameters.items()
            }
            setattr(cls, method, _rule_of(method, name, ids, values))
    pauses = st.timedeltas(timedelta(), cls.max_pause)

    def wait(self: EntityMachine[Any], pause: timedelta) -> None:
        self._wait(pause)

    cls.wait = rule(pause=pauses)(wait)


def _rule_of(method: str, name: str, ids: Values, values: Mapping[str, Values]) -> Any:
    def send(self: EntityMachine[Any], id: str, arguments: Mapping[str, Any]) -> None:
        self._send(name, id, arguments)

    send.__name__ = send.__qualname__ = method
    made: Callable[..., Any] = rule(id=ids, arguments=st.fixed_dictionaries(dict(values)))
    return made(send)


def _chosen(cls: type[EntityMachine[Any]], command: str) -> dict[str, Values]:
    """Gives the strategies that the author has chosen for a command's parameters."""
    general = {name: values for name, values in cls.arguments.items() if isinstance(name, str)}
    for handler, own in cls.arguments.items():
        if isinstance(handler, Handler) and handler.name == command:
            general |= own
    return general


def _check_arguments(cls: type[EntityMachine[Any]], kind: EntityType) -> None:
    handlers = {**kind.commands, **kind.queries}
    known = {name for one in handlers.values() for name in one.signature.parameters}
    for named, given in cls.arguments.items():
        if isinstance(named, Handler) and named.name in handlers:
            unknown = sorted(set(given) - set(handlers[named.name].signature.parameters))
        else:
            unknown = [] if named in known else [repr(named)]
        if unknown:
            raise TypeError(f"arguments: no command or query of {kind.name} takes {', '.join(unknown)}")
