"""The turns of an entity in its object: loads it from storage, runs its commands, and stores their events."""

from collections.abc import Awaitable, Callable
from typing import Any

from msgspec.json import encode

from actum.errors import ActumError, DefinitionError, Invalid, KeyReused, NotFound, Unavailable, WrongVersion
from actum.model.deadlines.deadline import with_changes
from actum.model.entity import CommandType, EntityType
from actum.model.snapshots import NEVER, next_snapshot, restored, take_snapshot
from actum.model.turn import Emitted, Instance
from actum.stores.durable_objects.object.deadlines import keep_deadlines
from actum.stores.durable_objects.object.history import History
from actum.stores.durable_objects.object.outbox import Outbox
from actum.stores.durable_objects.object.platform import Platform
from actum.stores.durable_objects.object.program import Program
from actum.stores.durable_objects.refusal import WHY_NO_CLAIMS
from actum.stores.durable_objects.wire import Command, Query, Result, SaveSnapshot

PAGE = 1_000
MAX_RECENT = 256
"""How many calls an object remembers, for one that comes again before the first has finished."""
LARGEST = 1_900_000
"""Bytes of payload, metadata and reply together: the platform's 2 MB a row, less the rest of the row."""

Later = Callable[[], Awaitable[Any]]
"""What remains to be done once the calls in the same request have been decided."""


class Turns:
    """The turns of one entity.

    Nothing else runs between two awaits, and the platform holds every answer back until the writes before it
    are durable: so a turn needs no lock, and an answer no check.
    """

    def __init__(self, platform: Platform, program: Program, history: History, outbox: Outbox) -> None:
        self._platform = platform
        self._program = program
        self._history = history
        self._outbox = outbox
        self._instance: Instance | None = None
        self._next_snapshot = NEVER
        self._recent: dict[str, tuple[int, int, str]] = {}

    def __repr__(self) -> str:
        return f"{self._history.kind}/{self._history.id}"

    def command(self, call: Command) -> Result | Later:
        """Runs a command, unless its key or the call itself has been handled before."""
        history = self._history
        if call.key is not None and (known := history.reply(call.key)) is not None:
            if known.call != call.mark:
                raise KeyReused(call.key, repr(self))
            return self._repeated_result(call.key, known.reply)
        earlier = self._recent.get(call.attempt)
        if earlier is None and call.is_again:
            earlier = history.attempted(call.attempt)
        if earlier is not None:
            return self._result(*earlier)
        instance = self._live()
        version = instance.version
        self._check_version(call.expected, version)
        command = self._declared(call.name, instance.kind.commands)
        arguments = command.signature.bind_json(call.arguments.encode())
        now = self._platform.now()
        emitted, answer = self._decide(instance, command, arguments, now)
        reply = encode(answer).decode()
        if instance.is_spoiled:
            self.forget()
        if not emitted and call.key is None:
            return Result(reply, 0, version, version)
        metadata = self._metadata(call.metadata, instance)
        self._refuse_what_is_too_large(emitted, metadata, reply)
        key = None if call.key is None else (call.key, call.mark)

        def write() -> None:
            history.keep(emitted, metadata, now, attempt=call.attempt, reply=reply, key=key)
            keep_deadlines(history, self._outbox, metadata)

        self.keep(write)
        self._remember(call.attempt, version, history.version, reply)
        self._snapshot_when_due(instance)
        if not emitted and call.key is not None:
            return self._result_without_events(call.key, reply)
        return self._result(version, history.version, reply)

    def query(self, call: Query) -> Result:
        """Answers from the state."""
        instance = self._live()
        self._check_version(call.expected, instance.version)
        query = self._declared(call.name, instance.kind.queries)
        arguments = query.signature.bind_json(call.arguments.encode())
        try:
            reply = encode(instance.ask(query, arguments, self._platform.now())).decode()
        finally:
            if instance.is_spoiled:
                self.forget()
        return Result(reply, 0, instance.version)

    def keep(self, write: Callable[[], None]) -> None:
        """Writes events, with the alarm that guarantees their hand-over; a failure resets the object."""
        self._outbox.wake_soon()
        try:
            write()
        except Exception as error:
            self.forget()
            # A storage that has refused a write is not used any more; the platform starts the object again.
            self._platform.reset(f"{self!r}: a write failed: {error}")
            raise Unavailable(f"{self!r}: a write failed: {error}") from error

    def forget(self) -> None:
        """Drops the entity from memory; it is loaded again when it is needed."""
        self._instance = None

    def _decide(
        self, instance: Instance, command: CommandType, arguments: tuple[Any, ...], now: int
    ) -> tuple[list[Emitted], Any]:
        version = instance.version
        try:
            decided = instance.decide(command, arguments, now)
            if instance.claims is not None:
                raise DefinitionError(f"{self!r}: {command.name} claims or releases a value: {WHY_NO_CLAIMS}")
            return decided
        except BaseException:
            if instance.is_spoiled or instance.version != version:
                self.forget()
            raise

    def _metadata(self, metadata: str, instance: Instance) -> str:
        """Returns the metadata of a turn's events, with the deadlines that it has set or cancelled."""
        deadlines = instance.deadlines
        if deadlines is None:
            return metadata
        return with_changes(metadata.encode(), deadlines.changed, instance.version).decode()

    def _refuse_what_is_too_large(self, emitted: list[Emitted], metadata: str, reply: str) -> None:
        largest = max((len(payload) for _, _, payload in emitted), default=0)
        if largest + len(metadata) + len(reply.encode()) > LARGEST:
            self.forget()
            raise Invalid(
                f"{self!r}: an event with its reply has more than {LARGEST:,} bytes, and a Durable Object "
                "stores 2 MB a row: keep large content elsewhere, and a reference to it in the event"
            )

    def _result(self, before: int, version: int, reply: str) -> Later:
        async def result() -> Result:
            return Result(reply, await self._outbox.position(version), version, before)

        return result

    def _repeated_result(self, key: str, reply: str) -> Later:
        async def result() -> Result:
            await self._outbox.position(self._history.reply_version(key))
            known = self._history.reply(key)
            return Result(reply, known.position if known else 0, None)

        return result

    def _result_without_events(self, key: str, reply: str) -> Later:
        """Answers a call that wrote only its reply: its position is the feed's newest."""

        async def result() -> Result:
            version = self._history.version
            head = await self._outbox.head()
            self._history.place_reply(key, head)
            return Result(reply, head, version, version)

        return result

    def _live(self) -> Instance:
        """Returns the entity in memory, loading it from storage if necessary."""
        if self._instance is None:
            kind = self._program.kinds.get(self._history.kind)
            if kind is None:
                raise NotFound(
                    f"the objects run {self._program!r}, which has no entity {self._history.kind!r}: "
                    "deploy the objects again"
                )
            snapshot = self._history.snapshot(kind.fingerprint)
            try:
                self._instance = self._load(kind, snapshot)
            except ActumError:
                raise
            except Exception:
                if snapshot is None:
                    raise
                self._instance = self._load(kind, None)
        return self._instance

    def _load(self, kind: EntityType, snapshot: SaveSnapshot | None) -> Instance:
        history = self._history
        if snapshot is None:
            kept, instance = 0, restored(kind, history.id, None, version=history.pruned)
        else:
            kept, state = snapshot.version, snapshot.state.encode()
            instance = restored(kind, history.id, state, version=kept, time=snapshot.time)
        self._next_snapshot = next_snapshot(kind, kept)
        is_complete = False
        while not is_complete:
            facts, is_complete = history.read(instance.version, None, PAGE, reverse=False)
            instance.replay([fact.stored(history.kind, history.id) for fact in facts])
        return instance

    def _snapshot_when_due(self, instance: Instance) -> None:
        if instance.version < self._next_snapshot:
            return
        if not instance.is_proven:
            # A turn may have changed the state without an event, and only events are stored.
            instance = self._load(instance.kind, self._history.snapshot(instance.kind.fingerprint))
            self._instance = instance
        self._next_snapshot = next_snapshot(instance.kind, instance.version)
        state = take_snapshot(instance)
        if state is not None and len(state) <= LARGEST:
            self._history.save_snapshot(
                SaveSnapshot(instance.version, instance.time, instance.kind.fingerprint, state.decode())
            )

    def _remember(self, attempt: str, before: int, version: int, reply: str) -> None:
        self._recent[attempt] = (before, version, reply)
        if len(self._recent) > MAX_RECENT:
            del self._recent[next(iter(self._recent))]

    def _declared(self, name: str, among: dict[str, CommandType]) -> CommandType:
        found = among.get(name)
        if found is None:
            raise NotFound(f"the object's {self._history.kind} has no {name!r}: deploy the objects again")
        return found

    def _check_version(self, expected: int | None, actual: int) -> None:
        if expected is not None and expected != actual:
            raise WrongVersion(repr(self), expected=expected, actual=actual)
