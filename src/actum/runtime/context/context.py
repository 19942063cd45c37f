"""Context: how an action or a script reaches entities, views, queues and timers."""

import typing
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import datetime, timedelta
from typing import Any, ParamSpec, TypeVar, TypeVarTuple, overload

from actum.errors import DefinitionError, Invalid, KeyReused, NotFound
from actum.model.access.principal import Principal
from actum.model.code.function_kind import require_awaitable
from actum.model.deadlines.deadline import PREFIX
from actum.model.deletion import ERASED
from actum.model.entity import Entity
from actum.model.event import Event, Metadata, Recorded, Stored, to_microseconds
from actum.model.handler import Command
from actum.model.name import check_cause, check_id, check_name, check_text, check_who
from actum.model.rows.page import FIRST_PAGE, Page, page_request
from actum.model.view import View
from actum.model.workflows.workflow import Workflow
from actum.ports.database import NewTimer, Timer
from actum.ports.journal import StreamInfo
from actum.runtime.context.atomic import Unit, run_unit, running_unit
from actum.runtime.context.history import Histories
from actum.runtime.context.queue_reference import QueueReference
from actum.runtime.context.session import Session, Source
from actum.runtime.context.timers import MADE
from actum.runtime.context.workflow_reference import Runs, WorkflowReference
from actum.runtime.deadlines.follower import until_applied
from actum.runtime.entities.precondition import Precondition
from actum.runtime.instruments.tracing import tracing
from actum.runtime.keys.stored import RequestKey
from actum.runtime.keys.unit_key import unit_key
from actum.runtime.people.calls import sealed_timer
from actum.runtime.people.portrait import Painter, Portrait
from actum.runtime.services import Services

P = ParamSpec("P")
T = TypeVar("T")
Ts = TypeVarTuple("Ts")
EntityT = TypeVar("EntityT", bound=Entity)
ViewT = TypeVar("ViewT", bound=View)


class Context:
    """The access of one piece of work to the application: it knows what it wrote and what caused it.

    A view's answer always shows what was written through the same context. `event` is what triggered an event
    action. Commands sent from an event, a message or a timer carry idempotency keys derived from it and the
    call, so that a second delivery adds nothing.
    """

    _origin: Recorded[Any] | Stored | None = None

    def __init__(
        self,
        services: Services,
        *,
        correlation_id: str | None = None,
        causation_id: str = "",
        by: str = "",
        cause: str | None = None,
        source: Source | None = None,
        idempotency_key: str | None = None,
        expected_version: int | Precondition | None = None,
        event: Recorded[Any] | None = None,
        seen: int = 0,
        unit: Unit | None = None,
    ) -> None:
        if cause is None:
            # What an item triggered was checked before the item was stored.
            if by != "":
                check_who(by)
            if correlation_id is not None:
                check_text(correlation_id, "a correlation id", field="correlation_id", fix="write str(…)")
            if causation_id != "":
                check_cause(causation_id)
        self._services = services
        self._event: Recorded[Any] | None = event
        self._origin = event
        self._session: Session = Session(
            services,
            Metadata("", correlation_id or services.clock.new_id(), causation_id, by),
            cause=cause,
            source=source,
            request_key=None if idempotency_key is None else RequestKey.of(idempotency_key),
            expected_version=expected_version,
            seen=seen,
            unit=unit,
        )
        if event is not None:
            self._session.subject = f"{event.kind}/{event.id}"

    def __repr__(self) -> str:
        return f"<Context {self._session.cause or self.correlation_id}>"

    @property
    def correlation_id(self) -> str:
        """The id that everything shares that follows from one request."""
        return self._session.metadata.correlation_id

    @property
    def trace_headers(self) -> dict[str, str]:
        """The headers with which a service continues this trace, `traceparent` first; none without one."""
        return tracing.headers()

    @property
    def by(self) -> str:
        """Who acts, as the application's rules or a guard have found it; stored with every event."""
        return self._session.metadata.by

    @by.setter
    def by(self, who: str) -> None:
        self._session.act_for(who)

    @property
    def principal(self) -> Principal:
        """Who acts, with the roles and claims that the request has shown.

        Outside a request, and without `App(access=…)`, only the id is known, which is `by`.
        """
        guard = self._session.guard
        return Principal(self.by) if guard is None else guard.principal

    @property
    def now(self) -> datetime:
        """The time (UTC)."""
        return self._services.clock.today()

    @property
    def event(self) -> Recorded[Any]:
        """The event that triggered this action, with its position, version and metadata."""
        if self._event is None:
            raise DefinitionError("ctx.event: this action was not set off by an event")
        return self._event

    def entity(
        self,
        cls: type[EntityT],
        id: str,
        *,
        idempotency_key: str | None = None,
        expected_version: int | None = None,
    ) -> EntityT:
        """Returns a reference to an entity, to send commands and queries to; nothing has to be created first.

        With `idempotency_key`, the same call sent again returns the same and adds nothing. With
        `expected_version`, it raises WrongVersion unless the entity is at that version.
        """
        reference = self._services.catalog.entity_references.get(cls)
        if reference is None:
            raise DefinitionError(
                f"{cls.__name__} is not among the application's entities: add it to App(entities=[…])"
            )
        check_id(id)
        if idempotency_key is not None:
            check_name(idempotency_key, "an idempotency key", field="idempotency_key")
        origin = self._origin
        if origin is not None and id == origin.id and reference.kind.name == origin.kind:
            self._check_not_erased(origin)
        return reference(self._session, id, idempotency_key, expected_version)  # type: ignore[return-value]

    def view(
        self,
        cls: type[ViewT],
        *,
        after: str | None = None,
        page_size: int | None = None,
        with_total: bool = False,
    ) -> ViewT:
        """Returns a reference to a view, whose queries show everything that this context has written.

        For a query that returns a Page, `after` is the `next` of the page before, `page_size` how many items
        the page has at most (50, or up to 1,000), and `with_total` has them all counted too.
        """
        reference = self._services.catalog.view_references.get(cls)
        if reference is None:
            raise DefinitionError(
                f"{cls.__name__} is not among the application's views: add it to App(views=[…])"
            )
        asked = page_request(after, page_size, with_total=with_total)
        return reference(self._session, None if asked is FIRST_PAGE else asked)  # type: ignore[return-value]

    def queue(self, name: str) -> QueueReference:
        """Returns a reference to a queue, to send messages to."""
        known = self._services.queues
        if name not in known:
            raise NotFound(
                f"no action takes from a queue {name!r}; there are {', '.join(sorted(known)) or 'none'}"
            )
        return QueueReference(self._session, name, known[name])

    @overload
    def workflow(self, cls: "Callable[[], Runs[Context, P, T]]", id: str) -> WorkflowReference[P, T]: ...

    @overload
    def workflow(self, cls: type[Workflow], id: str) -> WorkflowReference[..., Any]: ...

    def workflow(self, cls: Any, id: str) -> WorkflowReference[..., Any]:
        """Returns a reference to a workflow, to start, signal, control and wait for."""
        kind = self._services.workflows.by_class.get(cls)
        if kind is None:
            raise DefinitionError(
                f"{getattr(cls, '__name__', cls)} is not among the application's workflows: add it to "
                "App(workflows=[…])"
            )
        check_name(id, "a workflow's id", field="id")
        if self._session.guard is not None:
            self._session.guard.check_workflow(kind.name, id)
        return WorkflowReference(self._session, self._services.workflows, kind, id)

    async def atomic(
        self,
        function: "Callable[[Context, *Ts], Awaitable[T]]",
        *args: *Ts,
        idempotency_key: str | None = None,
    ) -> T:
        """Runs commands on several entities as one unit: all of their events are written, or none.

        `function` gets a context of its own, and `args`. It may run more than once, if another writer was
        first; it should do nothing but send commands and queries. Views do not show its commands yet.

        With `idempotency_key`, or in a request that has one, or in an action, the same unit gives back the
        same and adds nothing when it is sent again; annotate what it gives back, for that to be read as it
        was. The key stands for the function, by module and name, for `args`, and for the object of a method
        if JSON can hold it: what a function takes from around it is not seen. Another unit with the same key
        is KeyReused.
        """
        self._session.check_open()
        if self._session.unit is not None:
            raise DefinitionError(
                "atomic units do not nest: send the commands through the context you were given"
            )
        if idempotency_key is not None:
            check_name(idempotency_key, "an idempotency key", field="idempotency_key")
        key = unit_key(self._session, function, args, idempotency_key)
        expected = self._session.take_expected_version()
        source = f"$unit/{key.stored}" if key and idempotency_key else self._session.next_source()
        reply, position = await run_unit(
            self._services,
            lambda unit: require_awaitable(
                "the function of an atomic unit", function(self._within(unit, expected, source), *args)
            ),
            key=key,
            metadata=self._session.metadata_of(""),
            reply_type=_reply_type(function),
            mentions=self._session.mentions,
        )
        self._session.observe(position, None)
        return reply  # type: ignore[no-any-return]

    def schedule(
        self,
        command: Command[P, Any],
        id: str,
        *,
        after: timedelta | None = None,
        at: datetime | None = None,
        name: str | None = None,
    ) -> Callable[P, Coroutine[Any, Any, str]]:
        """Sends a command later: `await ctx.schedule(Account.close, "a", after=timedelta(days=30))(reason)`.

        Returns the timer's name, for `cancel`. A timer survives restarts and fires at least once, never
        early; its command takes effect once. A second timer of the same name replaces the first.
        """
        cls = command.owner
        reference = self._services.catalog.entity_references.get(cls) if cls is not None else None
        if reference is None or command.name not in reference.kind.commands:
            raise DefinitionError(f"{command!r} is not a command of the application's entities")
        if (after is None) == (at is None):
            raise Invalid("schedule takes either after= or at=")
        check_id(id)
        _check_timer_name(name)
        span = (after or timedelta()) // timedelta(microseconds=1)
        due = to_microseconds(at) if at else self._services.clock.now() + span
        kind = reference.kind.name
        self._session.check_call(kind, command.name, id)
        self._session.note_entity(kind, id)
        declared = reference.kind.commands[command.name]
        named = name or self._made_name(kind, id, command.name)

        async def keep(*positional: P.args, **keywords: P.kwargs) -> str:
            self._session.check_open()
            metadata = self._session.metadata
            bound = declared.signature.bind(positional, keywords)
            timer = NewTimer(
                named,
                due,
                kind,
                id,
                declared.name,
                declared.signature.write(bound),
                metadata.correlation_id,
                metadata.causation_id,
                metadata.by,
                0 if at else span,
                tracing.traceparent(),
            )
            self._session.trace_target(kind, f"the timer of {declared.name}", id)
            mark = self._session.timer_mark(timer, name)
            try:
                await self._services.timers.add(await sealed_timer(self._services, timer, bound), mark)
            except KeyReused as error:
                raise KeyReused(
                    self._session.shown_key, f"a timer of {kind}/{id}", other="another command"
                ) from error
            self._services.signals.send("timers")
            return named

        return keep

    def _made_name(self, kind: str, id: str, command: str) -> str:
        return MADE + (self._session.next_mark(kind, id, command) or self._services.clock.new_id())

    async def cancel(self, name: str) -> bool:
        """Cancels a timer; returns False if it has fired or does not exist."""
        self._session.check_open()
        check_name(name, "a timer's name", field="name")
        if name.startswith(PREFIX):
            raise Invalid(f"{name!r} is a deadline: its entity cancels it, by self.cancel(…) in a command")
        return await self._services.timers.cancel(name)

    async def timers(self, *, limit: int = 100) -> list[Timer]:
        """Lists timers that have not fired, the earliest first."""
        self._session.check_open()
        self._session.note_any_entity()
        await until_applied(self._services, self._session.seen)
        return await self._services.database.timers(limit=limit)

    async def history(
        self,
        cls: type[Entity],
        id: str,
        *,
        after: int = 0,
        up_to: int | None = None,
        limit: int | None = None,
        reverse: bool = False,
    ) -> list[Recorded[Event]]:
        """Returns an entity's events with after < version <= up_to, the newest first if `reverse`."""
        self._tell_of(cls, id)
        return await self._histories.history(cls, id, after=after, up_to=up_to, limit=limit, reverse=reverse)

    async def state(
        self, cls: type[EntityT], id: str, *, version: int | None = None, time: datetime | None = None
    ) -> EntityT:
        """Returns an entity's state now, at a version, or at a time; for reading only."""
        self._tell_of(cls, id)
        return await self._histories.state(cls, id, version=version, time=time)

    async def what_if(
        self, cls: type[EntityT], id: str, events: Sequence[Event], *, time: datetime | None = None
    ) -> EntityT:
        """Returns the state that an entity would have after events that have not happened."""
        self._tell_of(cls, id)
        return await self._histories.what_if(cls, id, events, time=time)

    async def ids(
        self,
        cls: type[Entity],
        *,
        limit: int = 100,
        page: str | None = None,
        first_after: datetime | None = None,
        first_before: datetime | None = None,
        reverse: bool = False,
    ) -> Page[StreamInfo]:
        """Lists entities by the time of their first event; `page` is the `next` of the page before.

        In an action that returns the Page, both it and `limit` come from the request unless they are given.
        """
        self._check_access(cls, None)
        self._session.note_any_entity()
        if page is None:
            asked = self._session.take_page_request()
            page, limit = asked.after, asked.size or limit
            if asked.with_total:
                raise Invalid("entities are not counted: leave out `total`", field="total")
        return await self._histories.ids(
            cls, limit=limit, page=page, first_after=first_after, first_before=first_before, reverse=reverse
        )

    async def delete(self, cls: type[Entity], id: str, *, erase: bool = False, why: str | None = None) -> int:
        """Removes an entity's history before its last event, or, with `erase`, everything.

        Returns how many events were removed.

        Without `erase` the last event stays, as a mark that the entity existed, and its version goes on.
        Views keep what they have reduced: emit an event of your own first, if they should change.

        `erase` removes its events, state and stored replies, its timers, the letters of its events and
        timers, and the messages and letters with its id (or `Kind/id`) as their key; its versions begin again
        at 1. The feed shows a `Deleted` in their place, which deletes the rows that views have under its id,
        however far behind they are, and triggers `on(Deleted)`; rows under other keys stay as they are. If
        the process ends half way, the next one to start continues. `why`, up to 1,000 bytes, is kept in the
        `Deleted` ("erased" if it is not given), so it should say nothing about a person.
        """
        reference = self._services.catalog.entity_references.get(cls)
        if reference is not None:
            self._check_access(cls, id)
            self._check_delete(reference.kind.name, id)
        if not erase:
            if why is not None:
                raise Invalid(
                    "why= is kept in the Deleted of an entity that is erased: add erase=True", field="why"
                )
            return await self._histories.prune(cls, id)
        erased = await self._histories.erase(cls, id, ERASED if why is None else why)
        self._session.observe(erased.position, None)
        return erased.events

    async def forget(self, *persons: str) -> None:
        """Forgets persons, by their ids: none of their stored `Personal` values can be read afterwards.

        Their keys are destroyed, and views that are made from personal data are rebuilt, before this returns.
        Backups with these keys, and what was copied elsewhere, stay as they are. Histories stay, and show
        `Forgotten` in the place of the values. Other processes notice within a second. If the process ends
        half way, the next one to start continues. A person who comes back gets a new key. Give all persons
        at once, for the views to be rebuilt once.
        """
        self._session.check_open()
        if self._session.unit is not None:
            raise DefinitionError(
                "an atomic unit writes events alone, and cannot forget a person: do it through the context "
                "outside, when the unit is done"
            )
        if self._services.people is None:
            raise DefinitionError(
                "the application has no personal data: mark it, as in `email: Personal[str]`"
            )
        await self._services.people.forget(persons)

    async def portrait(self, person: str) -> Portrait:
        """Returns everything that is kept of a person: events, states, and what waits, as JSON has it.

        What of it belongs to other people is left out, and so are views, which are made from events. It reads
        the whole journal. Raises NotFound if nothing is kept of the person.
        """
        self._session.check_open()
        self._session.note_any_entity()
        if self._services.people is None:
            raise DefinitionError("there is no personal data: mark it, as in `email: Personal[str]`")
        services = self._services
        painter = Painter(
            self._services.people.keyring,
            journal=services.journal,
            database=services.database,
            broker=services.broker,
            kinds=services.kinds,
            queues=list(services.queues),
        )
        return await painter.paint(person)

    def new_id(self) -> str:
        """Returns a unique id (a UUID), which is the same when the same work is done again.

        So an entity that gets it is created once, although the event, message, tick or request with an
        Idempotency-Key comes again, or an atomic unit runs again; `uuid4()` would differ each time.
        Each call returns another id.
        """
        return self._session.next_id()

    @property
    def token(self) -> str:
        """A token with which another request reads what this one wrote."""
        return str(self._session.seen)

    @property
    def _histories(self) -> Histories:
        self._session.check_open()
        return Histories(self._services)

    def _tell_of(self, cls: type[Entity], id: str) -> None:
        reference = self._services.catalog.entity_references.get(cls)
        if reference is not None:
            self._check_access(cls, id)
            self._session.note_entity(reference.kind.name, id)

    def _check_access(self, cls: type[Entity], id: str | None) -> None:
        """Raises Unauthenticated or Forbidden for an entity whose rule does not allow this request."""
        guard, reference = self._session.guard, self._services.catalog.entity_references.get(cls)
        if guard is not None and reference is not None:
            guard.check_entity(reference.kind.name, id)

    def _check_delete(self, kind: str, id: str) -> None:
        """Raises DefinitionError in an atomic unit that would run again because this entity is removed."""
        self._session.check_open()
        if self._session.unit is not None:
            raise DefinitionError(
                f"an atomic unit writes events alone, and cannot delete {kind}/{id}: delete it through the "
                "context outside, when the unit is done"
            )
        running = running_unit.get()
        error = None if running is None else running.note_outside(self._services, (kind, id))
        if error is not None:
            raise error

    def _check_not_erased(self, event: Recorded[Any] | Stored) -> None:
        """Refuses commands caused by an erased event that would create its entity again."""
        if self._services.feed.erasures.has(event.kind, event.id, event.position):
            raise NotFound(f"{event.kind}/{event.id} was erased after the event at {event.position}")

    def _within(self, unit: Unit, expected_version: int | Precondition | None, source: str) -> "Context":
        context = Context(
            self._services,
            correlation_id=self.correlation_id,
            causation_id=self._session.metadata.causation_id,
            by=self._session.metadata.by,
            event=self._event,
            source=source,
            expected_version=expected_version,
            seen=self._session.seen,
            unit=unit,
        )
        context._session.guard = self._session.guard
        return context


def session_of(context: Context) -> Session:
    """Returns what the framework itself needs of a context; applications have no use for it."""
    return context._session


def _reply_type(function: Callable[..., Any]) -> Any:
    """Returns a function's annotated return type, if it has one that can be read."""
    try:
        return typing.get_type_hints(function).get("return", Any)
    except (TypeError, NameError):
        return Any


def _check_timer_name(name: str | None) -> None:
    """Raises Invalid for a name that no timer may have."""
    if name is None:
        return
    check_name(name, "a timer's name", field="name")
    for own in (MADE, PREFIX):
        if name.startswith(own):
            raise Invalid(f"{name!r}: names that begin with {own} are Actum's own", field="name")
