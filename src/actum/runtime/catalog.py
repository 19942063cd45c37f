"""The catalog of one application: everything it declares, compiled and checked for consistency."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from msgspec import Struct, structs

from actum.errors import DefinitionError
from actum.model.action import Actions, Bound, OnEvents
from actum.model.code.place import blamed_on
from actum.model.deletion import Deleted
from actum.model.entity import Entity, EntityType, entity_type
from actum.model.event import Event, EventType
from actum.model.view import View, ViewType, view_type
from actum.model.workflows.workflow_type import WorkflowType
from actum.ports.database import MAX_ANSWER_BYTES, MAX_QUERY_TIME
from actum.runtime.context.references import EntityReference, ViewReference, entity_reference, view_reference
from actum.runtime.opened_resource import OpenResource

if TYPE_CHECKING:
    from actum.model.access.access import Access
    from actum.runtime.access.policy import Policy
    from actum.runtime.actions.triggers.trigger import ActionTrigger

Resources = tuple[tuple[type[Any], OpenResource], ...]


KEY_RETENTION: timedelta = timedelta(days=7)
"""How long idempotency keys are remembered unless an application says otherwise."""


class Catalog(Struct, frozen=True):
    """The declared parts of an application, by name and by class."""

    kinds: dict[str, EntityType]
    views: dict[str, ViewType]
    events: dict[str, EventType]
    bound: tuple[Bound, ...]
    entity_references: dict[type[Entity], type[EntityReference]]
    view_references: dict[type[View], type[ViewReference]]
    query_timeout: timedelta = MAX_QUERY_TIME
    key_retention: timedelta | None = KEY_RETENTION
    query_max_bytes: int = MAX_ANSWER_BYTES
    workflows: dict[str, WorkflowType] = {}

    @property
    def is_personal(self) -> bool:
        """Whether the application has personal data."""
        return any(kind.personal is not None for kind in self.kinds.values()) or any(
            kind.is_personal for kind in self.workflows.values()
        )


class Definition(Struct, frozen=True):
    """An application as its App declares it.

    `resources` say what opens each, by type. `docs_path` is where the routes are documented, None for
    nowhere. `triggers` are those of its actions, None where the libraries that check them are missing.
    `policy` is compiled from the rules of `access`. `litestar` are options of the Litestar application.
    `limits` say for how many seconds a part may be behind, by its name, while the application is ready.
    """

    name: str
    catalog: Catalog
    actions: tuple[Actions, ...]
    resources: Resources
    docs_path: str | None
    triggers: "Sequence[ActionTrigger[Any]] | None" = None
    access: "Access | None" = None
    policy: "Policy | None" = None
    litestar: Mapping[str, Any] = {}
    limits: Mapping[str, float] = {}

    @property
    def has_console(self) -> bool:
        """Whether a rule says who may use the console, outside of development too."""
        return self.policy is not None and self.policy.has_console

    @property
    def resource_types(self) -> list[type[Any]]:
        """The types of the resources."""
        return [kind for kind, _ in self.resources]


def compile_catalog(
    entities: Sequence[type[Entity]],
    views: Sequence[type[View]],
    bound: Sequence[Bound],
    query_timeout: timedelta = MAX_QUERY_TIME,
    key_retention: timedelta | None = KEY_RETENTION,
    query_max_bytes: int = MAX_ANSWER_BYTES,
    workflows: Mapping[str, WorkflowType] | None = None,
) -> Catalog:
    """Compiles an application's declarations; raises DefinitionError for what cannot work, with the fix."""
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
    for view in views:
        with blamed_on(view):
            table = view_type(view).among(kinds.values())
        if table.name in tables:
            raise DefinitionError(f"two views have the table {table.name!r}; give one of them name=")
        tables[table.name] = table
    bound = _set_off(list(kinds.values()), bound)
    return Catalog(
        kinds,
        tables,
        _events(list(kinds.values()), list(tables.values()), bound),
        tuple(bound),
        {kind.cls: entity_reference(kind) for kind in kinds.values()},
        {table.cls: view_reference(table) for table in tables.values()},
        query_timeout,
        key_retention,
        query_max_bytes,
        dict(workflows or {}),
    )


def check_triggers(catalog: Catalog) -> None:
    """Refuses actions that nothing could ever trigger, and reducers of views that nothing would ever call."""
    # No entity emits Deleted: the store itself adds it to the feed when it erases an entity.
    emitted = {event for kind in catalog.kinds.values() for event in kind.reductions} | {Deleted}
    for view in catalog.views.values():
        with blamed_on(view.cls):
            _check_reduced(view, tuple(emitted))
    for bound in catalog.bound:
        with blamed_on(bound.function):
            _check_trigger(catalog, bound, emitted)


def _check_trigger(catalog: Catalog, bound: Bound, emitted: Collection[type[Event]]) -> None:
    for named in _events_of(bound):
        if named not in emitted:
            raise DefinitionError(
                f"action {bound.name} is set off by {named.__name__}, which no entity of the application "
                f"emits, so it would never run: list the entity that does in App(entities=[…]), or "
                f"{named.__name__} in that entity's emits=[…]"
            )
    _check_of(catalog, bound)


def _check_of(catalog: Catalog, bound: Bound) -> None:
    """Refuses an action that is set off by events of one entity class, and one of them is not its own."""
    of = bound.trigger.of if isinstance(bound.trigger, OnEvents) else None
    if of is None:
        return
    reference = catalog.entity_references.get(of)
    if reference is None:
        raise DefinitionError(
            f"action {bound.name} is set off by events of {of.__name__}, which is not among the "
            "application's entities: add it to App(entities=[…])"
        )
    for event in _events_of(bound):
        if event is not Deleted and event not in reference.kind.reductions:
            raise DefinitionError(
                f"action {bound.name} is set off by {event.__name__} of {of.__name__}, which does not emit "
                f"it, so it would never run: name the entity that does, or leave of= out"
            )


def _check_reduced(view: ViewType, emitted: tuple[type[Event], ...]) -> None:
    for named, reduction in view.reductions.items():
        if not any(issubclass(event, named) for event in emitted):
            reducer = getattr(reduction.function, "__qualname__", view.name)
            with blamed_on(reduction.function or view.cls):
                raise DefinitionError(
                    f"view {view.name}: the reducer {reducer} takes {named.__name__}, which no entity of the "
                    f"application emits, so it would never be called: list the entity that does in "
                    f"App(entities=[…]), or {named.__name__} in that entity's emits=[…], or drop the reducer"
                )


def _set_off(kinds: Sequence[EntityType], bound: Sequence[Bound]) -> list[Bound]:
    """Finds for each event action the emitted classes that trigger it."""
    emitted = list(dict.fromkeys(event for kind in kinds for event in kind.reductions))
    return [
        structs.replace(one, trigger=_with_emitted(one.trigger, emitted))
        if isinstance(one.trigger, OnEvents)
        else one
        for one in bound
    ]


def _events_of(bound: Bound) -> tuple[type[Event], ...]:
    """Returns the events that trigger an action."""
    return bound.trigger.events if isinstance(bound.trigger, OnEvents) else ()


def _with_emitted(trigger: OnEvents, emitted: Sequence[type[Event]]) -> OnEvents:
    """Replaces each class that a trigger names by its emitted subclasses, if there are any."""
    found: list[type[Event]] = []
    if trigger.of is not None:
        own = entity_type(trigger.of).reductions
        emitted = [event for event in emitted if event in own]
    for named in trigger.events:
        found += [event for event in emitted if issubclass(event, named)] or [named]
    return structs.replace(trigger, events=tuple(dict.fromkeys(found)))


def _events(
    kinds: Sequence[EntityType], views: Sequence[ViewType], bound: Sequence[Bound]
) -> dict[str, EventType]:
    classes = [event for kind in kinds for event in kind.reductions]
    classes += [event for view in views for event in view.reductions]
    for one in bound:
        classes += _events_of(one)
    found: dict[str, EventType] = {}
    for cls in classes:
        event_type = cls.__event_type__
        with blamed_on(cls):
            event_type.check()
            _check_upcasts(event_type)
        other = found.setdefault(event_type.name, event_type)
        if other.cls is not cls:
            raise DefinitionError(
                f"two events are stored as {event_type.name!r}: "
                f"{other.cls.__module__}.{other.cls.__qualname__} and "
                f"{cls.__module__}.{cls.__qualname__}; give one of them name="
            )
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
