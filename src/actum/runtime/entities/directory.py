"""The directory: which entities are live in this process, how they are loaded and evicted."""

import asyncio
import logging
from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from itertools import islice

from msgspec import Struct

from actum.errors import ActumError
from actum.model.entity import EntityType
from actum.model.snapshots import take_snapshot
from actum.model.turn import Instance
from actum.ports.journal import Journal, Snapshot, StreamKey
from actum.runtime.clock import Clock
from actum.runtime.entities.actor import Actor
from actum.runtime.entities.arrivals import Arrivals
from actum.runtime.entities.loader import Folded, Loader
from actum.runtime.instruments.instruments import Instruments

log: logging.Logger = logging.getLogger("actum.directory")

FIRST_PAUSE = timedelta(milliseconds=2)
MAX_PAUSE = timedelta(milliseconds=200)
SWEEP = timedelta(seconds=5)
PROVEN_AT_ONCE = 20
"""The most live states that are compared with the fold of their events at each sweep."""


class EvictionPolicy(Struct, frozen=True):
    """How long entities stay in memory: at most `most` of them, and `idle` after their last turn."""

    most: int = 100_000
    idle: timedelta = timedelta(minutes=10)


class Directory:
    """The live entities of this process; `conflicts` counts those that streams have had lately."""

    def __init__(
        self,
        journal: Journal,
        kinds: Mapping[str, EntityType],
        clock: Clock,
        residence: EvictionPolicy,
        instruments: Instruments,
    ) -> None:
        self.live: dict[StreamKey, Actor] = {}
        self._journal = journal
        self._clock = clock
        self._residence = residence
        self.conflicts: dict[StreamKey, int] = {}
        self._leaving: dict[StreamKey, Actor] = {}
        self._snapshots: dict[StreamKey, Snapshot] = {}
        self._unproven: set[StreamKey] = set()
        self._doubted: set[StreamKey] = set()
        self._loader = Loader(journal, kinds, instruments)
        self._arrivals = Arrivals(
            self._loader,
            is_held=lambda stream: stream in self._leaving or self.conflicts.get(stream, 0) > 1,
            released=self._released,
            put=self._put,
            settled=self._sweep_surplus,
        )

    def __repr__(self) -> str:
        return f"<Directory {len(self.live)} live>"

    async def activate(self, stream: StreamKey) -> Actor:
        """Returns the live actor of a stream, and loads it if needed; callers are served in order."""
        while (found := self.live.get(stream)) is None:
            # The first caller may leave the actor unusable for the next, so each looks again.
            await self._arrivals.wait(stream)
        return found

    def drop(self, actor: Actor) -> None:
        """Forgets an actor whose state did not become durable; the next command loads it again."""
        instance = actor.instance
        stream = (instance.kind.name, instance.id)
        if actor.is_live:
            actor.is_live = False
            self.live.pop(stream, None)
            self.conflicts[stream] = self.conflicts.get(stream, 0) + 1

    def retire(self, actor: Actor) -> None:
        """Forgets an actor whose state is wrong; its writes are valid, and loading waits for them."""
        stream = (actor.instance.kind.name, actor.instance.id)
        if actor.is_live:
            actor.is_live = False
            self.live.pop(stream, None)
            self._snapshots.pop(stream, None)
            if actor.gate is not None:
                self._leaving[stream] = actor

    def forget_erased(self, stream: StreamKey) -> None:
        """Evicts an entity that another process erased: it may have begun anew, at the same version."""
        actor = self.live.get(stream)
        if actor is not None:
            self.retire(actor)

    async def turn_out(self, stream: StreamKey) -> None:
        """Evicts an entity once its writes are durable, and forgets its snapshot."""
        await self._arrivals.over(stream)
        actor = self.live.get(stream)
        if actor is not None:
            self.retire(actor)
            if actor.gate is not None:
                await actor.gate.watch()
        self._snapshots.pop(stream, None)
        self._unproven.discard(stream)
        self._doubted.discard(stream)

    async def turn_out_all(self, kinds: Collection[str]) -> None:
        """Evicts the entities of some kinds once their writes are durable, and forgets their snapshots."""
        for stream in [stream for stream in self._snapshots if stream[0] in kinds]:
            del self._snapshots[stream]
        for stream in [stream for stream in self.live if stream[0] in kinds]:
            await self.turn_out(stream)

    def replace(self, actor: Actor, instance: Instance) -> None:
        """Gives a live actor another state, decided by an atomic unit."""
        actor.instance = instance

    def keep_snapshot(self, actor: Actor, snapshot: Snapshot) -> None:
        """Stores a durable state later, when there is time."""
        actor.keep_from(snapshot.version)
        self._snapshots[actor.instance.kind.name, actor.instance.id] = snapshot

    def snapshot_of(self, instance: Instance) -> bytes | None:
        """Returns a state as JSON, to be stored once it is durable; None if that must wait, or cannot be.

        A state that a turn may have changed without an event is folded again before it is stored.
        """
        if instance.is_proven:
            return take_snapshot(instance)
        self._unproven.add((instance.kind.name, instance.id))
        return None

    async def load_copy(self, stream: StreamKey) -> Instance:
        """Returns a copy of the durable state of a stream, independent of any live actor."""
        return (await self._loader.load(stream)).instance

    async def run(self) -> None:
        """Stores snapshots and evicts idle actors, until cancelled."""
        while True:
            await asyncio.sleep(SWEEP.total_seconds())
            self.sweep()
            await self.save_snapshots()

    def sweep(self) -> int:
        """Evicts idle actors, and the least recently used of too many; returns how many."""
        oldest = self._clock.now() - self._residence.idle // timedelta(microseconds=1)
        free = [
            actor
            for stream, actor in self.live.items()
            if actor.gate is None and stream not in self._arrivals.recent
        ]
        leaving = [actor for actor in free if actor.used < oldest]
        surplus = len(self.live) - len(leaving) - self._residence.most
        if surplus > 0:
            staying = sorted((actor for actor in free if actor.used >= oldest), key=lambda actor: actor.used)
            leaving += staying[:surplus]
        for actor in leaving:
            self._passivate(actor)
        self._doubt(actor for actor in free if actor.is_live)
        return len(leaving)

    def _doubt(self, resting: Iterable[Actor]) -> None:
        """Has some states checked that a command may have changed without an event."""
        doubted = (actor.instance for actor in resting if not actor.instance.is_proven)
        for instance in islice(doubted, PROVEN_AT_ONCE):
            self._doubted.add((instance.kind.name, instance.id))

    async def save_snapshots(self) -> None:
        """Writes the snapshots that are due; losing one loses no data."""
        while self._unproven:
            await self._prove(self._unproven.pop(), is_due=True)
        while self._doubted:
            await self._prove(self._doubted.pop(), is_due=False)
        while self._snapshots:
            stream, snapshot = self._snapshots.popitem()
            await self._journal.save_snapshot(*stream, snapshot)

    async def _prove(self, stream: StreamKey, *, is_due: bool) -> None:
        """Folds a state again, to be stored if that is due, and evicts a live one that differs from it."""
        try:
            folded = await self._loader.load(stream)
        except ActumError as error:
            log.warning("%s/%s keeps no snapshot: %s", *stream, error)
            return
        instance = folded.instance
        if is_due and instance.version > folded.kept and (state := take_snapshot(instance)) is not None:
            self._snapshots[stream] = Snapshot(
                instance.version, instance.time, instance.kind.fingerprint, state
            )
        actor = self.live.get(stream)
        if actor is None or actor.instance.version != instance.version:
            return
        if actor.instance.is_like(instance):
            actor.instance.is_proven = True
        else:
            log.error("%r was changed beside its events by a command, and is read from them again", instance)
            snapshot = self._snapshots.get(stream)
            self.retire(actor)
            if snapshot is not None:
                self._snapshots[stream] = snapshot

    def _passivate(self, actor: Actor) -> None:
        instance = actor.instance
        stream = (instance.kind.name, instance.id)
        if instance.version >= actor.next_snapshot and (state := self.snapshot_of(instance)):
            snapshot = Snapshot(instance.version, instance.time, instance.kind.fingerprint, state)
            self.keep_snapshot(actor, snapshot)
        actor.is_live = False
        del self.live[stream]

    async def _released(self, stream: StreamKey) -> None:
        """Waits for what an entity's last actor has written, and longer the more conflicts it has had."""
        conflicts = self.conflicts.get(stream, 0)
        if conflicts > 1 and self._journal.is_shared:
            await self._clock.pause(min(FIRST_PAUSE * 2**conflicts, MAX_PAUSE))
        leaving = self._leaving.pop(stream, None)
        if leaving is not None and leaving.gate is not None:
            await leaving.gate.watch()

    def _put(self, stream: StreamKey, folded: Folded) -> None:
        now = self._clock.now()
        self.live[stream] = Actor(folded.instance, kept=folded.kept, used=now, first=folded.first)

    def _sweep_surplus(self) -> None:
        if len(self.live) > self._residence.most + self._residence.most // 10:
            self.sweep()

    def forgive(self, stream: StreamKey) -> None:
        """Resets the count of conflicts of a stream whose write has landed."""
        self.conflicts.pop(stream, None)
