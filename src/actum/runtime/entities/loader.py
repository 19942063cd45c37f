"""The loader: reads snapshots and events from the journal, for many entities at once, and folds them."""

import asyncio
import logging
from collections.abc import Mapping, Sequence

from msgspec import Struct

from actum.model.entity import EntityType
from actum.model.error_text import error_text
from actum.model.snapshots import restored
from actum.model.turn import Instance
from actum.ports.journal import EventRange, Journal, Loaded, StreamKey
from actum.runtime.coalescer import Coalescer
from actum.runtime.containment import comes_from_outside, log_failure
from actum.runtime.instruments.instruments import LOAD, Instruments
from actum.runtime.stream_pages import pages_of

log: logging.Logger = logging.getLogger("actum.directory")

MAX_WAITING = 20_000
MAX_LONG_LOADS = 4
"""The most entities that are read page by page at one time."""


class Folded(Struct, frozen=True):
    """An entity, the version of the snapshot it was folded from, or 0, and the position of its first event.

    That is 0 if it has none, or if no other process writes to the journal.
    """

    instance: Instance
    kept: int
    first: int


class Loader:
    """Folds entities from what the journal holds of them."""

    def __init__(self, journal: Journal, kinds: Mapping[str, EntityType], instruments: Instruments) -> None:
        self._journal = journal
        self._kinds = kinds
        self._instruments = instruments
        self._fingerprints = {kind.name: kind.fingerprint for kind in kinds.values()}
        self._loads: Coalescer[StreamKey, Loaded] = Coalescer(self.read, most=MAX_WAITING)
        self._long_loads = asyncio.Semaphore(MAX_LONG_LOADS)

    def __repr__(self) -> str:
        return f"<Loader of {', '.join(self._kinds)}>"

    async def read(self, streams: Sequence[StreamKey]) -> list[Loaded]:
        """Reads the first pages of the first of the streams."""
        with self._instruments.measuring(LOAD, len(streams)):
            return await self._journal.load(streams, self._fingerprints)

    async def load(self, stream: StreamKey) -> Folded:
        """Returns an entity folded from its events."""
        loaded = await self._loads.get(stream)
        has_snapshot, is_complete = loaded.snapshot is not None, loaded.is_complete
        try:
            begun = self.begin(stream, loaded)
        except BaseException as error:
            if not has_snapshot or comes_from_outside(error):
                raise
            return await self._load_without_snapshot(stream, error)
        del loaded  # Otherwise each of many long streams would hold a page while it waits for the next.
        return begun if is_complete else await self.complete(stream, begun)

    def begin(self, stream: StreamKey, loaded: Loaded) -> Folded:
        """Returns an entity after its first page."""
        kind, snapshot = self._kinds[stream[0]], loaded.snapshot
        if snapshot is None:
            instance, kept = restored(kind, stream[1], None, version=loaded.pruned), 0
        else:
            kept = snapshot.version
            instance = restored(kind, stream[1], snapshot.state, version=kept, time=snapshot.time)
        instance.replay(loaded.events)
        return Folded(instance, kept, loaded.first)

    async def complete(self, stream: StreamKey, begun: Folded) -> Folded:
        """Returns an entity after all its pages."""
        try:
            await self._replay_rest(begun.instance)
        except BaseException as error:
            if not begun.kept or comes_from_outside(error):
                raise
            return await self._load_without_snapshot(stream, error)
        return begun

    async def _load_without_snapshot(self, stream: StreamKey, error: BaseException) -> Folded:
        message = "%s/%s is read from its events, for its snapshot failed: %s"
        log_failure(log, logging.WARNING, message, *stream, error_text(error), error=error)
        # Without a fingerprint no snapshot fits.
        [loaded] = await self._journal.load([stream], {})
        begun = self.begin(stream, loaded)
        if not loaded.is_complete:
            await self._replay_rest(begun.instance)
        return begun

    async def _replay_rest(self, instance: Instance) -> None:
        """Reads what follows the first page, for a few entities at a time: each holds a page."""
        async with self._long_loads:
            rest = EventRange(instance.kind.name, instance.id, after=instance.version)
            async for page in pages_of(self._journal, rest):
                instance.replay(page)
