"""References: what `ctx.entity(…)` and `ctx.view(…)` give, with one method for each command or query."""

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from actum.errors import DefinitionError
from actum.model.entity import CommandType, EntityType
from actum.model.view import ViewQuery, ViewType

if TYPE_CHECKING:
    from actum.runtime.context import Context

Awaited = Coroutine[Any, Any, Any]


class EntityReference:
    """An entity seen through a context: its commands and queries, and nothing of its state."""

    __slots__ = ("context", "expected_version", "id", "idempotency_key")
    kind: EntityType

    def __init__(
        self, context: "Context", id: str, idempotency_key: str | None, expected_version: int | None
    ) -> None:
        self.context = context
        self.id = id
        self.idempotency_key = idempotency_key
        self.expected_version = expected_version

    def __repr__(self) -> str:
        return f"<{self.kind.name}/{self.id}>"

    def __getattr__(self, name: str) -> Any:
        known = ", ".join([*self.kind.commands, *self.kind.queries])
        raise AttributeError(f"{self.kind.name} has no command or query {name!r}; it has {known}")


class ViewReference:
    """A view seen through a context: its queries, and its rows by key."""

    __slots__ = ("context",)
    view: ViewType

    def __init__(self, context: "Context") -> None:
        self.context = context

    def __repr__(self) -> str:
        return f"<view {self.view.name}>"

    def get(self, key: Any) -> Awaited:
        """Gives the row of a key, or None."""
        return self.context.read_row(self.view, key)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(
            f"view {self.view.name} has no query {name!r}; it has {', '.join([*self.view.queries, 'get'])}"
        )


def entity_reference(kind: EntityType) -> type[EntityReference]:
    """Makes the class of references to entities of a kind."""
    methods: dict[str, Any] = {"kind": kind, "__slots__": ()}
    for name, command in kind.commands.items():
        methods[name] = _command_method(command)
    for name, query in kind.queries.items():
        methods[name] = _query_method(query)
    for taken in ("context", "id", "expected_version", "idempotency_key", "kind"):
        if taken in kind.commands or taken in kind.queries:
            raise DefinitionError(
                f"{kind.name}.{taken}: a command or query cannot bear this name; choose another"
            )
    return type(f"{kind.name}Reference", (EntityReference,), methods)


def view_reference(view: ViewType) -> type[ViewReference]:
    """Makes the class of references to a view."""
    methods: dict[str, Any] = {"view": view, "__slots__": ()}
    for name, query in view.queries.items():
        methods[name] = _view_method(query)
    return type(f"{view.cls.__name__}Reference", (ViewReference,), methods)


def _command_method(command: CommandType) -> Callable[..., Awaited]:
    def call(self: EntityReference, *positional: Any, **named: Any) -> Awaited:
        return self.context.send_command(self, command, positional, named)

    return call


def _query_method(query: CommandType) -> Callable[..., Awaited]:
    def call(self: EntityReference, *positional: Any, **named: Any) -> Awaited:
        return self.context.send_query(self, query, positional, named)

    return call


def _view_method(query: ViewQuery) -> Callable[..., Awaited]:
    def call(self: ViewReference, *positional: Any, **named: Any) -> Awaited:
        return self.context.ask_view(self.view, query, positional, named)

    return call
