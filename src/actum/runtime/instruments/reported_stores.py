"""Journal and database as somebody listens to them: every call that fails is counted."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Self, TypeVar, cast

from actum.errors import StoreError, Unavailable
from actum.ports.database import Database
from actum.ports.journal import Journal
from actum.ports.journal_wrapper import JournalWrapper
from actum.ports.membership import Lease, Membership
from actum.runtime.instruments.catalog_of_metrics import STORE_ERRORS
from actum.runtime.instruments.instruments import Instruments

T = TypeVar("T")

METHODS = Database.__abstractmethods__ - {"close"}


class ReportedJournal(JournalWrapper):
    """Passes every call on to a journal, and counts those that fail."""

    def __init__(self, journal: Journal, instruments: Instruments) -> None:
        super().__init__(journal)
        self._instruments = instruments

    async def call(self, method: str, call: Callable[[], Awaitable[T]]) -> T:
        try:
            return await call()
        except (StoreError, Unavailable) as error:
            self._instruments.counted(STORE_ERRORS, "journal", type(error).__name__)
            raise


class _ReportedDatabase:
    """Passes every call on to a database, and counts those that fail."""

    def __init__(self, database: Database, instruments: Instruments) -> None:
        self._database = database
        self._instruments = instruments

    def __repr__(self) -> str:
        return f"<ReportedDatabase of {self._database!r}>"

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._database, name)
        if name not in METHODS:
            return found

        async def call(*positional: Any, **named: Any) -> Any:
            try:
                return await found(*positional, **named)
            except (StoreError, Unavailable) as error:
                self._instruments.counted(STORE_ERRORS, "database", type(error).__name__)
                raise

        # Found at once the next time.
        self.__dict__[name] = call
        return call

    def join(self, works: Sequence[str]) -> Membership:
        return self._database.join(works)

    def under(self, *leases: Lease) -> Self:
        return type(self)(self._database.under(*leases), self._instruments)


def reported_database(database: Database, instruments: Instruments) -> Database:
    """Gives a database whose calls that fail are counted."""
    return cast(Database, _ReportedDatabase(database, instruments))
