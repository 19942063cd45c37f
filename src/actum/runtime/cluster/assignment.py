"""A piece of work that one process at a time does, such as keeping a view or running an action."""

from abc import ABC, abstractmethod

from actum.ports.database import Database


class Assignment(ABC):
    """A piece of work with the same `name` in every process, done by the one that holds its lease.

    `lost` is set by the caller that begins it, and called when the lease turns out to be lost.
    """

    name: str

    @abstractmethod
    async def begin(self, database: Database) -> None:
        """Begins from the stored progress; `database` checks the lease at each write."""

    @abstractmethod
    async def end(self) -> None:
        """Ends it if it has begun, and saves its progress if the lease still allows that."""

    async def abandon(self) -> None:
        """Ends it without delay, because its lease is lost."""
        await self.end()

    @abstractmethod
    async def is_idle(self) -> bool:
        """Returns whether nothing is left to do before the clock moves, in any process."""
