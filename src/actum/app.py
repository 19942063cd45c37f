"""App: an application, compiled from its declarations and checked, to be run on any store."""

import importlib.util
import inspect
import os
import re
import typing
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, MutableMapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from datetime import timedelta
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, cast

from msgspec.structs import replace

from actum.errors import DefinitionError
from actum.model.access.access import Access
from actum.model.action import Actions
from actum.model.entity import Entity
from actum.model.handler import check_max_bytes, check_timeout
from actum.model.option import strict_options
from actum.model.view import View
from actum.model.workflows.workflow import Workflow
from actum.ports.database import MAX_ANSWER_BYTES, MAX_QUERY_TIME
from actum.runtime.access.compilation import compile_policy
from actum.runtime.access.policy import Policy
from actum.runtime.actions.triggers.exposure import bind_exposed
from actum.runtime.catalog import KEY_RETENTION, Catalog, Definition, compile_catalog
from actum.runtime.context.context import Context
from actum.runtime.gauges.limits import limits_of
from actum.runtime.opened_resource import OpenResource
from actum.runtime.services import Services
from actum.runtime.workflows.declared import bind_starts, workflow_types
from actum.stores.instances import Instances, Place
from actum.stores.url import join, needs_database

if TYPE_CHECKING:
    from actum.http.server import FurtherRoutes, HttpApp
    from actum.runtime.actions.triggers.trigger import ActionTrigger
    from actum.runtime.node import Node

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Message, Receive, Send], Awaitable[None]]

Limits = timedelta | Mapping[type[View] | type[Workflow] | str, timedelta] | None
"""How long parts may be behind until `/-/ready` says that the application is not ready."""

DOCS_PATH = "/schema"
DOCS = re.compile(r"(/[\w.~-]+)+")

PLAIN_MANAGER = contextmanager(lambda: iter(())).__code__
"""The code of every function that @contextmanager makes."""

NEEDED_TO_RUN = ("sqlglot", "litestar", "cronsim")


class Checks(Protocol):
    """The module `actum.runtime.declarations`, loaded where the libraries are that check declarations."""

    def check(self, definition: Definition) -> "Sequence[ActionTrigger[Any]]":
        """Checks queries and actions, and gives the triggers of those."""
        ...

    def check_routes(self, definition: Definition) -> None:
        """Checks routes."""
        ...


class Launch(Protocol):
    """The module `actum.launch`, loaded when an application is run."""

    def run(self, definition: Definition, *, store: str) -> "AbstractAsyncContextManager[Node]":
        """Runs an application."""
        ...

    def serve(
        self,
        definition: Definition,
        *,
        store: str,
        is_development: bool,
        running: Callable[[], Services | None],
        further: "FurtherRoutes | None" = None,
    ) -> "HttpApp":
        """Makes an ASGI application."""
        ...


class Console(Protocol):
    """The module `actum.console.site`, loaded when an application is served."""

    def console_routes(self, app: "App", url: str, *, is_development: bool) -> "FurtherRoutes | None":
        """Gives what makes the routes of the console; None if nobody may use it."""
        ...


class App:
    """An application: its entities, views, actions and workflows, and the resources that these use.

    A resource is an async generator function made a context manager, whose return annotation says what it
    gives:

        @asynccontextmanager
        async def open_mailer() -> AsyncGenerator[Mailer]: ...

    Every action, and every step of a workflow, with a parameter annotated `Mailer` gets it. Resources are
    opened in order when the application starts, and closed when it stops. Declarations that cannot work raise
    DefinitionError here, which says how to fix them.

    What is kept for an idempotency key (the claim and the answer of a request, the reply of a command or a
    unit, the mark of a message) is deleted after `key_retention`: a repetition after that takes effect again.
    With None everything is kept.

    A query over views without a timeout= of its own is cancelled after `query_timeout`; one without a
    max_bytes= of its own raises TooLarge for an answer of more than `query_max_bytes`. The routes are
    documented at /schema, at another path with `docs="/docs"`, and nowhere with `docs=False`.

    With `access` every request is refused that its rules do not allow. `litestar` passes options on to the
    Litestar application that serves requests: `App(litestar={"cors_config": CORSConfig(…)})`.
    `/-/ready` answers 503 while a part is further behind than `ready` allows: a span for all views, actions
    and workflows, or one for each of some, by their classes or names.

    An App is an ASGI application too, on the store that ACTUM_STORE names, or else on `sqlite:///NAME.db`.
    For a store that keeps only events, ACTUM_DATABASE names the database beside it.
    """

    @strict_options("App")
    def __init__(
        self,
        name: str,
        *,
        entities: Sequence[type[Entity]] = (),
        views: Sequence[type[View]] = (),
        actions: Sequence[Actions] = (),
        workflows: Sequence[type[Workflow]] = (),
        resources: Sequence[OpenResource] = (),
        docs: bool | str = True,
        query_timeout: timedelta = MAX_QUERY_TIME,
        key_retention: timedelta | None = KEY_RETENTION,
        query_max_bytes: int = MAX_ANSWER_BYTES,
        access: Access | None = None,
        litestar: Mapping[str, Any] | None = None,
        ready: Limits = None,
    ) -> None:
        if not name or not all(letter.isalnum() or letter in "-_" for letter in name):
            raise DefinitionError(f"{name!r} is not a name for an application: use letters, digits, - and _")
        listed: dict[str, Any] = {
            "entities": entities,
            "views": views,
            "actions": actions,
            "workflows": workflows,
            "resources": resources,
        }
        _check_lists(listed)
        self.name = name
        docs_path = _docs_path(docs)
        check_timeout("App", query_timeout, name="query_timeout")
        check_timeout("App", key_retention, name="key_retention")
        check_max_bytes("App", query_max_bytes, name="query_max_bytes")
        kinds = workflow_types(workflows)
        bind_starts(actions, kinds)
        bind_exposed(actions, [*entities, *views])
        bound = [bound for group in actions for bound in group.bound]
        catalog = compile_catalog(
            entities, views, bound, query_timeout, key_retention, query_max_bytes, kinds
        )
        opened_by = tuple((_type_of(resource), resource) for resource in resources)
        limits = limits_of(ready, catalog)
        definition = Definition(
            name,
            catalog,
            tuple(actions),
            opened_by,
            docs_path,
            access=access,
            policy=_policy(name, access, catalog, actions, docs_path),
            litestar=_litestar_options(litestar),
            limits=limits,
        )
        if all(importlib.util.find_spec(module) for module in NEEDED_TO_RUN):
            checks = cast("Checks", import_module("actum.runtime.declarations"))
            definition = replace(definition, triggers=checks.check(definition))
            checks.check_routes(definition)
        self._definition: Definition = definition
        self._asgi: AsgiApp | None = None
        self._instances = Instances[Services]()

    def __repr__(self) -> str:
        return f"<App {self.name}>"

    @property
    def default_store(self) -> str:
        """The URL of the store that it runs on unless another is named."""
        return os.environ.get("ACTUM_STORE") or f"sqlite:///{self.name}.db"

    def store_url(self, store: str | None = None, database: str | None = None) -> str:
        """Gives the URL of the stores that it runs on: those named here, or else in the environment.

        Raises StoreError for a database beside a store that has its own.
        """
        url = join(store or self.default_store, database)
        return join(url, os.environ.get("ACTUM_DATABASE") or None) if needs_database(url) else url

    @asynccontextmanager
    async def running(
        self, store: str | None = None, *, database: str | None = None
    ) -> AsyncGenerator[Context]:
        """Runs the application without HTTP until the block ends, and gives a context to work with.

        Name a `database` for a store that keeps only events, such as `dynamodb://TABLE`.

        If this application is being served in the same event loop, on these stores or with none named here,
        the block shares what is open there. Raises StoreInUse if it is served in another loop.
        """
        place = Place(self.store_url(store, database), store is not None)
        served = self._instances.served(place)
        if served is not None:
            async with served.using() as services:
                yield Context(services)
            return
        async with (
            _launch().run(self._definition, store=place.url) as node,
            self._instances.block(place, node.services),
        ):
            yield Context(node.services)

    def asgi(
        self, store: str | None = None, *, database: str | None = None, is_development: bool = False
    ) -> AsgiApp:
        """Gives an ASGI application that opens the store when it starts and closes it when it stops.

        With `is_development`, commands and reducers that do input or output are refused, and this machine is
        served the console at `/-/console`.
        """
        place = Place(self.store_url(store, database), store is not None)
        may_have_console = is_development or self._definition.has_console
        served = _launch().serve(
            self._definition,
            store=place.url,
            is_development=is_development,
            running=lambda: self._instances.running(place),
            further=_console().console_routes(self, place.url, is_development=is_development)
            if may_have_console
            else None,
        )
        self._instances.serve(place, served)
        return served

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if self._asgi is None:
            self._asgi = self.asgi()
        await self._asgi(scope, receive, send)


def definition_of(app: App) -> Definition:
    """Gives what the framework itself needs of an application; its author has no use for it."""
    return app._definition


def _launch() -> Launch:
    # By name, so that a module with an App in it loads where there is nothing but msgspec.
    return cast("Launch", import_module("actum.launch"))


def _console() -> Console:
    # By name: it shows what operations do, which know this file.
    return cast("Console", import_module("actum.console.site"))


def _docs_path(docs: object) -> str | None:
    if isinstance(docs, bool):
        return DOCS_PATH if docs else None
    if not isinstance(docs, str) or not DOCS.fullmatch(docs):
        raise DefinitionError(f'docs={docs!r} is not a path: write docs="/docs", or docs=False for none')
    return docs


def _check_lists(listed: Mapping[str, Any]) -> None:
    for parameter, given in listed.items():
        if not isinstance(given, Iterable) or isinstance(given, type):
            raise DefinitionError(f"{parameter}={given!r} is not a list: write {parameter}=[…]")
    for group in listed["actions"]:
        if not isinstance(group, Actions):
            raise DefinitionError(f"actions= lists {group!r}, which is not an Actions()")


def _policy(
    name: str, access: Any, catalog: Catalog, groups: Sequence[Actions], docs_path: str | None
) -> Policy | None:
    if access is None:
        return None
    if not isinstance(access, Access):
        raise DefinitionError(f"access={access!r} is no Access: write access=Access(ApiKeys(…), rules={{…}})")
    return compile_policy(name, access, catalog, groups, docs_path)


def _litestar_options(options: Any) -> dict[str, Any]:
    if options is not None and not isinstance(options, Mapping):
        raise DefinitionError(
            f'litestar={options!r} is no dict: write litestar={{"cors_config": CORSConfig(…)}}'
        )
    return dict(options or {})


def _is_plain_manager(resource: Any) -> bool:
    """Whether @contextmanager was used where @asynccontextmanager is needed."""
    return getattr(resource, "__code__", None) is PLAIN_MANAGER


def _type_of(resource: OpenResource) -> type[Any]:
    function = getattr(resource, "__wrapped__", None)
    annotation = typing.get_type_hints(function).get("return") if function is not None else None
    given = typing.get_args(annotation)
    is_async = inspect.isasyncgenfunction(function) and not _is_plain_manager(resource)
    if not is_async or not given or not isinstance(given[0], type):
        raise DefinitionError(
            f"resource {getattr(resource, '__name__', resource)}: write it as\n    @asynccontextmanager\n"
            "    async def open_mailer() -> AsyncGenerator[Mailer]: …\n"
            "with the type that it yields"
        )
    return given[0]
