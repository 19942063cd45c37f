"""The catalogue of one application: everything it declares, compiled, and checked against each other."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from actum.errors import DefinitionError
from actum.model.action import Bound, OnEvents
from actum.model.entity import Entity, EntityType, entity_type
from actum.model.event import EventType
from actum.model.view import View, ViewType, view_type
from actum.runtime.references import EntityReference, ViewReference, entity_reference, view_reference


class Catalog(Struct, frozen=True):
    """What an application is made of, by name and by class."""

    kinds: dict[str, EntityType]
    views: dict[str, ViewType]
    events: dict[str, EventType]
    bound: tuple[Bound, ...]
    entity_references: dict[type[Entity], type[EntityReference]]
    view_references: dict[type[View], type[ViewReference]]


def compile_catalog(
    entities: Sequence[type[Entity]], views: Sequence[type[View]], bound: Sequence[Bound]
) -> Catalog:
    """Compiles an application's declarations; raises DefinitionError, with a mend, for what cannot work."""
    for cls in entities:
        _check_class(cls, Entity, "entities")
    for view in views:
        _check_class(view, View, "views")
    kinds: dict[str, EntityType] = {}
    for kind in map(entity_type, entities):
        if kind.name in kinds:
            raise DefinitionError(
                f"two entities are stored as {kind.name!r}: {kinds[kind.name].cls.__qualname__} and "
                f"{kind.cls.__qualname__}; "
                "give one of them name="
            )
        kinds[kind.name] = kind
    tables: dict[str, ViewType] = {}
    for table in (view_type(view).among(kinds.values()) for view in views):
        if table.name in tables:
            raise DefinitionError(f"two views have the table {table.name!r}; give one of them name=")
        tables[table.name] = table
    return Catalog(
        kinds,
        tables,
        _events(list(kinds.values()), list(tables.values()), bound),
        tuple(bound),
        {kind.cls: entity_reference(kind) for kind in kinds.values()},
        {table.cls: view_reference(table) for table in tables.values()},
    )


def _events(
    kinds: Sequence[EntityType], views: Sequence[ViewType], bound: Sequence[Bound]
) -> dict[str, EventType]:
    classes = [event for kind in kinds for event in kind.reductions]
    classes += [event for view in views for event in view.reductions]
    for one in bound:
        if isinstance(one.trigger, OnEvents):
            classes += one.trigger.events
    found: dict[str, EventType] = {}
    for cls in classes:
        event_type = cls.__event_type__
        other = found.setdefault(event_type.name, event_type)
        if other.cls is not cls:
            raise DefinitionError(
                f"two events are stored as {event_type.name!r}: "
                f"{other.cls.__module__}.{other.cls.__qualname__} and "
                f"{cls.__module__}.{cls.__qualname__}; give one of them name="
            )
        _check_upcasts(event_type)
    return found


def _check_upcasts(event_type: EventType) -> None:
    for step in range(1, event_type.version):
        if step not in event_type.upcasts:
            raise DefinitionError(
                f"event {event_type.name} is at version {event_type.version} and nothing carries version "
                f"{step} up: "
                f"add @{event_type.cls.__name__}.upcast({step})"
            )


def _check_class(cls: Any, base: type[Any], listed: str) -> None:
    if not (isinstance(cls, type) and issubclass(cls, base) and cls is not base):
        raise DefinitionError(f"{listed}= lists {cls!r}, which is no {base.__name__} class")
