"""A write on its way to the journal, with everyone who waits to hear what became of it."""

import asyncio
from typing import TYPE_CHECKING

from actum.journal.port import Outcome, Write

if TYPE_CHECKING:
    from actum.runtime.actor import Actor


class Staged:
    """A write that was decided and is not yet durable: the output gate of everything decided after it.

    `snapshot` is the state at the write's last version, to be kept once the write has landed.
    """

    __slots__ = ("_watchers", "actor", "future", "snapshot", "write")

    def __init__(self, write: Write, actor: "Actor", loop: asyncio.AbstractEventLoop) -> None:
        self.write = write
        self.actor = actor
        self.future: asyncio.Future[Outcome] = loop.create_future()
        self.snapshot: bytes | None = None
        self._watchers: list[asyncio.Future[Outcome]] | None = None

    def __repr__(self) -> str:
        return f"<Staged {self.write.kind}/{self.write.id}@{self.write.expected}+{len(self.write.events)}>"

    async def watch(self) -> Outcome:
        """Waits, beside the write's own caller, for what becomes of it."""
        watcher: asyncio.Future[Outcome] = self.future.get_loop().create_future()
        if self._watchers is None:
            self._watchers = []
        self._watchers.append(watcher)
        return await watcher

    def resolve(self, outcome: Outcome) -> None:
        """Tells everyone what became of the write."""
        if not self.future.done():
            self.future.set_result(outcome)
        for watcher in self._watchers or ():
            if not watcher.done():
                watcher.set_result(outcome)

    def fail(self, error: Exception) -> None:
        """Tells everyone that nobody knows."""
        watchers = self._watchers or ()
        if not self.future.done():
            self.future.set_exception(error)
            self.future.exception()  # Its caller may be gone; an error nobody hears is not one to log.
        for watcher in watchers:
            if not watcher.done():
                watcher.set_exception(error)
