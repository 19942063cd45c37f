"""How a command runs: found or brought to life, decided at once, staged, and answered when it is durable."""

import asyncio
import hashlib
from typing import Any, Protocol

from msgspec import Struct
from msgspec.json import encode

from actum.errors import Conflict, Invalid, KeyReused, WrongVersion
from actum.model.entity import CommandType, EntityType
from actum.ports.journal import (
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
from actum.runtime.entities.committer import Committer
from actum.runtime.entities.directory import Directory
from actum.runtime.entities.input_output_guard import pure
from actum.runtime.entities.precondition import Precondition

MAX_ATTEMPTS = 20
MAX_LOOKUPS = 20_000


class ReplyObserver(Protocol):
    """Somebody who keeps in mind how far the journal was, and the entity, when a call was answered."""

    def observe(self, position: int, version: int | None) -> None:
        """Takes note of an answer; `position` is 0 where nothing was written."""


class Call(Struct, gc=False):
    """One command or query on its way to an entity, with the options that ride on it.

    `identity` is what the key stands for: None for the command and its arguments, "" for the place the call
    was made from, whatever its arguments were. `former_key` is where earlier versions kept its reply.
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
        """Validates the arguments; raises Invalid naming the one at fault."""
        self.arguments = self.command.signature.bind(self.positional, self.named)

    def answer(self, reply: Any, position: int, version: int | None) -> Any:
        """Gives the reply, once the observer knows of it."""
        if self.observer is not None:
            self.observer.observe(position, version)
        return reply

    def mark(self) -> str:
        """Gives what the idempotency key stands for."""
        return self.arguments_mark() if self.identity is None else self.identity

    def is_call(self, mark: str) -> bool:
        """Says whether a key that stands for `mark` stands for this call; earlier versions kept arguments."""
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

    def __init__(self, journal: Journal, directory: Directory, committer: Committer, clock: Clock) -> None:
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
            # place in line.
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
                    call.observer.observe(outcome.position, version + len(staged.write.events))
                return reply
            if isinstance(outcome, Repeated | Refused):
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

    def _decide(  # noqa: PLR0915 (one function a command: it is the hot path)
        self, call: Call, actor: Actor
    ) -> tuple[Staged | None, Any]:
        """Runs the turn and stages its write; an actor that may no longer be the fold of its events goes."""
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
        return staged, reply

    async def _stands(self, actor: Actor, gate: Staged | None, version: int) -> bool:
        """Says whether what was decided at a version may be told: it is durable, and nobody has moved on.

        Where other processes write too, only the journal knows: it is asked by a write of nothing.
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
        """Gives the reply that is kept for a call with a key."""
        assert call.key is not None
        if call.former_key is None:
            return await self._replies.get((call.kind.name, call.id, call.key))
        known, former = await asyncio.gather(
            self._replies.get((*call.stream, call.key)), self._replies.get((*call.stream, call.former_key))
        )
        # What else is kept there is another's.
        return known or (former if former is not None and call.is_call(former.call) else None)

    async def _is_known(self, call: Call) -> bool:
        """Says whether a key stands for a reply by now: its first call may have landed meanwhile."""
        return call.key is not None and await self._known(call) is not None

    def _tidy(self, staged: Staged) -> None:
        """Does what a write that has landed leaves to do."""
        write = staged.write
        if staged.snapshot is not None:
            kind = staged.actor.instance.kind
            version = write.expected + len(write.events)
            snapshot = Snapshot(version, write.time, kind.fingerprint, staged.snapshot)
            self._directory.keep_snapshot(staged.actor, snapshot)
        self._directory.forgive((write.kind, write.id))

    def _answer_again(self, call: Call, repeated: Repeated | Refused) -> Any:
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
