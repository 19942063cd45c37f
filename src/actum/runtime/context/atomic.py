"""Atomic units: commands on several entities that are written together or not at all.

A unit decides on copies of the entities it touches. If none of them has changed when it is done, its writes
are staged in one step as one group and the copies replace the entities; otherwise it runs again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from typing import Any, ClassVar

import msgspec

from actum.errors import Conflict, DefinitionError, Invalid, KeyReused, Taken
from actum.model.deadlines.deadline import Change, with_changes
from actum.model.turn import ClaimChange, Emitted, Instance, as_stored
from actum.ports.journal import Collided, Held, Landed, Outcome, Refused, StreamKey, Write
from actum.runtime.entities import development_checks
from actum.runtime.entities.actor import Actor, Staged
from actum.runtime.entities.dispatcher import MAX_ATTEMPTS, Call
from actum.runtime.entities.hosted import refuse_unit
from actum.runtime.instruments.tracing import tracing
from actum.runtime.keys.kept_answers import Kept, Mentions, parted, staged_part
from actum.runtime.keys.unit_reply import UNIT, UnitKey, kept_reply, known_unit, written_reply
from actum.runtime.services import Services

running_unit: ContextVar["Unit | None"] = ContextVar("running_unit", default=None)
"""The running unit, in the context of its function and of the tasks that it starts."""


class Fork:
    """An entity within a unit: the actor it was copied from, its version then, and the unit's changes."""

    __slots__ = (
        "_origin",
        "actor",
        "base",
        "claims",
        "deadlines",
        "emitted",
        "gate",
        "instance",
        "metadata",
    )

    def __init__(self, actor: Actor) -> None:
        self.actor: Actor = actor
        self.base: int = actor.instance.version
        self.gate: Staged | None = actor.gate
        self.emitted: list[Emitted] = []
        self.claims: list[ClaimChange] = []
        self.metadata: bytes = b""
        self.deadlines: dict[str, Change] = {}
        self._origin = actor.instance.copy()
        # A state of immutable values is restored without a second copy.
        self.instance: Instance = self._origin if self._origin.kind.is_plain else self._origin.copy()

    @property
    def is_current(self) -> bool:
        """Whether the entity has not changed since it was copied."""
        return self.actor.is_live and self.actor.instance.version == self.base

    def mend(self, now: int) -> None:
        """Restores the copy to what it was before a turn that failed."""
        self.instance = self._origin.copy()
        kind, id = self.instance.kind.name, self.instance.id
        self.instance.replay(as_stored(kind, id, self.base, self.emitted, now))


class Unit:
    """One attempt at an atomic unit. Once it `has_ended` it takes no more calls.

    `running` counts those of this process whose function runs.
    """

    running: ClassVar[int] = 0

    def __init__(self, services: Services) -> None:
        self._services = services
        self._forks: dict[StreamKey, Fork] = {}
        self._commanded_outside: set[StreamKey] = set()
        self._outer = running_unit.get()
        self.has_ended: bool = False
        self.mentions: Mentions = Mentions(services.feed)
        self.now: int = services.clock.now()

    def __repr__(self) -> str:
        return f"<Unit of {len(self._forks)} entities{', ended' if self.has_ended else ''}>"

    async def run(self, function: "Callable[[Unit], Awaitable[Any]]") -> Any:
        """Runs the author's function, and refuses calls after that."""
        token = running_unit.set(self)
        Unit.running += 1
        try:
            return await function(self)
        finally:
            self.has_ended = True
            Unit.running -= 1
            running_unit.reset(token)

    def check_open(self) -> None:
        """Raises DefinitionError if the unit has ended: whatever it did now would be lost."""
        if self.has_ended:
            raise DefinitionError(
                "this atomic unit has ended, and what is sent through its context would be lost: await every "
                "call before the unit's function returns, and send later ones through the context outside"
            )

    def note_outside(self, services: Services, stream: StreamKey) -> DefinitionError | None:
        """Notes a command that was sent in this unit, but not through it; returns why it is refused.

        Written at once, it would make the unit collide with it, run again, and send it again.
        """
        unit: Unit | None = self
        while unit is not None:
            if not unit.has_ended and unit._services is services:
                if stream in unit._forks:
                    return _outside(stream)
                unit._commanded_outside.add(stream)
            unit = unit._outer
        return None

    async def command(self, call: Call) -> Any:
        """Runs a command on the unit's copy of its entity; nothing is written yet."""
        self.check_open()
        if self._outer is not None and (error := self._outer.note_outside(self._services, call.stream)):
            raise error
        call.bind()
        fork = await self._fork(call)
        self._services.entities.check_version(call, fork.instance.version)
        try:
            emitted, reply = development_checks.decide(fork.instance, call.command, call.arguments, self.now)
        finally:
            if fork.instance.is_spoiled:
                fork.mend(self.now)
        fork.emitted += emitted
        if fork.instance.claims is not None:
            # Before anything of the unit is staged.
            self._services.claims.check(fork.instance.kind.name)
            fork.claims += fork.instance.claims
        fork.metadata = tracing.stamped(call.metadata)
        if fork.instance.deadlines is not None:
            fork.deadlines |= {one.name: one for one in fork.instance.deadlines.changed}
        return reply

    async def query(self, call: Call) -> Any:
        """Answers from the unit's copy of an entity."""
        self.check_open()
        call.bind()
        fork = await self._fork(call)
        self._services.entities.check_version(call, fork.instance.version)
        try:
            return development_checks.ask(fork.instance, call.command, call.arguments, self.now)
        finally:
            if fork.instance.is_spoiled:
                fork.mend(self.now)

    async def commit(self, key: UnitKey | None, reply: bytes, metadata: bytes) -> int | None:
        """Writes the unit; returns the position of its last event, or None if it has to run again.

        The versions of entities that it only read are checked in the same group.
        """
        forks = list(self._forks.values())
        if key is None and not any(fork.emitted for fork in forks):
            return 0 if await self.is_founded() else None
        if not all(fork.is_current for fork in forks):
            return None
        committer = self._services.committer
        kept = None if key is None else parted(reply, self.tells_of(), self.now)
        committer.admit(len(forks) + 1 + (0 if kept is None else len(kept.parts)))
        group = committer.new_group()
        staged = [self._stage(fork, group) for fork in forks]
        if key is not None and kept is not None:
            staged += self._mark(key, kept, metadata, group)
        outcomes = await asyncio.gather(*(one.future for one in staged))
        for outcome in outcomes:
            if isinstance(outcome, Refused):
                raise Invalid(outcome.why)
        _refuse_taken(staged, outcomes)
        # For a write that stores nothing, the journal cannot tell afterwards whether it landed.
        told = [outcome for one, outcome in zip(staged, outcomes, strict=True) if one.keeps_something]
        if not all(isinstance(outcome, Landed) for outcome in told):
            return None
        return max(outcome.position for outcome in told if isinstance(outcome, Landed))

    def tells_of(self) -> Mentions:
        """Returns what the unit's answer may mention: the entities that it has asked or written, and more."""
        for stream in self._forks:
            self.mentions.note(*stream)
        return self.mentions

    async def is_founded(self) -> bool:
        """Returns whether everything that the unit has seen is durable and current."""
        forks = list(self._forks.values())
        if not all(fork.is_current for fork in forks):
            return False
        if self._services.journal.is_shared:
            self._services.committer.admit(len(forks))
            outcomes = await asyncio.gather(*(self._check(fork).future for fork in forks))
        else:
            gates = [fork.gate for fork in forks if fork.gate is not None]
            outcomes = await asyncio.gather(*(gate.watch() for gate in gates))
        return all(isinstance(outcome, Landed) for outcome in outcomes)

    async def _fork(self, call: Call) -> Fork:
        found = self._forks.get(call.stream)
        if found is None:
            if self._services.host is not None and self._forks:
                raise refuse_unit("/".join(next(iter(self._forks))), "/".join(call.stream))
            if call.stream in self._commanded_outside:
                raise _outside(call.stream)
            actor = await self._services.directory.activate(call.stream)
            # Its function may have returned meanwhile, without awaiting this call.
            self.check_open()
            found = self._forks.get(call.stream) or self._forks.setdefault(call.stream, Fork(actor))
        return found

    def _stage(self, fork: Fork, group: int) -> Staged:
        kind = fork.instance.kind
        metadata, version = fork.metadata, fork.base + len(fork.emitted)
        if fork.deadlines:
            metadata = with_changes(metadata, list(fork.deadlines.values()), version)
        write = Write(kind.name, fork.instance.id, fork.base, fork.emitted, metadata, self.now, group=group)
        if fork.claims:
            self._services.claims.attach(write, fork.claims)
        if fork.emitted:
            self._services.directory.replace(fork.actor, fork.instance)
        fork.actor.used = self.now
        staged = Staged(write, fork.actor, asyncio.get_running_loop().create_future())
        self._services.committer.stage(staged)
        if fork.deadlines:
            self._services.committer.scheduled.note(staged)
        return staged

    def _check(self, fork: Fork) -> Staged:
        """Asks the journal whether an entity is still at the version that the unit has seen."""
        kind, id = fork.instance.kind.name, fork.instance.id
        write = Write(kind, id, fork.base, [], b"{}", self.now)
        staged = Staged(write, fork.actor, asyncio.get_running_loop().create_future())
        self._services.committer.stage(staged)
        return staged

    def _mark(self, key: UnitKey, kept: Kept, metadata: bytes, group: int) -> list[Staged]:
        stored, call = key.stored, key.calls[0]
        write = Write(
            UNIT.name, stored, 0, [], metadata, self.now, key=stored, call=call, reply=kept.reply, group=group
        )
        actor = Actor(Instance(UNIT, stored), kept=0, used=self.now)
        actor.is_live = False
        staged = [
            *map(staged_part, kept.parts),
            Staged(write, actor, asyncio.get_running_loop().create_future()),
        ]
        for one in staged:
            one.write.group = group
            self._services.committer.stage(one)
        return staged


async def run_unit(
    services: Services,
    function: Callable[[Unit], Awaitable[Any]],
    *,
    key: UnitKey | None,
    metadata: bytes,
    reply_type: Any,
    mentions: Mentions | None = None,
) -> tuple[Any, int]:
    """Runs a unit until it is written, refused, or out of attempts; returns its reply and last position.

    What the reply may mention is added to `mentions`.
    """
    if key is not None and services.host is not None:
        raise refuse_unit("an entity", "the unit's idempotency key")
    for _ in range(MAX_ATTEMPTS):
        if key is not None and (known := await known_unit(services.journal, key)) is not None:
            if known.call not in key.calls:
                raise KeyReused(key.shown, "an atomic unit", other="another function or other arguments")
            found = await kept_reply(services.journal, key, known, mentions)
            return msgspec.json.decode(found, type=reply_type), known.position
        unit = Unit(services)
        try:
            reply = await unit.run(function)
            kept = b"null" if key is None else written_reply(reply, reply_type)
        except Exception:
            if not await unit.is_founded():
                continue
            if key is not None and await known_unit(services.journal, key) is not None:
                continue
            raise
        position = await unit.commit(key, kept, metadata)
        if position is not None:
            if mentions is not None:
                mentions.take(unit.tells_of())
            return reply, position
    raise Conflict(
        f"an atomic unit found other writers first {MAX_ATTEMPTS} times in a row; send again later"
    )


def _refuse_taken(staged: Sequence[Staged], outcomes: Sequence[Outcome]) -> None:
    """Raises Taken if another entity holds what the unit claims, unless it was decided on an old state."""
    pairs = list(zip(staged, outcomes, strict=True))
    if any(isinstance(outcome, Collided) and outcome.actual != one.write.expected for one, outcome in pairs):
        return
    for one, outcome in pairs:
        if isinstance(outcome, Held):
            raise Taken(f"{one.write.kind}/{one.write.id}", outcome.name)


def _outside(stream: StreamKey) -> DefinitionError:
    return DefinitionError(
        f"{'/'.join(stream)} is part of an atomic unit, and was sent a command through another context: "
        "send it through the context that the unit was given"
    )
