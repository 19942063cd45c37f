"""How a command runs: its entity is found or loaded, decides at once, and replies when that is durable."""

import asyncio
import hashlib
from typing import Any, Protocol

from msgspec import Struct
from msgspec.json import encode

from actum.errors import Conflict, Invalid, KeyReused, Taken, WrongVersion
from actum.model.deadlines.deadline import with_changes
from actum.model.entity import CommandType, EntityType
from actum.ports.journal import (
    Held,
    Journal,
    Landed,
    Outcome,
    Refused,
    Repeated,
    ReplyKey,
    Snapshot,
    StreamKey,
    Write,
)
from actum.runtime.clock import Clock
from actum.runtime.coalescer import Coalescer
from actum.runtime.entities import development_checks
from actum.runtime.entities.actor import Actor, Staged
from actum.runtime.entities.claims import Claims
from actum.runtime.entities.committer import Committer
from actum.runtime.entities.directory import Directory
from actum.runtime.entities.input_output_guard import pure
from actum.runtime.entities.precondition import Precondition

MAX_ATTEMPTS = 20
MAX_LOOKUPS = 20_000


class ReplyObserver(Protocol):
    """Remembers the position of the journal and the version of the entity when a call was answered."""

    def observe(self, position: int, version: int | None, *, is_first: bool = False) -> None:
        """Records an answer; `position` is 0 if nothing was written.

        With `is_first`, the call wrote the first event of its entity.
        """


class Call(Struct, gc=False):
    """One command or query to an entity, with its options.

    `identity` is what the key stands for: None for the command and its arguments, "" for the place the call
    was made from, whatever its arguments were. `former_key` is where earlier versions stored its reply.
    """

    kind: EntityType
    id: str
    command: CommandType
    positional: tuple[Any, ...]
    named: dict[str, Any]
    metadata: bytes
    observer: ReplyObserver | None = None
    arguments: tuple[Any, ...] = ()
    key: str | None = None
    expected_version: int | Precondition | None = None
    identity: str | None = None
    former_key: str | None = None

    @property
    def stream(self) -> StreamKey:
        """The stream it goes to."""
        return self.kind.name, self.id

    def bind(self) -> None:
        """Validates the arguments; raises Invalid, which names the wrong one."""
        self.arguments = self.command.signature.bind(self.positional, self.named)

    def answer(self, reply: Any, position: int, version: int | None) -> Any:
        """Returns the reply after the observer has recorded it."""
        if self.observer is not None:
            self.observer.observe(position, version)
        return reply

    def mark(self) -> str:
        """Returns what the idempotency key stands for."""
        return self.arguments_mark() if self.identity is None else self.identity

    def is_call(self, mark: str) -> bool:
        """Returns whether a key that stands for `mark` stands for this call; it was the arguments once."""
        if mark == self.identity:
            return True
        return self.identity != "" and mark == self.arguments_mark()

    def arguments_mark(self) -> str:
        """Identifies the command and its arguments."""
        return hashlib.blake2b(
            self.command.name.encode() + b"\0" + self.command.signature.write(self.arguments), digest_size=16
        ).hexdigest()


class CommandDispatcher:
    """Runs commands and queries against the entities of this process."""

    def __init__(
        self, journal: Journal, directory: Directory, committer: Committer, clock: Clock, claims: Claims
    ) -> None:
        self._claims = claims
        self._directory = directory
        self._live = directory.live
        self._committer = committer
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._is_shared = journal.is_shared
        self._replies: Coalescer[ReplyKey, Repeated | None] = Coalescer(journal.replies, most=MAX_LOOKUPS)

    async def command(self, call: Call) -> Any:  # noqa: C901 (one coroutine a command: it is the hot path)
        """Runs a command and gives its reply, when its events are durable.

        A collision with another writer runs it again on the new state, in order with those that waited
        beside it, until the attempts run out and Conflict is raised.
        """
        call.arguments = call.command.signature.bind(call.positional, call.named)
        for _ in range(MAX_ATTEMPTS):
            if call.key is not None:
                known = await self._known(call)
                if known is not None:
                    return self._answer_again(call, known)
            stream = (call.kind.name, call.id)
            actor = self._live.get(stream) or await self._directory.activate(stream)
            if call.key is not None and actor.keys and call.key in actor.keys:
                await self._watch(actor.keys[call.key])
                continue
            self._committer.admit()
            # No await from here until the write is staged, so nothing runs between the decision and its
            # place in the batch.
            gate = actor.gate
            version = actor.instance.version
            try:
                staged, reply = self._decide(call, actor)
            except Exception:
                if await self._stands(actor, gate, version) and not await self._is_known(call):
                    raise
                continue
            if staged is None:
                if await self._stands(actor, gate, version):
                    return call.answer(reply, 0, version)
                continue
            outcome = await staged.future
            if type(outcome) is Landed:
                if staged.snapshot is not None or self._directory.conflicts:
                    self._tidy(staged)
                if call.observer is not None:
                    call.observer.observe(
                        outcome.position, version + len(staged.write.events), is_first=not version
                    )
                return reply
            if isinstance(outcome, Repeated | Refused | Held):
                return self._answer_again(call, outcome)
        raise Conflict(
            f"{call.kind.name}/{call.id}: other writers were first {MAX_ATTEMPTS} times in a row; send "
            "again later"
        )

    async def query(self, call: Call) -> Any:
        """Answers from the current state, when all it shows is durable."""
        call.bind()
        for _ in range(MAX_ATTEMPTS):
            actor = self._live.get((call.kind.name, call.id)) or await self._directory.activate(call.stream)
            gate = actor.gate
            version = actor.instance.version
            actor.used = now = self._clock.now()
            try:
                self.check_version(call, version)
                try:
                    answer = development_checks.ask(actor.instance, call.command, call.arguments, now)
                finally:
                    if actor.instance.is_spoiled:
                        self._directory.retire(actor)
            except Exception:
                if await self._stands(actor, gate, version):
                    raise
                continue
            if await self._stands(actor, gate, version):
                return call.answer(answer, 0, version)
        raise Conflict(f"{call.kind.name}/{call.id}: other writers were first {MAX_ATTEMPTS} times in a row")

    def _decide(  # noqa: C901, PLR0912, PLR0915 (one function a command: it is the hot path)
        self, call: Call, actor: Actor
    ) -> tuple[Staged | None, Any]:
        """Runs the turn and stages its write; evicts an actor that may not be the fold of its events."""
        instance = actor.instance
        version = instance.version
        if call.expected_version is not None:
            self.check_version(call, version)
        actor.used = now = self._clock.now()
        try:
            if pure.is_enforced:
                emitted, reply = development_checks.decide(instance, call.command, call.arguments, now)
            else:
                emitted, reply = instance.decide(call.command, call.arguments, now)
                if instance.touched:
                    development_checks.warn_of_change(instance, call.command)
            if call.key is None:
                if not emitted:
                    return None, reply
                write = Write(call.kind.name, call.id, version, emitted, call.metadata, now)
            else:
                write = Write(call.kind.name, call.id, version, emitted, call.metadata, now)
                write.key = call.key
                write.call = call.mark()
                write.reply = encode(reply)
                if call.kind.personal is not None:
                    write.personal = call.kind.personal.of_reply(call, instance.state, reply)
            if instance.deadlines is not None:
                write.metadata = with_changes(call.metadata, instance.deadlines.changed, instance.version)
            if instance.claims is not None:
                self._claims.attach(write, instance.claims)
        except BaseException:
            instance.is_spoiled = instance.is_spoiled or instance.version != version
            raise
        finally:
            if instance.is_spoiled:
                self._directory.retire(actor)
        staged = Staged(write, actor, self._loop.create_future())
        if instance.version >= actor.next_snapshot:
            staged.snapshot = self._directory.snapshot_of(instance)
            actor.keep_from(instance.version)
        self._committer.stage(staged)
        if instance.deadlines is not None:
            self._committer.scheduled.note(staged)
        return staged, reply

    async def _stands(self, actor: Actor, gate: Staged | None, version: int) -> bool:
        """Returns whether what was decided at a version may be answered: it is durable, and still the newest.

        If other processes write too, only the journal knows: an empty write checks the version.
        """
        if not self._is_shared:
            return gate is None or await self._watch(gate)
        self._committer.admit()
        kind, id = actor.instance.kind.name, actor.instance.id
        check = Staged(
            Write(kind, id, version, [], b"{}", self._clock.now()), actor, self._loop.create_future()
        )
        self._committer.stage(check)
        return type(await check.future) is Landed

    async def _known(self, call: Call) -> Repeated | None:
        """Returns the stored reply for a call with a key."""
        assert call.key is not None
        if call.former_key is None:
            return await self._replies.get((call.kind.name, call.id, call.key))
        known, former = await asyncio.gather(
            self._replies.get((*call.stream, call.key)), self._replies.get((*call.stream, call.former_key))
        )
        # Anything else that is stored there belongs to another call.
        return known or (former if former is not None and call.is_call(former.call) else None)

    async def _is_known(self, call: Call) -> bool:
        """Returns whether a reply is stored for a key now: its first call may have landed meanwhile."""
        return call.key is not None and await self._known(call) is not None

    def _tidy(self, staged: Staged) -> None:
        """Cleans up after a write that has landed."""
        write = staged.write
        if staged.snapshot is not None:
            kind = staged.actor.instance.kind
            version = write.expected + len(write.events)
            snapshot = Snapshot(version, write.time, kind.fingerprint, staged.snapshot)
            self._directory.keep_snapshot(staged.actor, snapshot)
        self._directory.forgive((write.kind, write.id))

    def _answer_again(self, call: Call, repeated: Repeated | Refused | Held) -> Any:
        if isinstance(repeated, Held):
            self._directory.forgive(call.stream)
            raise Taken(f"{call.kind.name}/{call.id}", repeated.name)
        if isinstance(repeated, Refused):
            raise Invalid(repeated.why)
        if not call.is_call(repeated.call):
            raise KeyReused(call.key or "", f"{call.kind.name}/{call.id}")
        return call.answer(call.command.signature.read_reply(repeated.reply), repeated.position, None)

    @staticmethod
    def check_version(call: Call, version: int) -> None:
        """Raises WrongVersion when a call expects another version."""
        expected = call.expected_version
        entity = f"{call.kind.name}/{call.id}"
        if isinstance(expected, Precondition):
            if not expected.allows(version):
                raise WrongVersion(entity, expected=None, actual=version, said=expected.said)
        elif expected is not None and expected != version:
            raise WrongVersion(entity, expected=expected, actual=version)

    async def _watch(self, gate: Staged) -> bool:
        outcome: Outcome = await gate.watch()
        return type(outcome) is Landed
