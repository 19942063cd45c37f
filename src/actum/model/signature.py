"""Signatures: binds and validates a handler's arguments, writes them as JSON, and checks its reply."""

import inspect
import re
from collections.abc import Callable
from types import UnionType
from typing import Any, Self, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct, convert
from msgspec.json import encode
from msgspec.structs import astuple as as_tuple

from actum.errors import DefinitionError, Invalid, WrongReply
from actum.model.event import Event
from actum.model.people.sealing import SealedType, sealed_type
from actum.model.values.number_enum import Enums, number_enums, without_members
from actum.model.values.round_trip import LOST, RoundTrip, reason_of, short_repr
from actum.model.values.serialisable import check_default, check_serialisable, display

__all__ = ["Signature", "check_serialisable", "display", "hints_of"]

SCALARS: dict[Any, type] = {  # Not float, nor str: JSON has no place for NaN, or for half a character.
    int: int,
    bool: bool,
    None: type(None),
    type(None): type(None),
}
POSITION = re.compile(r"`\$\[(\d+)\](.*)`$")


def hints_of(function: Callable[..., Any]) -> dict[str, Any]:
    """Resolves a function's annotations; raises DefinitionError, with the fix, for an unknown name."""
    try:
        return get_type_hints(function, include_extras=True)
    except NameError as error:
        raise DefinitionError(
            f"{function.__qualname__}: {error}; import what the annotation names at the top of the module, "
            "or define it there"
        ) from error


def with_self(annotation: Any, owner: type[Any]) -> Any:
    """Replaces Self in an annotation with a class."""
    if annotation is Self:
        return owner
    parts = get_args(annotation)
    changed = tuple(with_self(part, owner) for part in parts)
    if changed == parts:
        return annotation
    origin = get_origin(annotation)
    return Union[changed] if origin in (Union, UnionType) else origin[changed]  # noqa: UP007


class Signature:
    """The parameters and the reply of one command or query, compiled once."""

    __slots__ = (
        "_checks",
        "_enums",
        "_names",
        "_read",
        "_reply_decode",
        "_reply_trip",
        "_required",
        "arguments",
        "parameters",
        "returns",
        "scalar",
        "sealed",
        "sealed_reply",
        "where",
    )

    def __init__(
        self,
        function: Callable[..., Any],
        where: str,
        owner: type[Any] | None = None,
        *,
        is_kept: bool = True,
        leading: tuple[type[Any], ...] = (),
    ) -> None:
        """Compiles a function's signature; `is_kept` says whether its calls may be stored as JSON.

        Parameters of the `leading` classes come first, after self, and are no part of a call.
        """
        self.where: str = where
        hints = hints_of(function)
        if owner is not None:
            hints = {name: with_self(hint, owner) for name, hint in hints.items()}
        fields: list[Any] = []
        trips: list[RoundTrip] = []
        for parameter in _called_with(function, where, hints, leading):
            if parameter.kind is not parameter.POSITIONAL_OR_KEYWORD:
                raise DefinitionError(
                    f"{where} takes {parameter}: give each parameter a name, without *, ** or /, "
                    "so that a call can be stored and sent"
                )
            if parameter.name not in hints:
                raise DefinitionError(
                    f"{where}: the parameter {parameter.name} has no annotation; give it one"
                )
            annotation = hints[parameter.name]
            check_serialisable(annotation, f"{where}: the parameter {parameter.name}")
            default = () if parameter.default is parameter.empty else (parameter.default,)
            if default:
                check_default(annotation, *default, f"{where}: the parameter {parameter.name}")
            trips.append(RoundTrip(annotation))
            fields.append((parameter.name, annotation, *default))
        self._names = tuple(field[0] for field in fields)
        self._required = sum(len(field) == 2 for field in fields)
        self.parameters: dict[str, Any] = {field[0]: field[1] for field in fields}
        self.arguments: type[Struct] = self._arguments_of(fields)
        self._enums: Enums = number_enums(self.arguments)
        self._checks = [
            (place, trip.quick, trip)
            for place, trip in enumerate(trips)
            if is_kept and (trip.quick is not None or not trip.is_sure)
        ]
        self.returns: Any = self._returned(hints)
        self.scalar: type | None = SCALARS.get(self.returns)
        self._reply_trip = RoundTrip(self.returns)
        self._open_what_is_read()

    def _open_what_is_read(self) -> None:
        """Makes what reads stored arguments and replies, and opens the personal values in them."""
        self._reply_decode = msgspec.json.Decoder(self.returns).decode
        self._read = msgspec.json.Decoder(self.arguments).decode
        self.sealed: SealedType | None = sealed_type(self.arguments, self.where)
        self.sealed_reply: SealedType | None = sealed_type(self.returns, f"{self.where}: the reply")
        if self.sealed is not None:
            self._read = self.sealed.opening(self._read)
        if self.sealed_reply is not None:
            self._reply_decode = self.sealed_reply.opening(self._reply_decode)

    def bind(self, positional: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
        """Returns the validated arguments in order, or raises Invalid naming the wrong one."""
        if named:
            positional = self._merge(positional, named)
        try:
            arguments = as_tuple(convert(positional, self.arguments))
        except msgspec.ValidationError as error:
            if len(positional) > len(self._names):
                self._merge(positional, named)
            arguments = self._bind_members(positional, error)
        except LOST as error:
            raise Invalid(f"{self.where}: the arguments cannot be read: {reason_of(error)}") from error
        if self._checks:
            self._check_arguments(arguments)
        return arguments

    def write(self, arguments: tuple[Any, ...]) -> bytes:
        """Writes arguments as the JSON that `bind_json` reads; raises Invalid for what JSON cannot hold."""
        try:
            return encode(arguments)
        except (TypeError, ValueError) as error:
            raise Invalid(f"{self.where}: the arguments cannot be written as JSON: {error}") from error

    def bind_json(self, body: bytes) -> tuple[Any, ...]:
        """Reads the validated arguments from the JSON array that `write` made."""
        try:
            return as_tuple(self._read(body))
        except msgspec.ValidationError as error:
            raise self._invalid(error, self._required) from error

    def isolate(self, reply: Any) -> Any:
        """Copies a reply, so that later turns cannot change it; raises WrongReply if it does not fit."""
        if type(reply) is self.scalar:
            return reply
        is_fine = self._reply_trip.quick
        if is_fine is not None and is_fine(reply):
            return reply
        try:
            kept = self._reply_decode(encode(reply))
            fault = self._reply_trip.between(reply, kept)
        except LOST as error:
            raise WrongReply(self._why_wrong(reply, error)) from error
        if fault is not None:
            raise WrongReply(f"{self.where} returned a reply that JSON does not preserve: {fault}")
        return kept

    def _why_wrong(self, reply: Any, error: Exception) -> str:
        said = f"{self.where} must return {display(self.returns)} but returned {short_repr(reply)}"
        if isinstance(reply, Event):
            name = type(reply).__name__
            return f"{said}: an event that is returned is not stored, so emit it with self.emit({name}(...))"
        return f"{said}: {reason_of(error)}"

    def read_reply(self, body: bytes) -> Any:
        """Reads a reply that was stored as JSON."""
        return self._reply_decode(body)

    def _bind_members(self, positional: tuple[Any, ...], refused: Exception) -> tuple[Any, ...]:
        """Binds arguments again, with numbers in place of enum members that msgspec rejects."""
        try:
            values = without_members(positional, self._enums) if self._enums else positional
            if values is not positional:
                return as_tuple(convert(values, self.arguments))
        except msgspec.ValidationError as error:
            raise self._invalid(error, len(positional)) from error
        except LOST as error:
            raise Invalid(f"{self.where}: the arguments cannot be read: {reason_of(error)}") from error
        raise self._invalid(refused, len(positional)) from refused

    def _returned(self, hints: dict[str, Any]) -> Any:
        if "return" not in hints:
            raise DefinitionError(
                f"{self.where} has no return annotation; write `-> None` if it returns nothing"
            )
        check_serialisable(hints["return"], f"{self.where}: the reply")
        return hints["return"]

    def _arguments_of(self, fields: list[Any]) -> type[Struct]:
        try:
            return msgspec.defstruct("arguments", fields, array_like=True, forbid_unknown_fields=True)
        except TypeError as error:
            raise DefinitionError(f"{self.where}: {error}") from error

    def _check_arguments(self, arguments: tuple[Any, ...]) -> None:
        for place, is_fine, trip in self._checks:
            if is_fine is None or not is_fine(arguments[place]):
                self._check_argument(place, arguments[place], trip)

    def _check_argument(self, place: int, value: Any, trip: RoundTrip) -> None:
        fault = trip.fault(value)
        if fault is not None:
            name = self._names[place]
            raise Invalid(f"{self.where}: {name}: JSON does not preserve it: {fault}", field=name)

    def _merge(self, positional: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
        names = self._names
        if len(positional) > len(names):
            raise Invalid(f"{self.where} takes {len(names)} arguments, and {len(positional)} were given")
        for name in named:
            if name not in names:
                raise Invalid(
                    f"{self.where} has no parameter {name!r}: it takes {', '.join(names) or 'none'}",
                    field=name,
                )
            if name in names[: len(positional)]:
                raise Invalid(f"{self.where} was given {name!r} twice", field=name)
        rest = list(names[len(positional) :])
        while rest and rest[-1] not in named and len(positional) + len(rest) > self._required:
            rest.pop()
        defaults = self.arguments.__struct_defaults__
        values = list(positional)
        for name in rest:
            index = names.index(name)
            if name in named:
                values.append(named[name])
            elif index < self._required:
                raise Invalid(f"{self.where} needs {name!r}", field=name)
            else:
                default = defaults[index - self._required]
                values.append(default.factory() if hasattr(default, "factory") else default)
        return tuple(values)

    def _invalid(self, error: Exception, given: int) -> Invalid:
        text = str(error)
        if given < self._required:
            missing = self._names[given]
            return Invalid(f"{self.where} needs {missing!r}", field=missing)
        found = POSITION.search(text)
        if found is None:
            return Invalid(f"{self.where}: {text}")
        name = self._names[int(found[1])]
        return Invalid(
            f"{self.where}: {name}{found[2]}: {text[: found.start()].removesuffix(' - at ')}", field=name
        )


def _called_with(
    function: Callable[..., Any], where: str, hints: dict[str, Any], leading: tuple[type[Any], ...]
) -> list[inspect.Parameter]:
    """Returns the parameters that a caller gives; raises DefinitionError unless the others come first."""
    _, *parameters = inspect.signature(function).parameters.values()
    given, called_with = parameters[: len(leading)], parameters[len(leading) :]
    if [hints.get(parameter.name) for parameter in given] != list(leading):
        classes = ", ".join(f"{cls.__name__.lower()}: {cls.__name__}" for cls in leading)
        raise DefinitionError(f"{where}: give it these parameters first, after self: {classes}")
    return called_with
