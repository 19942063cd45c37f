"""Atomic units: commands on several entities that are written together or not at all.

A unit decides on copies of the entities it touches. If none of them has moved on when it is done, its writes
are staged in one step as one group and the copies take the entities' places; otherwise it runs again.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from actum.errors import CallerError, Conflict
from actum.journal.port import Landed, Repeated, StreamKey, Write
from actum.model.entity import Entity, entity_type
from actum.model.turn import Emitted, Instance
from actum.runtime.actor import Actor, Staged
from actum.runtime.entities import MOST_ATTEMPTS, Call
from actum.runtime.purity import pure
from actum.runtime.services import Services


class UnitMark(Entity, name="$unit"):
    """Stands for a whole unit where its idempotency key is kept."""


UNIT = entity_type(UnitMark)


class Fork:
    """An entity within a unit: the actor it was copied from, its version then, and what the unit adds."""

    __slots__ = ("actor", "base", "emitted", "gate", "instance", "metadata")

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self.base = actor.instance.version
        self.gate = actor.gate
        self.instance: Instance = actor.instance.fork()
        self.emitted: list[Emitted] = []
        self.metadata = b""

    @property
    def is_current(self) -> bool:
        """Whether the entity is still as it was when it was copied."""
        return self.actor.is_live and self.actor.instance.version == self.base


class Unit:
    """One attempt at an atomic unit."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._forks: dict[StreamKey, Fork] = {}
        self.now = services.clock.now()

    async def command(self, call: Call) -> Any:
        """Runs a command on the unit's copy of its entity; nothing of it stands yet."""
        call.bind()
        fork = await self._fork(call)
        self._services.entities.check_version(call, fork.instance.version)
        with pure:
            emitted, reply = fork.instance.decide(call.command, call.arguments, self.now)
        if fork.instance.is_spoiled:
            del self._forks[call.stream]
        fork.emitted += emitted
        fork.metadata = call.metadata
        return reply

    async def query(self, call: Call) -> Any:
        """Answers from the unit's copy of an entity."""
        call.bind()
        fork = await self._fork(call)
        self._services.entities.check_version(call, fork.instance.version)
        with pure:
            return fork.instance.ask(call.command, call.arguments, self.now)

    async def commit(self, key: str | None, reply: bytes, metadata: bytes) -> int | Repeated | None:
        """Writes the unit; gives the position of its last event, or None when it has to run again."""
        forks = list(self._forks.values())
        if not all(fork.is_current for fork in forks):
            return None
        changed = [fork for fork in forks if fork.emitted]
        read = [fork.gate for fork in forks if not fork.emitted and fork.gate is not None]
        committer = self._services.committer
        committer.admit(len(changed) + 1)
        group = committer.new_group()
        staged = [self._stage(fork, group) for fork in changed]
        if key is not None:
            staged.append(self._mark(key, reply, metadata, group))
        outcomes = await asyncio.gather(*(one.future for one in staged), *(gate.watch() for gate in read))
        for outcome in outcomes:
            if type(outcome) is Repeated:
                return outcome
        if not all(type(outcome) is Landed for outcome in outcomes):
            return None
        return max((outcome.position for outcome in outcomes[: len(staged)]), default=0)  # type: ignore[union-attr]

    async def is_founded(self) -> bool:
        """Says whether all that the unit has seen is durable and still so, and a refusal may be told."""
        forks = list(self._forks.values())
        if not all(fork.is_current for fork in forks):
            return False
        gates = [fork.gate for fork in forks if fork.gate is not None]
        return all(
            type(outcome) is Landed
            for outcome in await asyncio.gather(*(gate.watch() for gate in gates if not gate.future.done()))
        )

    async def _fork(self, call: Call) -> Fork:
        found = self._forks.get(call.stream)
        if found is None:
            actor = await self._services.directory.activate(call.stream)
            found = self._forks.get(call.stream) or self._forks.setdefault(call.stream, Fork(actor))
        return found

    def _stage(self, fork: Fork, group: int) -> Staged:
        kind = fork.instance.kind
        write = Write(
            kind.name, fork.instance.id, fork.base, fork.emitted, fork.metadata, self.now, group=group
        )
        self._services.directory.replace(fork.actor, fork.instance)
        fork.actor.used = self.now
        staged = Staged(write, fork.actor, asyncio.get_running_loop())
        self._services.committer.stage(staged)
        return staged

    def _mark(self, key: str, reply: bytes, metadata: bytes, group: int) -> Staged:
        write = Write(UNIT.name, key, 0, [], metadata, self.now, key=key, reply=reply, group=group)
        actor = Actor(Instance(UNIT, key), kept=0, used=self.now)
        actor.is_live = False
        staged = Staged(write, actor, asyncio.get_running_loop())
        self._services.committer.stage(staged)
        return staged


async def run_unit(
    services: Services, function: Callable[[Unit], Awaitable[Any]], key: str | None, metadata: bytes
) -> tuple[Any, int]:
    """Runs a unit until it stands, it is refused, or the attempts run out."""
    for _ in range(MOST_ATTEMPTS):
        if key is not None and (found := (await services.journal.replies([(UNIT.name, key, key)]))[0]):
            return msgspec.json.decode(found.reply), found.position
        unit = Unit(services)
        try:
            reply = await function(unit)
        except CallerError:
            if await unit.is_founded():
                raise
            continue
        position = await unit.commit(key, b"null" if key is None else msgspec.json.encode(reply), metadata)
        if isinstance(position, int):
            return reply, position
    raise Conflict(
        f"an atomic unit found other writers first {MOST_ATTEMPTS} times in a row; send again later"
    )
