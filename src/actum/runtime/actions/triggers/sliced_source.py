"""Sources whose items are split by key into slices, of which this process has some or all."""

from abc import abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any
from zlib import crc32

from msgspec import Struct, field

from actum.errors import LeaseLost
from actum.ports.database import Database, NewLetter
from actum.ports.membership import Lease
from actum.runtime.actions.triggers.source import Item, Lowest, Source

Leases = tuple[Lease, ...]


class Slice(Struct, eq=False):
    """A slice that this process has: under which leases, and up to which position its items were given.

    For events, `saved` is its stored checkpoint, and `counts` the position from which each type is wanted.
    """

    number: int
    leases: Leases
    given: int = 0
    saved: int = 0
    counts: dict[str, int] = field(default_factory=dict)


def slice_of_key(key: str, slices: int) -> int:
    """Gives the slice of a key, which is the same in every process and release."""
    return crc32(key.encode(errors="surrogatepass")) % slices if slices > 1 else 0


class SlicedSource(Source):
    """Reads what all its slices have in common once; those that were added later catch up by turns with that.

    With one slice it is not split, and `database` carries the worker's lease. With several the database is
    everybody's, and each slice has a lease of its own; `on_lost` is called with one whose lease is lost.
    """

    def __init__(self, database: Database, slices: int) -> None:
        self.on_lost: Callable[[int], object] = int
        self.slices = slices
        self._database = database
        self._position = 0
        self._here: dict[int, Slice] = {} if slices > 1 else {0: Slice(0, ())}
        self._leaving: dict[int, Slice] = {}
        self._is_laggards_turn = False

    def __repr__(self) -> str:
        return f"<{type(self).__name__} @{self._position}, {len(self._here)} of {self.slices} slices>"

    def slice_of(self, key: str) -> int:
        """Gives the slice of a key, which is the same in every process and release."""
        return slice_of_key(key, self.slices)

    def has(self, key: str) -> bool:
        return self.slice_of(key) in self._here

    def under_lease(self, database: Database, key: str) -> Database:
        if self.slices == 1:
            return database
        number = self.slice_of(key)
        if number not in self._here:
            raise LeaseLost(f"{key!r} is worked on by another process: nothing was written")
        return database.under(*self._here[number].leases)

    @abstractmethod
    async def load(self, leases: Mapping[int, Leases]) -> list[Slice]:
        """Gives slices as they are saved."""

    @abstractmethod
    async def read_page(self, after: int, limit: int, given: int) -> tuple[Sequence[Any], int]:
        """Gives what comes after a position, and the position up to which that is everything.

        Other slices were given everything up to `given`, here or by another process, which may have read
        further than this one can.
        """

    @abstractmethod
    def items(self, page: Sequence[Any], slices: Mapping[int, Slice]) -> list[Item]:
        """Gives the items of a page that are of these slices, and were not given yet."""

    @abstractmethod
    async def wait(self, after: int) -> None:
        """Returns when there may be something after a position, after some time, or once `wake` is called."""

    @abstractmethod
    def wake(self) -> None:
        """Ends a wait."""

    @abstractmethod
    async def save_held(
        self, done: Mapping[int, Sequence[int]], letters: Sequence[NewLetter], lowest: Lowest
    ) -> None:
        """Saves what `save_slices` does, where all slices are still here."""

    def give(self, slices: Iterable[Slice]) -> None:
        """Begins to give the items of slices that were loaded."""
        self._here.update((one.number, one) for one in slices)
        self.wake()

    def withdraw(self, number: int) -> None:
        """Gives no more items of a slice; what is done of it can still be saved."""
        if number in self._here:
            self._leaving[number] = self._here.pop(number)

    def forget(self, number: int) -> None:
        """Saves nothing of a slice any more."""
        self._here.pop(number, None)
        self._leaving.pop(number, None)

    async def rewind(self) -> None:
        self._leaving.clear()
        loaded = None
        while loaded is None:
            try:
                loaded = await self.load({number: one.leases for number, one in self._here.items()})
            except LeaseLost as error:
                self._lose(error)
        # One may have been withdrawn meanwhile.
        self._here.update((one.number, one) for one in loaded if one.number in self._here)
        self._position = min((one.given for one in self._here.values()), default=0)

    async def next(self, limit: int) -> list[Item]:
        before = self._position
        lowest = min((one.given for one in self._here.values()), default=before)
        self._is_laggards_turn = lowest < before and not self._is_laggards_turn
        if self._is_laggards_turn:
            items, end = await self._take(lowest, limit, up_to=before)
            # What cannot be read here yet, another process has read: nothing beyond it can be either.
            if end == lowest:
                await self.wait(lowest)
            return items
        items, end = await self._take(before, limit)
        if end == before and not self.is_behind:
            await self.wait(before)
        return items

    async def save(self, done: Sequence[int], letters: Sequence[NewLetter], open_from: int | None) -> None:
        await self.save_slices({0: done}, letters, lambda _: open_from)

    async def save_slices(
        self, done: Mapping[int, Sequence[int]], letters: Sequence[NewLetter], lowest: Lowest
    ) -> None:
        while True:
            held = self._held.keys()
            try:
                await self.save_held(
                    {number: found for number, found in done.items() if number in held},
                    [letter for letter in letters if letter.slice in held],
                    lowest,
                )
            except LeaseLost as error:
                self._lose(error)
            else:
                return

    @property
    def place(self) -> int:
        return min((one.given for one in self._here.values()), default=self._position)

    @property
    def is_behind(self) -> bool:
        """Whether a slice has not been given what others have."""
        return any(one.given < self._position for one in self._here.values())

    @property
    def _held(self) -> dict[int, Slice]:
        """The slices of which something can be saved: those that are here, and those that are leaving."""
        return {**self._leaving, **self._here}

    def _fenced(self, numbers: Collection[int]) -> Database:
        """Gives the database under the leases of these slices."""
        if self.slices == 1:
            return self._database
        held = self._held
        return self._database.under(*(lease for number in sorted(numbers) for lease in held[number].leases))

    async def _take(self, after: int, limit: int, up_to: int | None = None) -> tuple[list[Item], int]:
        """Gives the items that follow a position, and the position up to which they were given."""
        page, end = await self.read_page(after, limit, after if up_to is None else up_to)
        if up_to is None:
            self._position = end
        else:
            end = min(end, up_to)
        slices = {number: one for number, one in self._here.items() if after <= one.given < end}
        items = self.items(page, slices) if page else []
        for one in slices.values():
            one.given = end
        return (items if up_to is None else [item for item in items if item.position <= up_to]), end

    def _lose(self, error: LeaseLost) -> None:
        """Forgets the slices whose leases are lost; raises the error where it does not say which."""
        if self.slices == 1 or not error.works:
            raise error
        for one in self._held.values():
            if any(lease.work in error.works for lease in one.leases):
                self.forget(one.number)
                self.on_lost(one.number)
