"""What Actum itself writes for a number of deposits: a file for others to read or to write again."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

from msgspec import Struct

from actum import App
from benchmarks.bank import account_id, bare
from benchmarks.callers import call, distribute, open_all
from benchmarks.loop import run
from benchmarks.place import Place

CALLERS = 500
TABLE = "actum_events"


class Recording(Struct, frozen=True):
    """A file that Actum wrote: first an event of each of `entities`, then events of random entities."""

    file: Path
    entities: int

    def schema(self) -> list[str]:
        """Returns the statements that create the table of events and its indexes."""
        statement = """SELECT sql FROM sqlite_master
            WHERE tbl_name = ? AND type IN ('table', 'index') AND sql IS NOT NULL ORDER BY rowid"""
        with closing(sqlite3.connect(self.file)) as connection:
            return [sql for (sql,) in connection.execute(statement, (TABLE,))]

    def rows(self) -> list[tuple[object, ...]]:
        """Returns the rows of events as they are in the file."""
        with closing(sqlite3.connect(self.file)) as connection:
            return connection.execute(f"SELECT * FROM {TABLE} ORDER BY position").fetchall()


def record(place: Place, *, entities: int, events: int, app: App = bare) -> Recording:
    """Has Actum write `events` events, after a first one of each entity."""
    file = place.file()
    run(_write(app, file, entities, events))
    return Recording(file, entities)


async def _write(app: App, file: Path, entities: int, events: int) -> None:
    ids = [account_id(number) for number in range(entities)]
    async with app.running(store=f"sqlite:///{file}") as ctx:
        await open_all(ctx, ids)
        latencies: list[float] = []
        callers = min(CALLERS, events)
        await asyncio.gather(*(call(ctx, share, latencies) for share in distribute(ids, callers, events)))
