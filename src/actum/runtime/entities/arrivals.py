"""Arrivals: entities that are being loaded, and those who wait for them; many are loaded together."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any

from actum.errors import Overloaded
from actum.ports.journal import Loaded, StreamKey
from actum.runtime.containment import contained
from actum.runtime.entities.loader import Folded, Loader

MAX_WAITING = 20_000
LOADED_AT_ONCE = 500
READERS = 2
"""Batches that are read at one time: one can be read while another is folded."""
FOLDED_AT_ONCE = 2_000
"""Events that are folded before other tasks may run."""


class Arrivals:
    """Loads entities for whoever waits for them, and serves those who wait for one in their order.

    `is_held` says that something has to be waited for before an entity is loaded, and `released` waits for
    it. `put` is called with every entity that was loaded; `settled` once for those that were loaded together.
    `recent` are those that may not have been seen by all who waited.
    """

    def __init__(
        self,
        loader: Loader,
        *,
        is_held: Callable[[StreamKey], bool],
        released: Callable[[StreamKey], Awaitable[None]],
        put: Callable[[StreamKey, Folded], None],
        settled: Callable[[], None],
    ) -> None:
        self.recent: set[StreamKey] = set()
        self._loader = loader
        self._is_held = is_held
        self._released = released
        self._put = put
        self._settled = settled
        self._waiting: dict[StreamKey, list[asyncio.Future[None]]] = {}
        self._count = 0
        self._asked: list[StreamKey] = []
        self._readers = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()

    def __repr__(self) -> str:
        return f"<Arrivals, {len(self._waiting)} expected>"

    async def wait(self, stream: StreamKey) -> None:
        """Returns when an entity was loaded, and raises why it could not be."""
        if self._count >= MAX_WAITING:
            raise Overloaded(f"{MAX_WAITING:,} commands are waiting for entities to load: send again later")
        arrival: asyncio.Future[None] = self._loop.create_future()
        waiting = self._waiting.get(stream)
        if waiting is None:
            self._waiting[stream] = [arrival]
            self._ask_for(stream)
        else:
            waiting.append(arrival)
        self._count += 1
        try:
            await arrival
        finally:
            self._count -= 1

    async def over(self, stream: StreamKey) -> None:
        """Returns when an entity is not being loaded, whatever became of it."""
        while (waiting := self._waiting.get(stream)) is not None:
            arrival: asyncio.Future[None] = self._loop.create_future()
            waiting.append(arrival)
            with suppress(Exception):  # Whoever asked for it is told.
                await arrival

    def _ask_for(self, stream: StreamKey) -> None:
        """Has an entity loaded: with the next batch or, where something has to be waited for, by itself."""
        if self._is_held(stream):
            self._start(self._load_alone(stream))
            return
        self._asked.append(stream)
        if self._readers < READERS:
            self._readers += 1
            self._start(self._load_asked())

    async def _load_asked(self) -> None:
        """Loads what was asked for, batch by batch: while batches are read, the next one fills."""
        try:
            while self._asked:
                batch, self._asked = self._asked[:LOADED_AT_ONCE], self._asked[LOADED_AT_ONCE:]
                try:
                    with contained("entities cannot be read"):
                        found = await self._loader.read(batch)
                except Exception as error:  # noqa: BLE001 (handed to those who wait)
                    for stream in batch:
                        self._fail(stream, error)
                    continue
                self._asked[:0] = batch[len(found) :]
                await self._take_in(batch, found)
        finally:
            self._readers -= 1

    async def _take_in(self, batch: Sequence[StreamKey], found: Sequence[Loaded]) -> None:
        folded = 0
        for stream, loaded in zip(batch, found, strict=False):
            self._take_in_one(stream, loaded)
            folded += len(loaded.events)
            if folded >= FOLDED_AT_ONCE:
                folded = 0
                await asyncio.sleep(0)
        self._end()

    def _take_in_one(self, stream: StreamKey, loaded: Loaded) -> None:
        """Folds what was loaded of an entity; the rest of a long one is read apart from the others."""
        try:
            with contained(_unreadable(stream)):
                begun = self._loader.begin(stream, loaded)
        except Exception:  # noqa: BLE001 (found again, and then told)
            self._start(self._load_alone(stream))
            return
        if loaded.is_complete:
            self._arrive(stream, begun)
        else:
            self._start(self._load_alone(stream, begun))

    async def _load_alone(self, stream: StreamKey, begun: Folded | None = None) -> None:
        try:
            await self._released(stream)
            with contained(_unreadable(stream)):
                if begun is None:
                    folded = await self._loader.load(stream)
                else:
                    folded = await self._loader.complete(stream, begun)
        except BaseException as error:
            self._fail(stream, error)
            if isinstance(error, Exception):
                return
            raise
        self._arrive(stream, folded)
        self._end()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _arrive(self, stream: StreamKey, folded: Folded) -> None:
        self._put(stream, folded)
        self.recent.add(stream)
        for arrival in self._waiting.pop(stream, ()):
            if not arrival.done():
                arrival.set_result(None)

    def _end(self) -> None:
        # Runs after those who wait.
        self._loop.call_soon(self.recent.clear)
        self._settled()

    def _fail(self, stream: StreamKey, error: BaseException) -> None:
        """Tells those who wait for an entity that it cannot be loaded."""
        for arrival in self._waiting.pop(stream, ()):
            if arrival.done():
                continue
            if isinstance(error, Exception):
                arrival.set_exception(error)
            else:
                arrival.cancel()


def _unreadable(stream: StreamKey) -> str:
    return f"{stream[0]}/{stream[1]} cannot be read from its events"
