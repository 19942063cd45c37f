"""The fields that a view takes from the entity it mirrors, put into the body of its class."""

import sys
from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import NODEFAULT, Struct

from actum.errors import DefinitionError
from actum.model.entity import Entity, Field, fields_of
from actum.model.people.personal import mark_of
from actum.model.signature import display

if sys.version_info >= (3, 14):
    import annotationlib

LAZY = ("__annotate__", "__annotate_func__")
"""Where Python 3.14 has the annotations of a body until somebody asks for them."""


class Mirrored(Struct, frozen=True):
    """An entity class that a view mirrors, and which of its fields, in the order of the columns."""

    of: type[Entity]
    fields: tuple[str, ...]


def mirror_into(
    view: str, namespace: dict[str, Any], of: Any, fields: Iterable[str] | None, key: object
) -> Mirrored | None:
    """Adds the fields of an entity to the body of a view's class, after its key; None if it mirrors nothing.

    Raises DefinitionError for what cannot be mirrored.
    """
    if of is None:
        if fields is not None:
            raise DefinitionError(
                f"class {view}(View, fields=…) does not say of what: add of=, the entity that it mirrors"
            )
        return None
    if not (isinstance(of, type) and issubclass(of, Entity) and of is not Entity):
        raise DefinitionError(f"class {view}(View, of={of!r}): name an Entity class")
    if not isinstance(key, str):
        raise DefinitionError(
            f"class {view}(View, of={of.__name__}, key={key!r}): its key is the id of the entity: name one "
            "field for that, or leave key= out"
        )
    found = {info.name: info for info in _fields(view, of)}
    mirrored = Mirrored(of, _named(view, of, found, fields))
    own = _annotations(namespace)
    _check_names(view, mirrored, found, own, namespace, key)
    annotations = {key: own.get(key, str)}
    for name in mirrored.fields:
        annotations[name] = own.get(name, found[name].type)
        namespace[name] = _default_of(found[name])
    for lazy in LAZY:
        namespace.pop(lazy, None)
    namespace["__annotations__"] = annotations | own
    return mirrored


def check_mirrored(cls: type[Struct], mirrored: Mirrored) -> None:
    """Raises DefinitionError for a field that the view declares with another type than the entity."""
    there = {field.name: field for field in fields_of(mirrored.of)}
    for field in fields_of(cls):
        if field.name in mirrored.fields and not _is_same(field, there[field.name]):
            type_there = display(there[field.name].annotation)
            raise DefinitionError(
                f"{cls.__name__}.{field.name} is {display(field.annotation)}, and mirrors "
                f"{mirrored.of.__name__}.{field.name}, which is {type_there}: write the same type, or leave "
                "the field out of the view's body"
            )


def _is_same(field: Field, there: Field) -> bool:
    """Whether a column holds what a field of the entity does; it may seal what is personal there."""
    mark, personal = mark_of(field.type), mark_of(there.type)
    if mark is None or personal is None:
        return field.type == there.type
    type_of = msgspec.inspect.type_info
    return type_of(mark.annotation) == type_of(personal.annotation)


def _fields(view: str, of: type[Entity]) -> tuple[msgspec.structs.FieldInfo, ...]:
    try:
        return msgspec.structs.fields(of)
    except (TypeError, NameError) as error:
        raise DefinitionError(
            f"class {view}(View, of={of.__name__}): the types of {of.__name__} are not known here ({error}): "
            "declare them above the view"
        ) from error


def _named(
    view: str, of: type[Entity], found: dict[str, Any], fields: Iterable[str] | None
) -> tuple[str, ...]:
    if fields is None:
        return tuple(found)
    named = [fields] if isinstance(fields, str) else list(fields)
    for name in named:
        if name not in found:
            listed = ", ".join(found) or "none"
            raise DefinitionError(
                f"class {view}(View, of={of.__name__}): fields= names {name!r}, and the fields of "
                f"{of.__name__} are {listed}"
            )
    return tuple(dict.fromkeys(named))


def _check_names(
    view: str,
    mirrored: Mirrored,
    found: dict[str, Any],
    own: dict[str, Any],
    namespace: dict[str, Any],
    key: str,
) -> None:
    of = mirrored.of.__name__
    if key in mirrored.fields:
        raise DefinitionError(
            f"{view}.{key} is the key, which holds the id of the {of}, and {of} has a field {key!r}: give "
            "the key another name with key=, or leave that field out of fields="
        )
    for name in own:
        if name in found and name not in mirrored.fields and name != key:
            raise DefinitionError(
                f"{view}.{name} is a field of its own, and {of} has one of this name: add {name!r} to "
                "fields=, or rename it"
            )
    for name in mirrored.fields:
        if name in namespace and name not in own:
            raise DefinitionError(
                f"{view}.{name} is something else than {of}.{name}, which the view mirrors: rename it, or "
                "leave that field out of fields="
            )


def _default_of(info: msgspec.structs.FieldInfo) -> Any:
    if info.default is not NODEFAULT:
        return info.default
    return msgspec.field(default_factory=info.default_factory)


def _annotations(namespace: dict[str, Any]) -> dict[str, Any]:
    """Returns the annotations of a class body."""
    found = namespace.get("__annotations__")
    if found is None and sys.version_info >= (3, 14):
        annotate = annotationlib.get_annotate_from_class_namespace(namespace)
        if annotate is not None:
            found = annotationlib.call_annotate_function(annotate, annotationlib.Format.FORWARDREF)
    return dict(found or {})
