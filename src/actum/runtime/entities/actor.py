"""An actor, which is one live entity, and its writes that are not durable yet."""

import asyncio

from msgspec import Struct

from actum.model.snapshots import next_snapshot
from actum.model.turn import Instance
from actum.ports.journal import Outcome, Write


class Staged(Struct, eq=False):
    """A write that was decided and is not yet durable: the output gate of everything decided after it.

    `future` is what its caller waits for. `snapshot` is the state at the write's last version, to be stored
    once the write has landed. `told` is its outcome, once that is known. `size` counts the bytes that it
    holds in memory.
    """

    write: Write
    actor: "Actor"
    future: "asyncio.Future[Outcome]"
    snapshot: bytes | None = None
    told: Outcome | Exception | None = None
    watchers: "list[asyncio.Future[Outcome]] | None" = None
    size: int = 0

    def __repr__(self) -> str:
        return f"<Staged {self.write.kind}/{self.write.id}@{self.write.expected}+{len(self.write.events)}>"

    @property
    def keeps_something(self) -> bool:
        """Whether the journal stores anything of it: if not, it only checks the version of its stream."""
        return bool(self.write.events) or self.write.key is not None

    async def watch(self) -> Outcome:
        """Waits for the outcome, for callers other than the write's own, and returns it."""
        if isinstance(self.told, Exception):
            raise self.told
        if self.told is not None:
            return self.told
        watcher: asyncio.Future[Outcome] = self.future.get_loop().create_future()
        if self.watchers is None:
            self.watchers = []
        self.watchers.append(watcher)
        return await watcher

    def resolve(self, outcome: Outcome) -> None:
        """Gives everyone who waits the outcome of the write."""
        self.told = outcome
        if not self.future.done():
            self.future.set_result(outcome)
        for watcher in self.watchers or ():
            if not watcher.done():
                watcher.set_result(outcome)

    def fail(self, error: Exception) -> None:
        """Raises in everyone who waits, because the outcome is unknown."""
        self.told = error
        watchers = self.watchers or ()
        if not self.future.done():
            self.future.set_exception(error)
            self.future.exception()  # Its caller may be gone: then the error is not logged.
        for watcher in watchers:
            if not watcher.done():
                watcher.set_exception(error)


class Actor:
    """One live entity.

    `gate` is its newest write that is not yet durable: what is decided on the current state may be answered
    only when that has landed. `used` is the time of its last turn, for eviction. From the version
    `next_snapshot` on its state is to be stored. `keys` are the idempotency keys of writes that are not
    durable yet. `first` is the position of the entity's first event, 0 if it has none or that is not known.
    """

    __slots__ = ("first", "gate", "instance", "is_live", "keys", "next_snapshot", "used")

    def __init__(self, instance: Instance, *, kept: int, used: int, first: int = 0) -> None:
        self.instance: Instance = instance
        self.first: int = first
        self.gate: Staged | None = None
        self.is_live: bool = True
        self.next_snapshot: int = next_snapshot(instance.kind, kept)
        self.used: int = used
        self.keys: dict[str, Staged] | None = None

    def __repr__(self) -> str:
        return f"<Actor {self.instance.kind.name}/{self.instance.id}@{self.instance.version}>"

    def keep_from(self, version: int) -> None:
        """Marks the state of that version as stored."""
        self.next_snapshot = next_snapshot(self.instance.kind, version)

    def remember(self, key: str, staged: Staged) -> None:
        """Remembers a write that is not durable yet under its idempotency key."""
        if self.keys is None:
            self.keys = {}
        self.keys[key] = staged

    def settle(self, staged: Staged) -> None:
        """Forgets a write whose outcome is known."""
        if self.gate is staged:
            self.gate = None
        if self.keys is not None and staged.write.key is not None:
            self.keys.pop(staged.write.key, None)
