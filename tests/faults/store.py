"""Opening a store after a fault, to see what is left of it."""

import contextlib
import sqlite3
from pathlib import Path

from actum.stores.sqlite.connection.file import SqliteFile
from actum.stores.sqlite.journal.journal import SqliteJournal
from actum.stores.sqlite.journal.statements import SCHEMA
from tests.faults.scenario import STEPS, contents, contents_after


async def check_integrity(store: Path) -> None:
    """I8: SQLite finds nothing wrong with the file."""
    with contextlib.closing(sqlite3.connect(store)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


async def open_journal(store: Path) -> SqliteJournal:
    return SqliteJournal(await SqliteFile.open(str(store), (SCHEMA,)))


async def check_contents(store: Path, acknowledged: int) -> None:
    """I1, I3, I4: the store holds what the acknowledged steps wrote, and of the next one all or nothing.

    Then the scenario can be ended, and comes out as if nothing had happened.
    """
    journal = await open_journal(store)
    found = await contents(journal)
    without, with_next = await contents_after(acknowledged), await contents_after(acknowledged + 1)
    assert found in (without, with_next)
    done = acknowledged if found == without else acknowledged + 1
    for step in STEPS[done:]:
        await step(journal)
    assert await contents(journal) == await contents_after(len(STEPS))
    await journal.close()
