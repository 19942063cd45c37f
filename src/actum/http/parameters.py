"""The parameters of an action as Litestar sees them, each marked with the source of its value."""

import dataclasses
import inspect
from collections.abc import Collection
from pathlib import PurePath
from typing import Annotated, Any, get_args, get_origin

import msgspec
from litestar.constants import RESERVED_KWARGS
from litestar.di import Dependency
from litestar.params import (
    BodyKwarg,
    DependencyKwarg,
    KwargDefinition,
    ParameterKwarg,
    PathParameter,
    QueryParameter,
    RawBody,
)
from msgspec import Meta, Struct
from msgspec.inspect import (
    CollectionType,
    CustomType,
    DataclassType,
    DictType,
    Metadata,
    NamedTupleType,
    StructType,
    TypedDictType,
    UnionType,
    type_info,
)

from actum.errors import DefinitionError
from actum.model.signature import display
from actum.runtime.actions.invoke import ActionFunction

MARKS = (KwargDefinition, DependencyKwarg, Dependency)
LIMITS = (
    "gt",
    "ge",
    "lt",
    "le",
    "multiple_of",
    "pattern",
    "min_length",
    "max_length",
    "title",
    "description",
)
NOT_TEXT = (DataclassType, DictType, NamedTupleType, StructType, TypedDictType)


class Place(Struct, frozen=True):
    """Where an action answers: method, path, its parameters, and the names of Litestar's dependencies."""

    method: str
    path: str
    path_parameters: Collection[str]
    dependencies: Collection[str]
    has_decoders: bool = False


def request_parameters(function: ActionFunction, place: Place) -> list[inspect.Parameter]:
    """Gives the parameters that a request fills; raises DefinitionError for one that it cannot fill."""
    _check_event(function)
    parameters = [_marked(function, parameter, place) for parameter in function.rest]
    names = {_name_in_request(parameter) for parameter in parameters}
    missing = sorted(set(place.path_parameters) - names)
    if missing and not names & {"request", "scope"} and not place.dependencies:
        raise DefinitionError(
            f"action {function.name}: its path {place.path} has {{{missing[0]}}}, and the function has no "
            "parameter of that name: add it, or remove it from the path"
        )
    return parameters


def _check_event(function: ActionFunction) -> None:
    name = function.event_parameter
    if (
        name is not None
        and inspect.signature(function.function).parameters[name].default is inspect.Parameter.empty
    ):
        raise DefinitionError(
            f"action {function.name}: no request has the event that its parameter {name!r} takes: "
            f"give it a default, as in `{name}: {display(function.hints[name])} | None = None`"
        )


def _marked(function: ActionFunction, parameter: inspect.Parameter, place: Place) -> inspect.Parameter:
    where = f"action {function.name}: the parameter {parameter.name!r}"
    if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
        raise DefinitionError(f"{where}: a request fills parameters by name; write it without *, ** and /")
    if parameter.name not in function.hints:
        raise DefinitionError(
            f"{where} has no annotation: say `ctx: Context` for the context, or the type that it takes"
        )
    annotation = _mark(where, parameter.name, function.hints[parameter.name], place)
    return parameter.replace(annotation=annotation, kind=parameter.KEYWORD_ONLY)


def _mark(where: str, name: str, annotation: Any, place: Place) -> Any:
    mark = own_mark(annotation)
    if name == "data" and place.method == "GET":
        raise DefinitionError(f"{where} is the request's body, and a GET has none: use post, or rename it")
    if isinstance(mark, PathParameter) and (mark.name or name) not in place.path_parameters:
        raise DefinitionError(
            f"{where} comes from the path, and {place.path} has no {{{mark.name or name}}}: add it there"
        )
    if mark is None and name in RESERVED_KWARGS - {"data"}:
        return RawBody if name == "body" and annotation is bytes else annotation
    return _with(annotation, mark or _source(where, name, annotation, place))


def _source(where: str, name: str, annotation: Any, place: Place) -> KwargDefinition | Dependency:
    """Finds the source of a parameter whose author marked none."""
    if name == "data":
        return BodyKwarg()
    if name == "ctx":
        raise DefinitionError(f"{where} is a {display(annotation)}: annotate it `ctx: Context`, or rename it")
    if name in place.dependencies:
        return Dependency("named")
    if name in place.path_parameters:
        return PathParameter()
    if place.has_decoders or _is_textual(annotation):
        return QueryParameter()
    raise DefinitionError(
        f"{where} is a {display(annotation)}, which a query string cannot hold: call it `data` if it is the "
        "request's body, or list what opens it in App(resources=[…]) if it is a resource"
    )


def _with(annotation: Any, mark: Any) -> Any:
    """Sets a mark, with the limits of msgspec's Meta, which Litestar would not find beside it."""
    marked: Any = Annotated
    parts = get_args(annotation) if get_origin(annotation) is Annotated else (annotation,)
    kept = [part for part in parts[1:] if part is not mark and not isinstance(part, MARKS)]
    if isinstance(mark, KwargDefinition):
        for meta in kept:
            if isinstance(meta, Meta):
                mark = _limited(mark, meta)
    return marked[(parts[0], *kept, mark)]


def _limited(mark: KwargDefinition, meta: Meta) -> KwargDefinition:
    unset = [name for name in LIMITS if getattr(mark, name) is None]
    limits = {name: value for name in unset if (value := getattr(meta, name)) is not None}
    return dataclasses.replace(mark, **limits) if limits else mark


def own_mark(annotation: Any) -> Any:
    """Finds the mark that an author set, which takes precedence."""
    if get_origin(annotation) is not Annotated:
        return None
    return next((mark for mark in get_args(annotation)[1:] if isinstance(mark, MARKS)), None)


def _name_in_request(parameter: inspect.Parameter) -> str:
    mark = own_mark(parameter.annotation)
    return (mark.name if isinstance(mark, ParameterKwarg) else None) or parameter.name


def _is_textual(annotation: Any) -> bool:
    """Says whether a value of this type can be read from text, or from a list of texts."""
    try:
        return _is_text(type_info(annotation))
    except TypeError:
        return False


def _is_text(info: msgspec.inspect.Type) -> bool:
    match info:
        case Metadata():
            return _is_text(info.type)
        case UnionType():
            return all(map(_is_text, info.types))
        case CollectionType():
            return _is_text(info.item_type)
        case CustomType():
            return issubclass(info.cls, PurePath)
        case _:
            return not isinstance(info, NOT_TEXT)
