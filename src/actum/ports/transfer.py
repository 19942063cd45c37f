"""What a store gives and takes when an application moves to another one: every adapter's guarantees."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from typing import Any

from actum.model.event import Stored

Row = tuple[Any, ...]
"""One row of a table as its columns: text, bytes, whole numbers, booleans and None."""

ClaimTaken = tuple[str, str, bytes, str]
"""A claim and its holder: kind, name, digest, id."""


class Transfer(ABC):
    """Gives the rows of tables as they are, and takes those of another store.

    It is used only while no application runs on the store. Every method is one transaction, durable when it
    returns. A page of rows ends after MAX_PAGE_BYTES at the latest.
    """

    tables: Sequence[str]
    """The tables that it gives and takes."""

    @abstractmethod
    def columns(self, table: str) -> Sequence[str]:
        """Gives the names of a table's columns, in the order of a row."""

    @abstractmethod
    async def rows(self, table: str, after: Row | None, limit: int) -> list[Row]:
        """Gives the rows that follow the row `after`, in a fixed order; with None, the first ones."""

    @abstractmethod
    async def restore(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> int:
        """Stores rows with the given columns; those whose keys are there already stay as they are.

        Gives how many rows the store has no way to keep, which is 0 but for claims without names. Raises
        StoreError for a column that the table does not have.
        """

    @abstractmethod
    async def numbers(self) -> dict[str, int]:
        """Gives for each table that numbers its rows the highest number that may have been given."""

    @abstractmethod
    async def restore_numbers(self, numbers: dict[str, int]) -> None:
        """Has later rows of tables get higher numbers than these."""


class JournalTransfer(Transfer):
    """The part of a journal: its events, and tables with replies, claims and keys of persons."""

    keeps_positions: bool = True
    """Whether restored events have the positions that they had; if not, they get later ones, in order."""

    @abstractmethod
    async def begin(self, identity: str, last: int) -> None:
        """Gives the journal the identity of the one that its events are from, which ended at `last`.

        It is called first, and again when an interrupted import goes on. Raises StoreError for a journal
        that cannot number its events beyond `last` where it does not keep their positions.
        """

    @abstractmethod
    async def restore_events(
        self, events: Sequence[Stored], taken: Collection[ClaimTaken], released: Collection[ClaimTaken]
    ) -> Sequence[int]:
        """Adds events that follow, in the order of their positions, those that were restored before.

        Gives the positions that they have now.

        A stream goes on at its next version, or begins: at a version beyond 1 if earlier events were pruned.
        Then `released` claims are released if their holders still have them, and `taken` ones are taken over.
        Raises StoreError for versions that leave a gap. Where `keeps_positions`, all events are stored or
        none. Otherwise an interrupted import begins with the first events again: those that are there stay as
        they are, and the others are added.
        """

    @abstractmethod
    async def finish(self, last: int) -> None:
        """Makes the restored events visible, and has later ones get positions beyond `last`."""


class DatabaseTransfer(Transfer):
    """The part of a database: the progress of actions, and what waits to be done."""

    @abstractmethod
    async def bind_over(self, application: str, journal: str, mark: str) -> None:
        """Binds the database to an application and a journal, whatever it was bound to."""
