"""Event, the immutable fact that an author declares, and the forms in which it is stored and read."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Generic, TypeVar, dataclass_transform

import msgspec
from msgspec import Struct, StructMeta

from actum.errors import DefinitionError, Invalid, UnknownEvent, UnreadableEvent
from actum.model.code.function_kind import require_plain
from actum.model.error_text import error_text
from actum.model.name import check_declared
from actum.model.option import OF_STRUCTS, check_options, refused_class
from actum.model.people.sealing import SealedType, sealed_type
from actum.model.values.mismatch import mismatch
from actum.model.values.round_trip import RoundTrip
from actum.model.values.serialisable import check_serialisable, check_whole

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

OMITTED = "a value equal to a default would not be stored, and would change when the default changes"
UNKEPT = {
    "array_like": "its stored fields would have no names, so no upcast could change them; leave it out",
    "omit_defaults": f"{OMITTED}; leave it out",
}
"""The struct options that would let the meaning of history change, and why."""

Payload = dict[str, Any]
Upcast = Callable[[Payload], Payload]
UpcastT = TypeVar("UpcastT", bound=Upcast)


def to_datetime(microseconds: int) -> datetime:
    """Converts microseconds since 1970 (UTC), the unit in which times are stored, into a datetime."""
    return EPOCH + timedelta(microseconds=microseconds)


def to_microseconds(moment: datetime) -> int:
    """Converts an aware datetime into microseconds since 1970 (UTC); raises Invalid for a naive one."""
    if moment.tzinfo is None:
        raise Invalid(f"{moment!r} has no time zone: give it one, for example tzinfo=timezone.utc")
    return (moment - EPOCH) // timedelta(microseconds=1)


def _not_read(payload: bytes) -> Any:
    raise AssertionError("an event type reads nothing before it was compiled")


class EventType:
    """What Actum knows about one event class: its stored name and version, and how its payload is read."""

    __slots__ = (
        "_decode",
        "_trips",
        "cls",
        "decode_raw",
        "encode",
        "is_open",
        "name",
        "payload_class",
        "read_payload",
        "sealed",
        "unwrap",
        "upcasts",
        "version",
        "wrap",
    )

    def __init__(self, cls: "type[Event]", name: str, version: int) -> None:
        self.cls: type[Event] = cls
        self.name: str = name
        self.version: int = version
        self.upcasts: dict[int, Upcast] = {}
        self.encode: Callable[[Any], bytes] = msgspec.json.Encoder().encode
        self.decode_raw: Callable[[bytes], Payload] = msgspec.json.Decoder(dict[str, Any]).decode
        # An event whose payload is that of another class, its content, wraps what was read of that.
        self.payload_class: type[Any] = cls
        self.wrap: Callable[[Any], Event] | None = None
        self.unwrap: Callable[[Event], Any] | None = None
        self.read_payload: Callable[[bytes], Any] = _not_read
        self._decode: Callable[[bytes], Event] | None = None
        self._trips: list[tuple[str, RoundTrip]] = []
        self.is_open: bool = True
        self.sealed: SealedType | None = None

    def __repr__(self) -> str:
        return f"<EventType {self.name} v{self.version}>"

    @property
    def decode(self) -> "Callable[[bytes], Event]":
        """Reads a payload of the current version, validating it against the class's annotations."""
        if self._decode is None:
            try:
                read = msgspec.json.Decoder(self.payload_class).decode
            except (TypeError, NameError) as error:
                raise DefinitionError(f"event {self.name}: {error}; use types that JSON can hold") from error
            write: Callable[[Any], bytes] = msgspec.json.Encoder().encode
            unwrap, wrap = self.unwrap, self.wrap
            self.sealed = sealed_type(self.payload_class, f"event {self.name}")
            if self.sealed is not None:
                read, write = self.sealed.opening(read), self.sealed.encoding(write)
            self.read_payload = read
            self.encode = write if unwrap is None else lambda event: write(unwrap(event))
            self._decode = read if wrap is None else lambda payload: wrap(read(payload))
        return self._decode

    def check(self) -> None:
        """Raises DefinitionError for a declaration whose events JSON could not hold or preserve."""
        if self._trips or not self.is_open:
            return
        config = self.cls.__struct_config__
        for option, why in UNKEPT.items():
            if getattr(config, option):
                raise DefinitionError(f"event {self.name} is declared with {option}=True: {why}")
        try:
            fields = msgspec.structs.fields(self.cls)
        except (TypeError, NameError) as error:
            raise DefinitionError(f"event {self.name}: {error}; use types that JSON can hold") from error
        for field in fields:
            check_serialisable(field.type, f"event {self.name}: {field.name}")
        check_serialisable(self.cls, f"event {self.name}")
        check_whole(self.cls, f"event {self.name}", OMITTED)
        self._trips = [(field.name, RoundTrip(field.type)) for field in fields]
        self.is_open = any(trip.is_open for _, trip in self._trips)
        _ = self.decode  # Only then is known whether it has personal values.

    def fault(self, event: "Event", kept: "Event") -> str | None:
        """Says where an event differs from what it is read back as; None if nowhere."""
        for name, trip in self._trips:
            fault = trip.between(getattr(event, name), getattr(kept, name))
            if fault is not None:
                return f"{name}: {fault}"
        return None

    def mismatch(self, event: "Event") -> str | None:
        """Says which field has a value of another type than its annotation's; None if none has."""
        for field in msgspec.structs.fields(self.cls):
            found = mismatch(field.type, getattr(event, field.name))
            if found is not None:
                return f"{self.cls.__name__}.{field.name} {found}"
        return None

    def read(self, payload: bytes, version: int) -> "Event":
        """Reads a payload that was stored at `version`, upcasting it to the current shape.

        Raises UnknownEvent if an upcast is missing, and UnreadableEvent if the result does not fit the class.
        """
        if version == self.version:
            try:
                return self.decode(payload)
            except msgspec.DecodeError as error:
                raise self.unreadable(error) from error
        return self._upcast(payload, version)

    def unreadable(self, error: msgspec.DecodeError) -> UnreadableEvent:
        """Returns the error for a payload of the current version that does not fit the class."""
        name = self.cls.__name__
        return UnreadableEvent(
            f"a stored event {self.name!r} does not fit the class {name} ({error}). "
            f"If a field is new, give it a default, with which stored events that lack it are read. If its "
            f"shape has changed in another way, write version={self.version + 1} in its class statement, and "
            f"add @{name}.upcast({self.version})"
        )

    def _upcast(self, payload: bytes, version: int) -> "Event":
        raw = self.decode_raw(payload)
        for step in range(version, self.version):
            if step not in self.upcasts:
                raise UnknownEvent(
                    f"event {self.name} was stored at version {version}, and there is no upcast from {step} "
                    f"to {step + 1}: add @{self.cls.__name__}.upcast({step})"
                )
            try:
                raw = self.upcasts[step](raw)
            except Exception as error:
                raise UnreadableEvent(
                    f"event {self.name} was stored at version {version}, and its upcast from {step} failed: "
                    f"{error_text(error)}"
                ) from error
        if version > self.version:
            raise UnknownEvent(
                f"event {self.name} was stored at version {version} by a newer program; "
                f"this program knows only versions up to {self.version}: deploy the newer one"
            )
        try:
            # Through JSON, so that keys that are not text, and times, are read as without upcasts.
            return self.decode(msgspec.json.encode(raw))
        except (msgspec.MsgspecError, TypeError) as error:
            raise UnreadableEvent(
                f"event {self.name} was stored at version {version}, and the result of its upcasts does not "
                f"fit the class {self.cls.__name__}: {error}"
            ) from error


OPTIONS = OF_STRUCTS | {"name", "version"}
"""The options that a class statement may have."""


@dataclass_transform(frozen_default=True, field_specifiers=(msgspec.field,))
class EventMeta(StructMeta):
    """Makes event classes frozen structs, and takes `name=` and `version=` from the class statement."""

    def __new__(
        mcls,
        class_name: str,
        bases: tuple[type, ...],
        namespace: dict[str, Any],
        /,
        *,
        name: str | None = None,
        version: int = 1,
        **config: Any,
    ) -> "EventMeta":
        check_options(f"class {class_name}(Event)", config, OPTIONS)
        if config.get("frozen") is False:
            raise DefinitionError(
                f"event {class_name} is mutable, but a fact never changes: remove frozen=False"
            )
        if version < 1:
            raise DefinitionError(f"event {class_name} has version {version}: versions start at 1")
        check_declared(name or class_name, "an event's name")
        options: dict[str, Any] = {"frozen": True, **config}
        try:
            cls = super().__new__(mcls, class_name, bases, namespace, **options)
        except TypeError as error:
            why = (
                "with which stored events, that lack it, are read; or write version=2 and an upcast: "
                f"class {class_name}(Event, version={version + 1})"
            )
            raise refused_class(f"event {class_name}", error, why) from error
        cls.__event_type__ = EventType(cls, name or class_name, version)  # type: ignore[attr-defined, arg-type]
        return cls


class Event(Struct, metaclass=EventMeta):
    """A fact: something that happened, said in the past tense, which never changes afterwards.

    Fields are plain annotated values that JSON can hold. Its stored name is the class name unless the class
    statement says `name=`; raise `version=` when the shape changes, and say with `upcast` how an older
    payload becomes today's:

        class Opened(Event, version=2):
            owner: str
            branch: str

        @Opened.upcast(1)
        def add_branch(payload: dict) -> dict:
            return payload | {"branch": "main"}
    """

    __event_type__: ClassVar[EventType]

    @classmethod
    def upcast(cls, from_version: int) -> Callable[[UpcastT], UpcastT]:
        """Declares how a payload of `from_version` becomes one of the version after it."""
        event_type = cls.__event_type__
        if not 1 <= from_version < event_type.version:
            raise DefinitionError(
                f"event {event_type.name} is at version {event_type.version}, so it cannot have an upcast "
                f"from {from_version}: raise version= in its class statement"
            )

        def keep(function: UpcastT) -> UpcastT:
            require_plain(f"event {event_type.name}: the upcast", function)
            event_type.upcasts[from_version] = function
            return function

        return keep


EventT = TypeVar("EventT", bound=Event)


class Metadata(Struct, frozen=True, omit_defaults=True):
    """Where an event came from: the command, and the ids that tie it to what caused it.

    `traceparent` is the trace that it was written in (W3C Trace Context), "" where that is not recorded.
    """

    command: str = ""
    correlation_id: str = ""
    causation_id: str = ""
    by: str = ""
    traceparent: str = ""


def read_metadata(written: bytes) -> Metadata:
    """Reads metadata; what an earlier version wrote and could not read again is read as near as can be."""
    try:
        return _decode_metadata(written)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _read_leniently(written)


def _read_leniently(written: bytes) -> Metadata:
    """Reads half characters as replaced, missing values as none, and other values as text."""
    try:
        found: Any = msgspec.json.decode(written.decode(errors="replace"))
    except msgspec.DecodeError:
        return Metadata()
    if not isinstance(found, dict):
        return Metadata()
    known = {name: found.get(name) for name in Metadata.__struct_fields__}
    return Metadata(**{name: str(value) for name, value in known.items() if value is not None})


def with_field(metadata: bytes, name: str, value: Any) -> bytes:
    """Returns metadata, as JSON, with one more field; readers of Metadata pass over it."""
    return with_json_field(metadata, name.encode(), msgspec.json.encode(value))


def with_json_field(metadata: bytes, name: bytes, value: bytes) -> bytes:
    """Returns metadata, as JSON, with one more field, whose value is JSON already."""
    comma = b"" if metadata == b"{}" else b","
    return b'%b%b"%b":%b}' % (metadata[:-1], comma, name, value)


_decode_metadata: Callable[[bytes], Metadata] = msgspec.json.Decoder(Metadata).decode
write_metadata: Callable[[Metadata], bytes] = msgspec.json.Encoder().encode


class Stored(Struct, frozen=True, array_like=True, gc=False):
    """An event as a journal keeps it; the payload and metadata stay bytes until someone needs them.

    `position` is its place in the whole journal and `version` its place in its stream, both from 1.
    `time` is in microseconds since 1970 (UTC).
    """

    position: int
    kind: str
    id: str
    version: int
    type: str
    type_version: int
    payload: bytes
    metadata: bytes
    time: int


class Recorded(Struct, Generic[EventT], frozen=True):
    """A fact with its place in history.

    `position` is its place in the whole journal and `version` its place in the history of the entity
    `kind`/`id`, both from 1. `type` is the event's stored name, which tells events apart over HTTP too.
    """

    event: EventT
    position: int
    kind: str
    id: str
    version: int
    time: datetime
    metadata: Metadata
    type: str = ""

    @classmethod
    def of(cls, event: EventT, stored: Stored) -> "Recorded[EventT]":
        """Joins a decoded event to the place where it was stored."""
        return Recorded(
            event,
            stored.position,
            stored.kind,
            stored.id,
            stored.version,
            to_datetime(stored.time),
            read_metadata(stored.metadata),
            stored.type,
        )
