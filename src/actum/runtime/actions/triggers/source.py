"""Sources: they give a worker its items, and save which of them are done."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

from msgspec import Struct

from actum.model.action import Failure
from actum.ports.database import Database, Letter, NewLetter


class Item(Struct, frozen=True, gc=False):
    """One event, message, tick or timer. Items of one `key` run in the order of their `position`.

    `body` is what a letter keeps of it, to fetch it again; `content` is the item, of about `size` bytes.
    `slice` is that of its key, where the source is split.
    """

    position: int
    key: str
    body: bytes
    content: Any
    size: int = 0
    slice: int = 0


Lowest = Callable[[int], int | None]
"""Gives the lowest position of a slice that was given and is not done; None if there is none."""


class Run(Protocol):
    """Calls a function with one item, and with the failure for which that was given up."""

    def __call__(self, item: Item, failure: Failure | None = None) -> Awaitable[None]:
        """Returns when the function has; raises what it raises."""
        ...


class Source(ABC):
    """Where items come from.

    A source that `can_read_again` lets the worker drop waiting items from memory, and read them later.
    """

    can_read_again = False

    @property
    def place(self) -> int:
        """The position up to which everything was given, where positions are those of the journal."""
        return 0

    @abstractmethod
    async def rewind(self) -> None:
        """Goes back to what is saved: what was given and not saved is given again."""

    @abstractmethod
    async def next(self, limit: int) -> list[Item]:
        """Gives items that were not given since `rewind`; may wait for some, and may give none."""

    @abstractmethod
    async def save(self, done: Sequence[int], letters: Sequence[NewLetter], open_from: int | None) -> None:
        """Saves which positions are done, and the letters of those of them that failed.

        No letter is lost: it is durable before its item counts as done. `open_from` is the lowest position
        that was given and is not done; None if there is none.
        """

    async def save_slices(
        self, done: Mapping[int, Sequence[int]], letters: Sequence[NewLetter], lowest: Lowest
    ) -> None:
        """Saves what `save` does, with what is done by slice; a source that is not split has one, 0."""
        await self.save(done.get(0, ()), letters, lowest(0))

    def has(self, key: str) -> bool:
        """Says whether items of this key are given to this worker."""
        return True

    def under_lease(self, database: Database, key: str) -> Database:
        """Gives the database as it is used for items of a key; raises LeaseLost where `has` is false."""
        return database

    @abstractmethod
    async def fetch(self, letter: Letter) -> Item | None:
        """Gives the item of a letter again, or None if it no longer exists."""

    async def read_again(self, last: Item, up_to: int, limit: int) -> tuple[list[Item], bool]:
        """Gives items of the key of `last` again, beyond it and up to a position, and whether those are all.

        The worker asks only for items that were given and are not saved. There may be fewer than `limit`, but
        none only where none are left.
        """
        raise NotImplementedError

    @abstractmethod
    async def is_empty(self) -> bool:
        """Says whether there is nothing to give now."""

    @abstractmethod
    async def is_settled(self) -> bool:
        """Says whether all items there are have been done and saved, by whichever process."""
