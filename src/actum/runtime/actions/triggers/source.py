"""Sources: where a worker's items come from, how it says that they are done, and how one is fetched again."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Sequence
from typing import Any, Protocol

from msgspec import Struct

from actum.model.action import Failure
from actum.ports.database import Letter, NewLetter


class Item(Struct, frozen=True, gc=False):
    """One thing to be done. Items of one `key` are done in the order of their `position`.

    `body` is what is needed to fetch it again; `content` is the thing itself, of about `size` bytes.
    """

    position: int
    key: str
    body: bytes
    content: Any
    size: int = 0


class Run(Protocol):
    """Does one item, or deals with the failure that made it be given up."""

    def __call__(self, item: Item, failure: Failure | None = None) -> Awaitable[None]:
        """Returns when that is done; raises what goes wrong."""
        ...


class Source(ABC):
    """Where items come from.

    Where it `can_read_again`, what a key has waiting need not be held in memory.
    """

    can_read_again = False

    @abstractmethod
    async def rewind(self) -> None:
        """Goes back to what is written down: whatever was given and not saved is given again."""

    @abstractmethod
    async def next(self, limit: int) -> list[Item]:
        """Gives items that were not given since `rewind`, waiting until there are some; may give none."""

    @abstractmethod
    async def save(self, done: Sequence[int], parked: Sequence[NewLetter], open_from: int | None) -> None:
        """Writes down, in one transaction, what is done and what was put aside as letters.

        `open_from` is the lowest position that was given and is neither; None if there is none.
        """

    @abstractmethod
    async def fetch(self, letter: Letter) -> Item | None:
        """Gives the item of a letter again, or None if it no longer exists."""

    async def read_again(self, last: Item, up_to: int, limit: int) -> tuple[list[Item], bool]:
        """Gives items of the key of `last` again, beyond it and up to a position, and whether those are all.

        Only what was given before, and is not saved as done, is asked for. There may be fewer than `limit`,
        but none only where there is none.
        """
        raise NotImplementedError

    @abstractmethod
    async def is_empty(self) -> bool:
        """Says whether there is nothing more to give for now."""

    @abstractmethod
    async def is_settled(self) -> bool:
        """Says whether all there is has been done and written down, by whichever process it was."""
