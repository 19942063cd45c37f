"""The writes of this process that set or cancel deadlines, for those who have to learn of them."""

import asyncio
from collections.abc import Callable

from actum.ports.journal import Landed, StreamKey
from actum.runtime.entities.actor import Staged


class Watch:
    """Watches one entity; `has_changed` is set by the next write that sets or cancels a deadline of it."""

    def __init__(self) -> None:
        self.has_changed: bool = False


class ScheduledWrites:
    """Knows which writes with deadlines are under way, and the position of the last that landed.

    `applied` is how far the feed is known to have been followed for deadlines. `has_unknown` becomes true
    when nobody can say whether such a write landed. `listener` is called when one has landed.
    """

    def __init__(self) -> None:
        self.applied: int = 0
        self.has_unknown: bool = False
        self.listener: Callable[[], None] | None = None
        self._last = 0
        self._open: list[Staged] = []
        self._watched: dict[StreamKey, list[Watch]] = {}

    def __repr__(self) -> str:
        return f"<ScheduledWrites, {len(self._open)} open, the last at {self._last}>"

    @property
    def last(self) -> int:
        """The position of the last of them that has landed; 0 if none has."""
        self._look()
        return self._last

    @property
    def has_open(self) -> bool:
        """Whether the outcome of one of them is not known yet."""
        self._look()
        return bool(self._open)

    def note(self, staged: Staged) -> None:
        """Adds a write that was staged."""
        self._open.append(staged)
        # A watcher, because the future of the write is cancelled with its caller.
        told = staged.future.get_loop().create_future()
        told.add_done_callback(self._tell)
        staged.watchers = [*(staged.watchers or ()), told]
        for watch in self._watched.get((staged.write.kind, staged.write.id), ()):
            watch.has_changed = True

    def watch(self, stream: StreamKey) -> Watch:
        """Begins to watch an entity."""
        watch = Watch()
        self._watched.setdefault(stream, []).append(watch)
        return watch

    def end_watch(self, stream: StreamKey, watch: Watch) -> None:
        """Ends to watch an entity."""
        left = [one for one in self._watched.pop(stream, ()) if one is not watch]
        if left:
            self._watched[stream] = left

    def _tell(self, told: "asyncio.Future[object]") -> None:
        if not told.cancelled():
            told.exception()  # Looked at, so that it is not logged.
        self._look()
        if self.listener is not None:
            self.listener()

    def _look(self) -> None:
        """Takes out the writes whose outcome is known."""
        if not self._open:
            return
        for staged in self._open:
            if isinstance(staged.told, Landed):
                self._last = max(self._last, staged.told.position)
            elif isinstance(staged.told, Exception):
                self.has_unknown = True
        self._open = [staged for staged in self._open if staged.told is None]
