"""A database that fails on purpose, as planned or at random, like `FaultyJournal`."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol, TypeVar, cast

from actum.ports.database import Database
from actum.ports.membership import Lease, Membership

T = TypeVar("T")

DATABASE_METHODS = tuple(sorted(Database.__abstractmethods__ - {"close"}))
"""Every method of the port that a fault can meet."""


class Meets(Protocol):
    """Makes the calls of a store, with the faults that they meet."""

    async def meet(self, method: str, call: Callable[[], Awaitable[T]]) -> T:
        """Makes a call."""
        ...


class _FaultyDatabase:
    """Passes every call on to another database, with faults."""

    def __init__(self, database: Database, faults: Meets) -> None:
        self._database = database
        self._faults = faults

    def __repr__(self) -> str:
        return f"<FaultyDatabase of {self._database!r}, {self._faults!r}>"

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._database, name)
        if name not in DATABASE_METHODS:
            return found

        async def call(*positional: Any, **named: Any) -> Any:
            return await self._faults.meet(name, lambda: found(*positional, **named))

        return call

    def join(self, works: Sequence[str]) -> Membership:
        return self._database.join(works)

    def under(self, *leases: Lease) -> Database:
        return faulty_database(self._database.under(*leases), self._faults)


def faulty_database(database: Database, faults: Meets) -> Database:
    """Gives a database whose calls meet faults."""
    return cast(Database, _FaultyDatabase(database, faults))
