"""A piece of work that one process at a time does, such as keeping a view or running an action."""

from abc import ABC, abstractmethod

from actum.ports.database import Database


class Assignment(ABC):
    """A piece of work, known to every process by the same `name`, and begun in the one that has leased it.

    `lost` is set by whoever begins it, to be called when it turns out that the lease has passed on.
    """

    name: str

    @abstractmethod
    async def begin(self, database: Database) -> None:
        """Begins at what is written down; `database` is under the lease."""

    @abstractmethod
    async def end(self) -> None:
        """Ends it if it has begun, and writes down what is done as far as the lease still allows."""

    @abstractmethod
    async def is_idle(self) -> bool:
        """Says whether nothing is left to do before the clock moves, whichever process does it."""
