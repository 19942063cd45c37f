"""Actions: stateless functions, and the triggers that set them off."""

from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from typing import Any, Literal, TypeVar

from msgspec import Struct

from actum.errors import DefinitionError
from actum.model.code.function_kind import require_function
from actum.model.entity import Entity
from actum.model.event import Event
from actum.model.handler import Handler
from actum.model.name import check_declared
from actum.model.option import strict_options
from actum.model.retries import Retries
from actum.model.routes.exposing import Exposes, Route, exposed_routes
from actum.model.view import View
from actum.model.workflows.workflow import Workflow

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])
Since = Literal["now", "beginning"]


class Failure(Struct, frozen=True):
    """What an action could not do, as its `on_failure` is given it.

    `error` is the class and message of the last error; `key` is that of the item: `KIND/ID` of the entity, or
    the message's key.
    """

    action: str
    key: str
    error: str


TIMEOUT = timedelta(seconds=60)
"""How long an attempt may take unless its trigger says otherwise."""


class BackgroundTrigger(Struct, frozen=True, kw_only=True):
    """Sets an action off in the background, where no request waits for it.

    The action's progress is stored under its `name`, or under that of the function if there is none.
    """

    retries: Retries = Retries()
    timeout: timedelta = TIMEOUT
    on_failure: Callable[..., Any] | None = None
    name: str | None = None

    def __post_init__(self) -> None:
        timeout: Any = self.timeout
        if not isinstance(timeout, timedelta) or timeout <= timedelta():
            raise DefinitionError(
                f"timeout={timeout!r}: write a positive span, as in timeout=timedelta(seconds=30)"
            )
        name: Any = self.name
        if name is not None and not isinstance(name, str):
            raise DefinitionError(f'name={name!r}: write a text, as in name="notify"')
        if name is not None:
            check_declared(name, "an action's name")


class OnEvents(BackgroundTrigger, frozen=True):
    """Sets an action off for events; `since` says where a new action starts in an existing history.

    `of` is the class of the entities whose events they are; None for every entity.
    """

    events: tuple[type[Event], ...]
    since: Since
    of: type[Entity] | None = None


class OnMessage(BackgroundTrigger, frozen=True):
    """Sets an action off for each message of a queue."""

    queue: str


class OnInterval(BackgroundTrigger, frozen=True):
    """Sets an action off at an interval."""

    interval: timedelta


class OnCron(BackgroundTrigger, frozen=True):
    """Sets an action off at the times of a cron expression, read in a time zone."""

    expression: str
    timezone: str


class OnRequest(Struct, frozen=True):
    """Sets an action off for each HTTP request; `options` go to the Litestar handler unchanged."""

    method: str
    path: str
    options: dict[str, Any]


Trigger = BackgroundTrigger | OnRequest


class Bound(Struct, frozen=True):
    """A function and one of its triggers; the application makes one that `starts` or `exposes` something."""

    function: Callable[..., Any]
    trigger: Trigger
    starts: "Starts | None" = None
    exposes: Exposes | None = None

    @property
    def name(self) -> str:
        """The action's name, under which its checkpoint and its letters are stored."""
        trigger = self.trigger
        return (isinstance(trigger, BackgroundTrigger) and trigger.name) or self.function.__name__


class Starts(Struct, frozen=True):
    """A workflow that a trigger starts; `id` gives its id from the event, message or body."""

    workflow: type[Workflow]
    id: Callable[[Any], str] | None


class Registration:
    """What a trigger was declared for: a function, as a decorator, or a workflow."""

    def __init__(self, trigger: Trigger, bound: list[Bound]) -> None:
        self._trigger = trigger
        self._bound = bound

    def __repr__(self) -> str:
        return f"<Registration of {self._trigger!r}>"

    def __call__(self, function: FunctionT) -> FunctionT:
        """Records a function, and returns it unchanged."""
        require_function("action", function, "await what it does, and return its answer")
        self._bound.append(Bound(function, self._trigger))
        return function

    def start(self, workflow: type[Workflow], *, id: Callable[[Any], str] | None = None) -> None:
        """Starts a workflow, whose `run` takes the event, the message, or the body of the request.

        `id` gives the workflow's id from that. Without it, the id is that of the entity whose event it is,
        the `{id:str}` in the path of a route, or a new one, the same when the message or tick comes again.
        A second event that asks for the id of a workflow that was started with another one is a Conflict.
        """
        declared: Any = workflow
        if not (isinstance(declared, type) and issubclass(declared, Workflow) and declared is not Workflow):
            raise DefinitionError(f"start({workflow!r}): name a Workflow class, as in .start(Fulfilment)")

        async def start() -> None:
            raise NotImplementedError

        start.__name__ = start.__qualname__ = f"start_{declared.__workflow_options__.name}"
        self._bound.append(Bound(start, self._trigger, Starts(workflow, id)))


class Actions:
    """A group of actions. Each method is a decorator that records the function and returns it unchanged.

    An action takes `ctx: Context`, then what set it off (the event, the message, the request's parameters),
    and any of the application's resources by type. It may call outside services; it changes state only by
    sending commands. A function may have several triggers.
    """

    def __init__(self, *, path: str = "", **options: Any) -> None:
        self.path = path
        self.options = options
        self.bound: list[Bound] = []

    @strict_options("@actions.on")
    def on(
        self,
        *events: type[Event],
        of: type[Entity] | None = None,
        retries: Retries | None = None,
        since: Since = "now",
        timeout: timedelta = TIMEOUT,
        on_failure: Callable[..., Any] | None = None,
        name: str | None = None,
    ) -> Registration:
        """Runs the function for each of these events: at least once, in order within an entity.

        A new action starts with the events after its first start; with `since="beginning"` it runs for the
        whole history. An attempt that takes longer than `timeout` is cut off and has failed. With `of`, an
        entity class, only events of its entities count: `@actions.on(Deleted, of=Cart)`.

        When the retries are used up, `on_failure` is called, an action that may take a `Failure` too. If that
        succeeds, the event is done; if it fails, it is retried as often, and then the event is a dead letter.

        The action's progress is stored under its `name`, by default that of the function: pass the old name
        when you rename the function.
        """
        for event in events:
            declared: Any = event
            if not (isinstance(declared, type) and issubclass(declared, Event)):
                raise DefinitionError(f"on({event!r}): name Event classes, as in @actions.on(Deposited)")
        if not events:
            raise DefinitionError("on() names no event: say which, as in @actions.on(Deposited)")
        among: Any = of
        if among is not None and not (isinstance(among, type) and issubclass(among, Entity)):
            raise DefinitionError(f"on(…, of={of!r}): name an Entity class, as in on(Deleted, of=Cart)")
        return self._keep(
            OnEvents(
                events,
                since,
                of,
                retries=retries or Retries(),
                timeout=timeout,
                on_failure=on_failure,
                name=name,
            )
        )

    @strict_options("@actions.expose")
    def expose(
        self,
        cls: type[Entity] | type[View],
        *,
        path: str,
        only: Collection[Handler[..., Any]] | None = None,
        without: Collection[Handler[..., Any]] = (),
        routes: Mapping[Handler[..., Any], Route] | None = None,
        state: bool = False,
    ) -> None:
        """Makes a route of each command and query of an entity: `expose(Account, path="/accounts/{id}")`.

        A command is a POST to the path and its name, as in `/accounts/a/close-down`, with its arguments as a
        JSON object. It answers 200 with the reply, 204 if it has none, and 201 with a Location for the first
        event of an entity. A query is a GET, with its arguments in the query string; those of a view have no
        `{id}` in their path. With `state`, a GET of the path itself shows the fields of an entity's state.

        `only` and `without` choose among them. `routes` says what is otherwise than by convention:
        `routes={Account.deposit: Route(path="/deposits")}`.
        """
        found = exposed_routes(cls, path, only=only, without=without, routes=routes or {}, state=state)
        for route in found:

            async def answer() -> None:
                raise NotImplementedError

            answer.__name__ = answer.__qualname__ = route.name
            self.bound.append(Bound(answer, OnRequest(route.verb, route.path, {}), exposes=route.exposes))

    def get(self, path: str = "/", **options: Any) -> Registration:
        """Answers GET requests; path and options are those of a Litestar handler."""
        return self._on_request("GET", path, options)

    def post(self, path: str = "/", **options: Any) -> Registration:
        """Answers POST requests; path and options are those of a Litestar handler."""
        return self._on_request("POST", path, options)

    def put(self, path: str = "/", **options: Any) -> Registration:
        """Answers PUT requests; path and options are those of a Litestar handler."""
        return self._on_request("PUT", path, options)

    def patch(self, path: str = "/", **options: Any) -> Registration:
        """Answers PATCH requests; path and options are those of a Litestar handler."""
        return self._on_request("PATCH", path, options)

    def delete(self, path: str = "/", **options: Any) -> Registration:
        """Answers DELETE requests; path and options are those of a Litestar handler."""
        return self._on_request("DELETE", path, options)

    @strict_options("@actions.queue")
    def queue(
        self,
        queue: str,
        /,
        *,
        retries: Retries | None = None,
        timeout: timedelta = TIMEOUT,
        on_failure: Callable[..., Any] | None = None,
        name: str | None = None,
    ) -> Registration:
        """Runs the function for each message of a queue: at least once, in order within a key.

        An attempt that takes longer than `timeout` is cut off and has failed. `on_failure` and `name` are as
        in `on`.
        """
        _check_text(queue, '@actions.queue("payments")')
        check_declared(queue, "a queue's name")
        return self._keep(
            OnMessage(queue, retries=retries or Retries(), timeout=timeout, on_failure=on_failure, name=name)
        )

    @strict_options("@actions.every")
    def every(
        self,
        *,
        weeks: float = 0,
        days: float = 0,
        hours: float = 0,
        minutes: float = 0,
        seconds: float = 0,
        timeout: timedelta = TIMEOUT,
        on_failure: Callable[..., Any] | None = None,
        name: str | None = None,
    ) -> Registration:
        """Runs the function at an interval, counted from its first start: at least once, never early.

        An attempt that takes longer than `timeout` is cut off and has failed. `on_failure` and `name` are as
        in `on`.
        """
        interval = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
        if interval < timedelta(milliseconds=1):
            raise DefinitionError(
                f"every({interval}): the interval must be positive, as in @actions.every(hours=1)"
            )
        return self._keep(OnInterval(interval, timeout=timeout, on_failure=on_failure, name=name))

    @strict_options("@actions.cron")
    def cron(
        self,
        expression: str,
        *,
        timezone: str = "UTC",
        timeout: timedelta = TIMEOUT,
        on_failure: Callable[..., Any] | None = None,
        name: str | None = None,
    ) -> Registration:
        """Runs the function at the times of a cron expression, such as "0 7 * * MON-FRI".

        An attempt that takes longer than `timeout` is cut off and has failed. `on_failure` and `name` are as
        in `on`.
        """
        _check_text(expression, '@actions.cron("0 7 * * MON-FRI")')
        return self._keep(OnCron(expression, timezone, timeout=timeout, on_failure=on_failure, name=name))

    def _on_request(self, method: str, path: str, options: dict[str, Any]) -> Registration:
        _check_text(path, f'@actions.{method.lower()}("/path")')
        return self._keep(OnRequest(method, path, options))

    def _keep(self, trigger: Trigger) -> Registration:
        return Registration(trigger, self.bound)


def _check_text(value: object, usage: str) -> None:
    """Raises DefinitionError for a decorator without parentheses, which would take the function itself."""
    if not isinstance(value, str):
        raise DefinitionError(f"{value!r} is no text: write {usage}")
