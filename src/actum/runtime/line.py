"""A line of work: what the calls of one context share, from where they came to how far they wrote."""

from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import msgspec

from actum.database.port import NewMessage
from actum.errors import DefinitionError, Invalid
from actum.model.entity import CommandType
from actum.model.event import Metadata, write_metadata
from actum.model.name import check_name, check_who, shortened
from actum.model.view import ViewQuery, ViewType
from actum.runtime.atomic import Unit, running_unit
from actum.runtime.entities import Call
from actum.runtime.precondition import Precondition
from actum.runtime.references import EntityReference
from actum.runtime.services import Services


class Line:
    """One line of work.

    `cause` names what set it off, so that its calls have the same idempotency keys when that comes again;
    `idempotency_key` is a client's own. `seen` is the position up to which a view has to show what happened,
    `version` that of the entity that answered last. Within an atomic unit, `unit` takes the calls.
    """

    def __init__(
        self,
        services: Services,
        metadata: Metadata,
        *,
        cause: str | None,
        idempotency_key: str | None,
        expected_version: int | Precondition | None,
        seen: int,
        unit: Unit | None,
    ) -> None:
        self.services = services
        self.metadata = metadata
        self.cause = cause
        self.unit = unit
        self.seen = seen
        self.version: int | None = None
        self._idempotency_key = idempotency_key
        self._expected_version = expected_version
        self._calls: dict[object, int] = {}
        self._written: dict[str, bytes] = {}

    def metadata_of(self, command: str) -> bytes:
        """Gives the metadata of events that a command emits on this line, as JSON."""
        found = self._written.get(command)
        if found is None:
            found = write_metadata(msgspec.structs.replace(self.metadata, command=command))
            self._written[command] = found
        return found

    def act_for(self, who: str) -> None:
        """Has the events of later calls say who acted."""
        check_who(who)
        self.metadata = msgspec.structs.replace(self.metadata, by=who)
        self._written.clear()

    def check_open(self) -> None:
        """Raises DefinitionError on the line of an atomic unit that has ended."""
        if self.unit is not None:
            self.unit.check_open()

    def witness(self, position: int, version: int | None) -> None:
        """Takes note of an answer, for views to show it and for tokens to carry it on."""
        self.seen = max(self.seen, position)
        self.version = version

    def take_expected_version(self) -> int | Precondition | None:
        """Gives the version that the first command expects its entity to be at, once."""
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
        running = running_unit.get()
        if running is not None and running is not self.unit:
            error = running.note_outside(self.services, (target.kind.name, target.id))
            if error is not None:
                return _raise(error)
        metadata = self._written.get(command.name) or self.metadata_of(command.name)
        call = Call(target.kind, target.id, command, positional, named, metadata, self)
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
            call.key = target.idempotency_key
        elif self.cause is not None or self._idempotency_key is not None:
            call.key = self.next_key(target.kind.name, target.id, command.name if self.cause else "")
            call.is_derived = self.cause is not None
        return self.services.entities.command(call)

    def send_query(
        self, target: EntityReference, query: CommandType, positional: tuple[Any, ...], named: dict[str, Any]
    ) -> Coroutine[Any, Any, Any]:
        """Sends a query to an entity."""
        call = Call(target.kind, target.id, query, positional, named, b"", self)
        call.expected_version = target.expected_version
        if self.unit is not None:
            return self.unit.query(call)
        return self.services.entities.query(call)

    async def ask_view(
        self, view: ViewType, query: ViewQuery, positional: tuple[Any, ...], named: dict[str, Any]
    ) -> Any:
        """Asks a query of a view that shows all this line has written."""
        self.check_open()
        arguments = query.signature.bind(positional, named)
        parameters = dict(zip(query.signature.parameters, arguments, strict=True))
        return await self.services.views.ask(view, query, parameters, self.seen)

    async def read_row(self, view: ViewType, key: Any) -> Any:
        """Reads one row of a view that shows all this line has written."""
        self.check_open()
        return await self.services.views.get(view, key, self.seen)

    async def put(self, queue: str, messages: Sequence[bytes], key: str | None, once: str | None) -> None:
        """Puts messages into a queue, all or none."""
        self.check_open()
        if key is not None:
            check_name(key, "a message's key", field="key")
        if once is not None:
            check_name(once, "a message's mark", field="once")
        now = self.services.clock.now()
        mark = once or self.next_mark("$queue", queue, key or "")
        correlation_id = self.metadata.correlation_id
        await self.services.database.send(
            [
                NewMessage(
                    queue,
                    key,
                    message,
                    now,
                    correlation_id,
                    f"{mark}/{index}" if mark and len(messages) > 1 else mark,
                )
                for index, message in enumerate(messages)
            ]
        )
        self.services.signals.send(f"queue/{queue}")

    def next_key(self, kind: str, id: str, what: str) -> str | None:
        """Makes the idempotency key of the next command of this sort; a request's is the client's own."""
        if self.cause is not None or self._idempotency_key is None:
            return self.next_mark(kind, id, what)
        count = self._count(kind, id, what)
        return self._idempotency_key if count == 1 else f"{self._idempotency_key}#{count}"

    def next_mark(self, kind: str, id: str, what: str) -> str | None:
        """Tells the next call of this sort from all others; the same when the cause comes again."""
        source = self.cause or self._idempotency_key
        if source is None:
            return None
        return shortened(f"{source}/{kind}/{id}/{what}/{self._count(kind, id, what)}")

    def _count(self, *call: str) -> int:
        count = self._calls[call] = self._calls.get(call, 0) + 1
        return count


async def _raise(error: Exception) -> None:
    """Refuses a call when it is awaited, as every other call is refused."""
    raise error


class Outbox:
    """A queue, as a sender sees it."""

    def __init__(self, line: Line, name: str, read: Callable[[bytes], Any]) -> None:
        self._line = line
        self._read = read
        self.name = name

    async def send(self, message: Any, *, key: str | None = None, once: str | None = None) -> None:
        """Sends a message; when this returns it is durable.

        Messages of one `key` are worked on in order, others side by side. A message with a `once` mark that
        the queue has had before is dropped. Raises Invalid for a message that the queue's action cannot take.
        """
        await self._line.put(self.name, [self._written(message)], key, once)

    async def send_all(self, messages: Sequence[Any], *, key: str | None = None) -> None:
        """Sends many messages, all or none."""
        await self._line.put(self.name, [self._written(message) for message in messages], key, None)

    def _written(self, message: Any) -> bytes:
        try:
            written = msgspec.json.encode(message)
            self._read(written)
        except (msgspec.MsgspecError, TypeError, ValueError) as error:
            raise Invalid(f"queue {self.name!r} does not take {message!r}: {error}") from error
        return written
