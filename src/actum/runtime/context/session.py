"""A session: what the calls of one context share, from their cause to how far they wrote."""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import timedelta
from typing import Any

import msgspec

from actum.errors import DefinitionError, KeyReused
from actum.model.entity import CommandType
from actum.model.event import Metadata, write_metadata
from actum.model.name import check_name, check_who, shortened
from actum.model.people.of_entity import ID
from actum.model.rows.page import FIRST_PAGE, PageRequest
from actum.model.view import ViewQuery, ViewType
from actum.ports.database import Mark, NewTimer
from actum.ports.message import NewMessage
from actum.runtime.access.policy import Guard
from actum.runtime.context.atomic import Unit, running_unit
from actum.runtime.context.references import EntityReference
from actum.runtime.context.reruns import Trace
from actum.runtime.entities.dispatcher import Call
from actum.runtime.entities.precondition import Precondition
from actum.runtime.instruments.tracing import observed, tracing
from actum.runtime.keys.kept_answers import Mentions
from actum.runtime.keys.stored import RequestKey, digest, former_key, made_id, stored_key
from actum.runtime.people.page_tokens import PageTokens
from actum.runtime.services import Services

Source = str | tuple[str | int, ...]
"""What ids are derived from: a text, or its parts."""

SealMessages = Callable[[], Awaitable[Sequence[bytes]]]
"""Gives the messages as they are stored, sealed."""


class Session:
    """What the calls of one context share.

    `cause` names what triggered it, so that its calls have the same idempotency keys when that comes again;
    `request_key` is a client's own. `source` is what ids are derived from, the same when the same work is
    done again. `seen` is the position up to which a view has to show what happened, `version` that of the
    entity that answered last. Within an atomic unit, `unit` takes the calls. `mentions` is what its answer
    may mention, if that is stored.
    """

    # Most sessions never change these, and one is made for every request and every item of an action.
    cause: str | None = None
    request_key: RequestKey | None = None
    unit: Unit | None = None
    version: int | None = None
    mentions: Mentions | None = None
    _source: Source | None = None
    _trace: Trace | None = None
    _expected_version: int | Precondition | None = None
    _has_options = False
    page_request: PageRequest = FIRST_PAGE
    """The page that the request asks for."""
    link: bytes | None = None
    """The Link header of the answer, to the page after it."""
    is_first: bool = False
    """Whether a call wrote the first event of an entity."""
    guard: Guard | None = None
    """Checks what the request reaches, where the application has rules."""
    is_recorded: bool = False
    """Whether each call is recorded for a workflow, and answered from the record when it comes again."""
    subject: str = ""
    """The entity (KIND/ID) whose event triggered this, if one did."""

    def __init__(
        self,
        services: Services,
        metadata: Metadata,
        *,
        cause: str | None,
        source: Source | None,
        request_key: RequestKey | None,
        expected_version: int | Precondition | None,
        seen: int,
        unit: Unit | None,
    ) -> None:
        self.services = services
        self.metadata: Metadata = metadata
        self.seen: int = seen
        self._calls: dict[object, int] = {}
        self._written: dict[str, bytes] = {}
        if source is not None:
            self._source = source
        if cause is not None:
            self.cause = cause
            self._has_options = True
        if request_key is not None or unit is not None or expected_version is not None:
            self._take_options(request_key, unit, expected_version)
        if services.reruns is not None and self._may_run_again:
            self._trace = services.reruns.begin(self.id_source)

    def _take_options(
        self, request_key: RequestKey | None, unit: Unit | None, expected_version: int | Precondition | None
    ) -> None:
        self._has_options = True
        self._expected_version = expected_version
        if unit is not None:
            self.unit = unit
            self.mentions = unit.mentions
        if request_key is not None:
            self.request_key = request_key
            self.mentions = Mentions(self.services.feed)

    @property
    def _may_run_again(self) -> bool:
        return self._work is not None or (self.unit is not None and self._source is not None)

    def metadata_of(self, command: str) -> bytes:
        """Returns the metadata of events that a command of this session emits, as JSON."""
        found = self._written.get(command)
        if found is None:
            found = write_metadata(msgspec.structs.replace(self.metadata, command=command))
            self._written[command] = found
        return found

    def act_for(self, who: str) -> None:
        """Sets who acts, for the events of later calls."""
        check_who(who)
        self.metadata = msgspec.structs.replace(self.metadata, by=who)
        self._written.clear()

    def protect(self, guard: Guard) -> None:
        """Has a guard check every later call; its principal is who acts."""
        self.guard = guard
        known = self.metadata
        if known.by != guard.principal.id:
            # The id was checked when the credentials were.
            self.metadata = Metadata("", known.correlation_id, known.causation_id, guard.principal.id)
            self._written.clear()

    def act_as_operator(self, who: str) -> None:
        """Has every later call be that of an operator, for whom the rules of other callers do not hold."""
        self.guard = None
        self.act_for(who)

    def check_call(self, kind: str, name: str, id: str) -> None:
        """Raises Unauthenticated or Forbidden for a command or query that no rule allows this request."""
        if self.guard is not None:
            self.guard.check_call(kind, name, id)

    def check_open(self) -> None:
        """Raises DefinitionError in the session of an atomic unit that has ended."""
        if self.unit is not None:
            self.unit.check_open()

    def note_entity(self, kind: str, id: str) -> None:
        """Notes that an answer of this session may mention an entity."""
        if self.mentions is not None:
            self.mentions.note(kind, id)
            personal = self.services.catalog.kinds[kind].personal
            if personal is not None and personal.person != ID:
                # Whoever owns the data may be forgotten, and nobody knows here who that is.
                self.mentions.note_any()

    def note_any_entity(self) -> None:
        """Notes that an answer of this session may mention any entity."""
        if self.mentions is not None:
            self.mentions.note_any()

    def observe(self, position: int, version: int | None, *, is_first: bool = False) -> None:
        """Records an answer, for views to show it and for tokens to carry it."""
        self.seen = max(self.seen, position)
        self.version = version
        if is_first:
            self.is_first = True

    def take_page_request(self) -> PageRequest:
        """Returns the page that the request asks for, once; a second query gives its first page."""
        request, self.page_request = self.page_request, FIRST_PAGE
        return request

    def take_expected_version(self) -> int | Precondition | None:
        """Returns the version that the first command expects of its entity, once."""
        expected, self._expected_version = self._expected_version, None
        return expected

    def send_command(
        self,
        target: EntityReference,
        command: CommandType,
        positional: tuple[Any, ...],
        named: dict[str, Any],
    ) -> Coroutine[Any, Any, Any]:
        """Sends a command to an entity."""
        if self.guard is not None:
            refused = self.guard.refusal_of_call(target.kind.name, command.name, target.id)
            if refused is not None:
                return _raise(refused)
        metadata = self._written.get(command.name) or self.metadata_of(command.name)
        call = Call(target.kind, target.id, command, positional, named, metadata, self)
        is_plain = target.idempotency_key is None and target.expected_version is None
        if is_plain and not self._has_options and not Unit.running:
            return self.services.entities.command(call)
        return self._send_with_options(target, call)

    def _send_with_options(self, target: EntityReference, call: Call) -> Coroutine[Any, Any, Any]:
        command = call.command
        if self._trace is not None:
            self._trace.sent(target.kind.name, command.name, target.id)
        running = running_unit.get()
        if running is not None and running is not self.unit:
            error = running.note_outside(self.services, call.stream)
            if error is not None:
                return _raise(error)
        call.expected_version = target.expected_version
        if self._expected_version is not None and call.expected_version is None:
            call.expected_version = self.take_expected_version()
        if self.unit is not None:
            if target.idempotency_key is not None:
                raise DefinitionError(
                    f"{target!r}: a command within an atomic unit has no idempotency key of its own: give "
                    "one to the unit, ctx.atomic(…, idempotency_key=…)"
                )
            return self.unit.command(call)
        if target.idempotency_key is not None:
            call.key, call.former_key = stored_key(target.idempotency_key), former_key(target.idempotency_key)
            self.note_entity(target.kind.name, target.id)
        elif self.cause is not None or self.request_key is not None:
            what = command.name if self.cause else ""
            call.key, call.former_key = self.next_key(target.kind.name, target.id, what)
            call.identity = self.identity
            self.note_entity(target.kind.name, target.id)
        return self.services.entities.command(call)

    def send_query(
        self, target: EntityReference, query: CommandType, positional: tuple[Any, ...], named: dict[str, Any]
    ) -> Coroutine[Any, Any, Any]:
        """Sends a query to an entity."""
        if self.guard is not None:
            refused = self.guard.refusal_of_call(target.kind.name, query.name, target.id)
            if refused is not None:
                return _raise(refused)
        call = Call(target.kind, target.id, query, positional, named, b"", self)
        call.expected_version = target.expected_version
        if self.unit is not None:
            return self.unit.query(call)
        self.note_entity(target.kind.name, target.id)
        return self.services.entities.query(call)

    async def ask_view(
        self,
        view: ViewType,
        query: ViewQuery,
        positional: tuple[Any, ...],
        named: dict[str, Any],
        page: PageRequest | None = None,
    ) -> Any:
        """Runs a query of a view, or asks for a page; it shows everything that this session has written."""
        self.check_open()
        if self.guard is not None:
            self.guard.check_view(view.name, query.name)
        self.note_any_entity()
        arguments = query.signature.bind(positional, named)
        parameters = dict(zip(query.signature.parameters, arguments, strict=True))
        views = self.services.views
        if query.shape == "page":
            people = self.services.people
            tokens = PageTokens(None if people is None else people.keyring)
            request = self.take_page_request().under(page)
            asked = views.ask_page(view, query, parameters, self.seen, request, tokens)
        else:
            asked = views.ask(view, query, parameters, self.seen)
        return await observed(self.services.instruments, "view query", f"{view.name}.{query.name}", asked)

    async def read_row(self, view: ViewType, key: Any) -> Any:
        """Reads one row of a view that shows everything that this session has written."""
        self.check_open()
        if self.guard is not None:
            self.guard.check_view(view.name, None)
        self.note_any_entity()
        read = self.services.views.get(view, key, self.seen)
        return await observed(self.services.instruments, "view query", f"{view.name}.get", read)

    async def put(
        self,
        queue: str,
        messages: Sequence[bytes],
        key: str | None,
        once: str | None,
        *,
        seal: SealMessages | None = None,
    ) -> None:
        """Puts messages into a queue, all or none; `seal` gives what is stored, where that is sealed."""
        self.check_open()
        if key is not None:
            check_name(key, "a message's key", field="key")
            self.trace_target("queue", "messages", f"{queue} with the key {key}")
        if once is not None:
            check_name(once, "a message's mark", field="once")
        if self.mentions is not None:
            self.mentions.note_key(key)
        mark, identity = self._mark_of(queue, messages, key, once)
        try:
            stored = messages if seal is None else await seal()
            with self.services.outgoing.sent(queue, stored):
                await self.services.broker.send(self._messages(queue, stored, key, mark, identity))
        except KeyReused as error:
            raise KeyReused(once or self.shown_key, f"queue {queue!r}", other="another message") from error
        self.services.signals.send(f"queue/{queue}")

    async def call_workflow(
        self, what: str, key: tuple[str, str], do: "Callable[[Session], Awaitable[Any]]"
    ) -> Any:
        """Makes a call to a workflow, by its kind and id, in a session, which gives its marks."""
        return await do(self)

    async def end_of_workflow(
        self,
        key: tuple[str, str],
        read: Callable[[bytes], Any],
        within: timedelta | None,
        wait: Callable[[], Awaitable[Any]],
    ) -> Any:
        """Waits for the end of a workflow, by its kind and id, at most for a time."""
        return await wait()

    def _mark_of(
        self, queue: str, messages: Sequence[bytes], key: str | None, once: str | None
    ) -> tuple[str | None, str]:
        """Returns the mark under which messages are sent once, and what it stands for."""
        if once is not None:
            return stored_key(once), digest(key or "", *messages)
        if self.unit is not None:
            # When it runs again, the function may send something else.
            written = digest(key or "", *messages)
            return self.next_mark("$queue", queue, written), written
        identity = self.identity
        if identity is None:
            return self.next_mark("$queue", queue, ""), digest(key or "", *messages)
        return self.next_mark("$queue", queue, key or ""), identity

    def _messages(
        self, queue: str, messages: Sequence[bytes], key: str | None, mark: str | None, identity: str
    ) -> list[NewMessage]:
        now, metadata, traceparent = self.services.clock.now(), self.metadata, tracing.traceparent()
        return [
            NewMessage(
                queue,
                key,
                message,
                now,
                metadata.correlation_id,
                f"{mark}/{index}" if mark and len(messages) > 1 else mark,
                identity if mark else "",
                metadata.causation_id,
                metadata.by,
                traceparent,
            )
            for index, message in enumerate(messages)
        ]

    @property
    def identity(self) -> str | None:
        """What the keys of calls stand for: the place of each in the work, or (None) its arguments."""
        if self.cause is not None:
            return ""
        return None if self.request_key is None else self.request_key.identity

    @property
    def shown_key(self) -> str:
        """The key as its sender knows it."""
        return self.request_key.key if self.request_key is not None else self.cause or ""

    def adopt(self, request_key: RequestKey) -> None:
        """Makes the later calls part of a request that is known now."""
        self.request_key = request_key
        self._has_options = True
        self._source = self._source_of(f"{request_key.stored}/{request_key.identity}")
        if self.services.reruns is not None:
            self._trace = self.services.reruns.begin(self.id_source)

    def next_key(self, kind: str, id: str, what: str) -> tuple[str | None, str | None]:
        """Returns the idempotency key of the next command of this kind, and its key in earlier versions."""
        if self.cause is not None or self.request_key is None:
            return self.next_mark(kind, id, what), None
        return self.request_key.call_keys(self._count(kind, id, what))

    def next_mark(self, kind: str, id: str, what: str) -> str | None:
        """Returns a mark that only the next call of this kind has; the same when the cause comes again."""
        source = self.cause or (self.request_key and self.request_key.stored)
        if source is None and self.unit is not None:
            source = self.id_source  # However often the unit runs.
        if source is None:
            return None
        return shortened(f"{source}/{kind}/{id}/{what}/{self._count(kind, id, what)}")

    def timer_mark(self, timer: NewTimer, name: str | None) -> Mark | None:
        """Returns a mark for adding a timer, so that it is added once when the work is done again.

        A unit has none: a timer that it sets when it runs again replaces the one that it set before.
        """
        if self.unit is not None:
            return None
        identity = self.identity
        what = name or ("" if identity is None else timer.command)
        once = self.next_mark(f"$timers/{timer.kind}", timer.entity_id, what)
        if identity is None:
            # Not when it is due: a second run computes that from a later time.
            identity = digest(timer.command, timer.arguments)
        return None if once is None else Mark(once, identity, self.services.clock.now())

    def trace_target(self, kind: str, what: str, id: str) -> None:
        """Lets development check whether work that is done again sends to the same entities."""
        if self._trace is not None:
            self._trace.sent(kind, what, id)

    def next_id(self) -> str:
        """Returns the next id of this work, the same when the work is done again."""
        return made_id(self.id_source, self._count("$id"))

    def next_source(self) -> str:
        """Returns what the ids of an atomic unit are derived from, however often it runs."""
        return f"{self.id_source}/$unit/{self._count('$source')}"

    @property
    def id_source(self) -> str:
        """What ids are derived from."""
        source = self._source
        if type(source) is not str:
            source = self._source = "/".join(map(str, source)) if source else self._made_source()
        return source

    def _made_source(self) -> str:
        work = self._work
        return self.services.clock.new_id() if work is None else self._source_of(work)

    @property
    def _work(self) -> str | None:
        """The name of this work, the same when it runs again, or None."""
        return self.cause or (None if self.request_key is None else self.request_key.stored)

    def _source_of(self, work: str) -> str:
        """Distinguishes work on this application's journal from work of the same name on another."""
        return f"{work}/{self.services.identity}"

    def _count(self, *call: str) -> int:
        count = self._calls[call] = self._calls.get(call, 0) + 1
        return count


async def _raise(error: Exception) -> None:
    """Raises when the call is awaited, as other refused calls do."""
    raise error
