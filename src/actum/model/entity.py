"""Entity, the class that declares one kind of thing with its commands, and what Actum compiles from it."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import cached_property
from inspect import unwrap
from typing import Any, ClassVar, Literal, ParamSpec, Protocol, dataclass_transform

import msgspec
from msgspec import Struct, StructMeta
from msgspec import inspect as types

from actum.errors import DefinitionError
from actum.model.code.harmless import Harmless
from actum.model.code.place import blamed_on
from actum.model.code.source import called_on_self
from actum.model.deadlines.expiry import expiring, span_of
from actum.model.deadlines.turn_deadlines import TurnDeadlines
from actum.model.deletion import Deleted
from actum.model.event import Event, to_datetime
from actum.model.handler import Command, Existence, Query, StateQuery
from actum.model.name import check_declared
from actum.model.option import OF_STRUCTS, check_options, refused_class
from actum.model.people.of_entity import PersonalData, personal_data
from actum.model.reduction import Reduction, inherited, reductions_of, refuse_returned_events
from actum.model.signature import Signature
from actum.model.states.existence import requiring
from actum.model.states.kept_state import KEPT, KeptOptions, changed_of, keeping, take_state
from actum.model.values.fingerprint import fingerprint
from actum.model.values.serialisable import check_serialisable
from actum.model.values.state import StateType

P = ParamSpec("P")

RESERVED = frozenset({"id", "version", "exists", "now", "emit"})
CLAIMING = ("claim", "release")
IMMUTABLE = (
    types.NoneType,
    types.BoolType,
    types.IntType,
    types.FloatType,
    types.StrType,
    types.BytesType,
    types.DateTimeType,
    types.DateType,
    types.TimeType,
    types.TimeDeltaType,
    types.UUIDType,
    types.DecimalType,
    types.EnumType,
    types.LiteralType,
)


class Place(Protocol):
    """Where a state stands in its stream, and what receives the events that it emits."""

    id: str
    version: int
    time: int

    def emit(self, event: Event) -> None:
        """Records an event of the running turn."""

    def change_claim(self, name: str, value: Any, *, is_released: bool) -> None:
        """Records that the running turn claims a value, or releases it."""

    def turn_deadlines(self) -> TurnDeadlines:
        """Returns what records the deadlines of the running turn."""
        ...

    def keep_state(self, before: bytes) -> None:
        """Records the state if the running turn has changed it from what it was before."""


OPTIONS = OF_STRUCTS | {"emits", "expires_after", "keeps", "name", "person", "snapshot_every", "version"}
"""The options that a class statement may have."""


@dataclass_transform(field_specifiers=(msgspec.field,))
class EntityMeta(StructMeta):
    """Makes entity classes structs, and takes their options from the class statement."""

    def __new__(
        mcls,
        class_name: str,
        bases: tuple[type, ...],
        namespace: dict[str, Any],
        /,
        *,
        name: str | None = None,
        emits: Iterable[type[Event]] | type[Event] = (),
        version: int = 1,
        snapshot_every: int = 100,
        expires_after: timedelta | None = None,
        keeps: Literal["events", "state"] = "events",
        person: str | None = None,
        **config: Any,
    ) -> "EntityMeta":
        check_options(f"class {class_name}(Entity)", config, OPTIONS)
        options: dict[str, Any] = {"dict": True, **config}
        check_declared(name or class_name, "an entity's name")
        span = span_of(f"entity {class_name}", expires_after)
        try:
            cls = super().__new__(mcls, class_name, bases, namespace, **options)
        except TypeError as error:
            why = "which it has before its first event"
            raise refused_class(f"entity {class_name}", error, why) from error
        listed = (emits,) if isinstance(emits, type) else tuple(emits)
        cls.__entity_options__ = EntityOptions(  # type: ignore[attr-defined]
            name or class_name, listed, version, snapshot_every, span, person
        )
        if keeps == KEPT:
            cls.__kept_options__ = KeptOptions(name or class_name, version)  # type: ignore[attr-defined]
        elif keeps != "events":
            raise DefinitionError(f"entity {class_name}: keeps={keeps!r} must be 'events' or 'state'")
        return cls


class EntityOptions(Struct, frozen=True):
    """The class statement's options: `class A(Entity, name=…, emits=…, version=…, snapshot_every=…)`.

    `expires_after` is in microseconds; 0 for never. `person` says whose the personal values are: "id", or the
    name of a field.
    """

    name: str
    emits: tuple[type[Event], ...]
    version: int
    snapshot_every: int
    expires_after: int = 0
    person: str | None = None


class Entity(Struct, metaclass=EntityMeta):
    """A kind of thing: its state as typed fields with defaults, its commands, queries and reducers.

    Each id gets an instance of its own: an actor whose commands take effect one at a time. Options of the
    class statement: `name=` is the stored kind (by default the class name), `emits=` lists events that change
    no state, raise `version=` to discard snapshots, and `snapshot_every=` is the number of events between two
    snapshots (0: none). `expires_after=timedelta(days=30)` erases an entity that long after its last event.
    With `keeps="state"` it declares no events: commands set its fields, and only the newest state is kept.
    `person=` says whose its `Personal` values are: `"id"` if its id is that of a person, or the name of the
    field, of its events and its state, that holds the person's id.
    """

    __entity_options__: ClassVar[EntityOptions]
    __entity_type__: ClassVar["EntityType"]

    @property
    def id(self) -> str:
        """The entity's id."""
        return self._instance.id

    @property
    def version(self) -> int:
        """How many events its history holds, including those emitted in this turn; 0 before the first."""
        return self._instance.version

    @property
    def exists(self) -> bool:
        """Whether anything has happened to it yet."""
        return self._instance.version > 0

    @property
    def now(self) -> datetime:
        """The time of this turn (UTC); in a reducer, the time of the event."""
        return to_datetime(self._instance.time)

    def emit(self, event: Event) -> None:
        """Records an event: reduced into the state at once, and durable before the caller gets the reply."""
        try:
            instance = self.__dict__["instance"]
        except KeyError:
            raise _stands_alone(self) from None
        instance.emit(event)

    def claim(self, name: str, value: Any, /) -> None:
        """Claims a value for this entity: among those of its kind, one at a time holds it under this name.

            self.claim("email", email.lower())

        It lands with the command's events, of which there must be one at least. If another entity holds the
        value, nothing of the command lands, and its caller gets `Taken`. The entity holds the value until it
        releases it or is erased; claiming it again changes nothing. A value is text, a number, a bool, a
        UUID, an enum or a tuple of these, and is compared as it is: normalise it before. Only a digest is
        stored.
        """
        self._instance.change_claim(name, value, is_released=False)

    def release(self, name: str, value: Any, /) -> None:
        """Releases a value that this entity holds, with the command's events; otherwise does nothing."""
        self._instance.change_claim(name, value, is_released=True)

    def schedule(
        self,
        command: Command[P, Any],
        *,
        after: timedelta | None = None,
        at: datetime | None = None,
        name: str | None = None,
    ) -> Callable[P, None]:
        """Has a command sent to this entity later: a deadline, stored with the events of this command.

        `self.schedule(Cart.expire, after=timedelta(days=30))`; what it returns takes the arguments:
        `self.schedule(Account.close, at=when)("unused")`. A deadline is named after its command unless
        `name` is given; setting it again replaces it.
        """
        return self._instance.turn_deadlines().schedule(command, after=after, at=at, name=name)

    def _cancel(self, deadline: str | Command[..., Any]) -> None:
        """Cancels a deadline by its name, or by its command if it was given no name."""
        self._instance.turn_deadlines().cancel(deadline)

    # Any, so that type checkers allow a class its own command `cancel`; that calls super().cancel(…).
    cancel: ClassVar[Any] = _cancel

    @property
    def _instance(self) -> Place:
        try:
            instance: Place = self.__dict__["instance"]
        except KeyError:
            raise _stands_alone(self) from None
        return instance


class CommandType:
    """One command or query of an entity, compiled.

    After a command that is not `is_harmless`, a state with mutable values has to be checked for changes. One
    that `is_steady` is known to change the state only through reducers: nothing has to be watched.
    """

    __slots__ = ("existence", "function", "is_harmless", "is_steady", "may_emit", "name", "signature")

    def __init__(self, kind: str, handler: Command[..., Any] | Query[..., Any]) -> None:
        self.name: str = handler.name
        self.function: Callable[..., Any] = handler.function
        self.may_emit: bool = isinstance(handler, Command)
        where = f"{kind}.{handler.name}"
        with blamed_on(handler.function):
            if self.may_emit:
                refuse_returned_events(where, handler.function)
            self.signature: Signature = Signature(handler.function, where)
        self.existence: Existence = handler.existence if isinstance(handler, Command | StateQuery) else "any"
        self.is_harmless: bool = True  # True of a state of immutable values, which is restored anyway.
        self.is_steady: bool = False


class EntityType:
    """What Actum knows of one entity class, compiled once from its declaration."""

    def __init__(self, cls: type[Entity]) -> None:
        options = cls.__entity_options__
        self.cls = cls
        self.name: str = options.name
        self.snapshot_every: int = options.snapshot_every
        self.expires_after: int = options.expires_after
        self.keeps_state: bool = "__kept_options__" in vars(cls)
        self.commands: dict[str, CommandType] = {}
        self.queries: dict[str, CommandType] = {}
        self._collect_handlers()
        self._check_fields()
        self.reductions: dict[type[Event], Reduction] = self._reductions(options.emits)
        self._check_emitted()
        self.by_name: dict[str, Reduction] = {
            reduction.event_type.name: reduction for reduction in self.reductions.values()
        }
        self.fields: tuple[str, ...] = cls.__struct_fields__
        found = [(field.name, field.annotation, is_immutable(field.type)) for field in fields_of(cls)]
        self.states: StateType = StateType(found)
        self.is_plain: bool = all(is_fixed for _, _, is_fixed in found)
        self.is_doubtful: bool = self.states.is_doubtful
        self._find_harmless()
        self.write_state: Callable[[Any], bytes] = msgspec.json.Encoder().encode
        self.read_state: Callable[[bytes | str], Entity] = msgspec.json.Decoder(cls).decode
        self.personal: PersonalData | None = self._personal_data(options.person)
        self.fingerprint: str = fingerprint(cls, options.version, self.reductions.values())
        self._wrap_commands()

    def __repr__(self) -> str:
        return f"<EntityType {self.name}>"

    def _personal_data(self, person: str | None) -> PersonalData | None:
        """Finds the personal data, which a state is opened with when it is read."""
        handlers = {**self.commands, **self.queries}
        found = personal_data(self.cls, person, self.reductions.values(), handlers)
        if found is not None and found.state is not None:
            self.read_state = found.state.opening(self.read_state)
        return found

    def _collect_handlers(self) -> None:
        for name in dir(self.cls):
            handler = getattr(self.cls, name, None)
            if isinstance(handler, Query) and handler.sql is not None:
                raise DefinitionError(
                    f"{self.cls.__name__}.{name}: SQL queries belong to views; write a plain @query here"
                )
            if isinstance(handler, Command):
                self.commands[name] = CommandType(self.name, handler)
            elif isinstance(handler, Query):
                self.queries[name] = CommandType(self.name, handler)

    def _reductions(self, emits: Iterable[type[Event]]) -> dict[type[Event], Reduction]:
        name = self.cls.__name__
        found = reductions_of(self.cls, may_ask_for_recorded=False)
        if self.keeps_state:
            if found or emits:
                raise DefinitionError(
                    f"{name} keeps its state alone, so it has no events and no reducers: set its fields in "
                    'commands, and remove emits= and @reducer; or remove keeps="state"'
                )
            changed = changed_of(self.cls)
            found[changed] = Reduction(changed.__event_type__, take_state)
        for reduction in found.values():
            if reduction.key is not None:
                raise DefinitionError(
                    f"{name}: @reducer(key=…) is for views. An entity's reducer has no key: remove it"
                )
        own = dict(found)
        for event in emits:
            unreduced = inherited(event, own) or Reduction(event.__event_type__, None)
            found.setdefault(event, unreduced)
        if Deleted in found:
            raise DefinitionError(
                f"{name} has a reducer of Deleted, but an erased entity has no state left: "
                "handle Deleted in a view, or in an action with on(Deleted)"
            )
        for reduction in found.values():
            with blamed_on(reduction.event_type.cls):
                reduction.event_type.check()
        return found

    def _check_fields(self) -> None:
        name = self.cls.__name__
        for taken in RESERVED & set(self.cls.__struct_fields__):
            raise DefinitionError(
                f"{name}.{taken}: every entity has `{taken}` already; give the field another name"
            )
        try:
            self.cls()
        except TypeError as error:
            raise DefinitionError(
                f"{name}: {error}; every field of an entity needs a default, used before its first event"
            ) from error
        for field in fields_of(self.cls):
            check_serialisable(field.annotation, f"{name}.{field.name}")
            if callable(field.default):
                raise DefinitionError(f"{name}.{field.name} is both a field and a method; rename one of them")
        check_serialisable(self.cls, name)

    def _wrap_commands(self) -> None:
        """Adds what options of the class, or of a command or query, ask for; without options nothing."""
        if self.keeps_state:
            self.snapshot_every = 0
            self._check_unscheduled()
        for command in self.commands.values():
            if self.keeps_state:
                command.function = keeping(command.function, self.write_state, self.read_state)
                command.is_harmless = command.is_steady = True
            if self.expires_after:
                command.function = expiring(command.function, self.expires_after, at_each=self.keeps_state)
        for handler in (*self.commands.values(), *self.queries.values()):
            handler.function = requiring(handler.function, handler.existence)

    def _check_unscheduled(self) -> None:
        if self.cls.schedule is not Entity.schedule:
            return
        for command in self.commands.values():
            if "schedule" in called_on_self(command.function):
                raise DefinitionError(
                    f"{self.name}.{command.name} schedules a deadline, which is stored with events, and the "
                    f"entity keeps its state alone: let an action on Changed[{self.cls.__name__}] use "
                    "ctx.schedule, or let the entity declare events"
                )

    def _find_harmless(self) -> None:
        handlers = [*self.commands.values(), *self.queries.values()]
        reached = [field.annotation for field in fields_of(self.cls)]
        reached += [annotation for one in handlers for annotation in one.signature.parameters.values()]
        harmless = Harmless(self.cls, [*reached, *self.reductions])
        for handler in handlers:
            allowed = harmless.allows(handler.function)
            handler.is_harmless = self.is_plain or allowed
            handler.is_steady = allowed and (self.is_plain or (handler.may_emit and not self.states.deep))

    @cached_property
    def claiming(self) -> str | None:
        """The name of a command whose own code claims or releases values; None if there is none."""
        own = {name for name in CLAIMING if getattr(self.cls, name) is getattr(Entity, name)}
        for command in self.commands.values():
            if not own.isdisjoint(called_on_self(unwrap(command.function))):
                return command.name
        return None

    def _check_emitted(self) -> None:
        """Refuses events that a command emits and nothing declares, as far as its code names them."""
        for command in self.commands.values():
            with blamed_on(command.function):
                self._check_emitted_by(command)

    def _check_emitted_by(self, command: CommandType) -> None:
        code = getattr(command.function, "__code__", None)
        if code is None or "emit" not in code.co_names:
            return
        names = {name: command.function.__globals__.get(name) for name in code.co_names}
        cells = zip(code.co_freevars, command.function.__closure__ or (), strict=True)
        names |= {name: cell.cell_contents for name, cell in cells if _is_filled(cell)}
        for name, value in names.items():
            if isinstance(value, type) and issubclass(value, Event) and value not in self.reductions:
                owner = self.cls.__name__
                raise DefinitionError(
                    f"{self.name}.{command.name} emits {name}, which no reducer of {owner} takes: "
                    f"add a @reducer for it, or list it: class {owner}(Entity, emits=[{name}])"
                )


class Field(Struct, frozen=True):
    """One field of an entity or view: its annotation as written, and as msgspec understands it."""

    name: str
    annotation: Any
    type: types.Type
    default: Any


def fields_of(cls: type[Struct]) -> list[Field]:
    """Returns the fields of a struct class, in order."""
    try:
        info = types.type_info(cls)
        hints = msgspec.structs.fields(cls)
    except (TypeError, NameError) as error:
        raise DefinitionError(f"{cls.__name__}: {error}; use types that JSON can hold") from error
    assert isinstance(info, types.StructType)
    return [
        Field(hint.name, hint.type, field.type, hint.default)
        for hint, field in zip(hints, info.fields, strict=True)
    ]


def is_immutable(kind: types.Type) -> bool:
    """Whether values of a type can be shared, because nobody can change them."""
    match kind:
        case types.Metadata():
            return is_immutable(kind.type)
        case types.UnionType():
            return all(is_immutable(part) for part in kind.types)
        case types.TupleType():
            return all(is_immutable(part) for part in kind.item_types)
        case types.VarTupleType() | types.FrozenSetType():
            return is_immutable(kind.item_type)
        case types.StructType():
            return kind.cls.__struct_config__.frozen and all(
                is_immutable(field.type) for field in kind.fields
            )
        case _:
            return isinstance(kind, IMMUTABLE)


def entity_type(cls: type[Entity]) -> EntityType:
    """Returns what is compiled from an entity class; the first call compiles it."""
    found = cls.__dict__.get("__entity_type__")
    if found is None:
        with blamed_on(cls):
            found = cls.__entity_type__ = EntityType(cls)
    return found


def _is_filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:
        return False


def _stands_alone(entity: Entity) -> DefinitionError:
    name = type(entity).__name__
    return DefinitionError(
        f"this {name} has no id and no history. Send commands through `ctx.entity({name}, id)`, "
        f"and test them with `given({name}).when(…)`"
    )
