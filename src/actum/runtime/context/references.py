"""References: what `ctx.entity(…)` and `ctx.view(…)` return, with a method for each command or query."""

from collections.abc import Callable, Coroutine
from typing import Any, ClassVar, Protocol, cast

from msgspec import Struct, defstruct

from actum.errors import DefinitionError
from actum.model.entity import CommandType, EntityType
from actum.model.rows.page import PageRequest
from actum.model.signature import display
from actum.model.view import ViewQuery, ViewType

Awaited = Coroutine[Any, Any, Any]
Positional = tuple[Any, ...]
Named = dict[str, Any]
PAGE_OPTIONS = "after=, page_size= and with_total="
"""What is asked for of a page alone."""


class Sender(Protocol):
    """Sends the calls of references."""

    def send_command(
        self, target: "EntityReference", command: CommandType, positional: Positional, named: Named
    ) -> Awaited:
        """Sends a command to an entity."""
        ...

    def send_query(
        self, target: "EntityReference", query: CommandType, positional: Positional, named: Named
    ) -> Awaited:
        """Sends a query to an entity."""
        ...

    def ask_view(
        self,
        view: ViewType,
        query: ViewQuery,
        positional: Positional,
        named: Named,
        page: PageRequest | None = None,
    ) -> Awaited:
        """Runs a query of a view, or asks for a page of it."""
        ...

    def read_row(self, view: ViewType, key: Any) -> Awaited:
        """Reads one row of a view."""
        ...


class EntityReference(Struct, gc=False, eq=False):
    """An entity as a context sees it: its commands and queries, without its state."""

    kind: ClassVar[EntityType]

    sender: Sender
    id: str
    idempotency_key: str | None
    expected_version: int | None

    def __repr__(self) -> str:
        return f"<{self.kind.name}/{self.id}>"

    def __getattr__(self, name: str) -> Any:
        known = ", ".join([*self.kind.commands, *self.kind.queries])
        raise AttributeError(f"{self.kind.name} has no command or query {name!r}; it has {known}")


class ViewReference:
    """A view as a context sees it: its queries, and its rows by key.

    Its own attributes begin with an underscore, so that queries can have any public name.
    """

    __slots__ = ("_page", "_sender")
    _view: ViewType

    def __init__(self, sender: Sender, page: PageRequest | None = None) -> None:
        self._sender: Sender = sender
        self._page: PageRequest | None = page

    def __repr__(self) -> str:
        return f"<view {self._view.name}>"

    def get(self, key: Any) -> Awaited:
        """Returns the row of a key, or None."""
        if self._page is not None:
            raise DefinitionError(f"{self._view.name}.get returns one row: leave out {PAGE_OPTIONS}")
        return self._sender.read_row(self._view, key)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(
            f"view {self._view.name} has no query {name!r}; it has {', '.join([*self._view.queries, 'get'])}"
        )


def entity_reference(kind: EntityType) -> type[EntityReference]:
    """Makes the class of references to entities of a kind."""
    methods: dict[str, Any] = {"kind": kind}
    for name, command in kind.commands.items():
        _check_free(kind.name, name, EntityReference)
        methods[name] = _command_method(command)
    for name, query in kind.queries.items():
        _check_free(kind.name, name, EntityReference)
        methods[name] = _query_method(query)
    return cast(
        "type[EntityReference]",
        defstruct(
            f"{kind.name}Reference", (), bases=(EntityReference,), namespace=methods, gc=False, eq=False
        ),
    )


def view_reference(view: ViewType) -> type[ViewReference]:
    """Makes the class of references to a view."""
    methods: dict[str, Any] = {"_view": view, "__slots__": ()}
    for name, query in view.queries.items():
        _check_free(view.cls.__name__, name, ViewReference)
        methods[name] = _view_method(query)
    return type(f"{view.cls.__name__}Reference", (ViewReference,), methods)


def _command_method(command: CommandType) -> Callable[..., Awaited]:
    def call(self: EntityReference, *positional: Any, **named: Any) -> Awaited:
        return self.sender.send_command(self, command, positional, named)

    return call


def _query_method(query: CommandType) -> Callable[..., Awaited]:
    def call(self: EntityReference, *positional: Any, **named: Any) -> Awaited:
        return self.sender.send_query(self, query, positional, named)

    return call


def _view_method(query: ViewQuery) -> Callable[..., Awaited]:
    def call(self: ViewReference, *positional: Any, **named: Any) -> Awaited:
        if self._page is not None and query.shape != "page":
            raise DefinitionError(
                f"{query.signature.where} returns {display(query.answer)}, and {PAGE_OPTIONS} are for "
                "queries that return a Page[…]"
            )
        return self._sender.ask_view(self._view, query, positional, named, self._page)

    return call


def _check_free(owner: str, name: str, base: type) -> None:
    if hasattr(base, name) or name in base.__annotations__:
        raise DefinitionError(f"{owner}.{name}: a command or query cannot bear this name; choose another")
