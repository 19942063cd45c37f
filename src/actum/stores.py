"""Stores by URL: which journal and which database a scheme stands for. The only file that names adapters."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from msgspec import Struct

from actum.database.port import Database
from actum.database.sqlite import SCHEMA as SQLITE_DATABASE
from actum.database.sqlite import SqliteDatabase
from actum.engine.sqlite import IN_MEMORY, SqliteFile
from actum.errors import StoreError
MemoryJournal: Any = None
from actum.journal.port import Journal
from actum.journal.sqlite import SCHEMA as SQLITE_JOURNAL
from actum.journal.sqlite import SqliteJournal

KNOWN = "memory: or sqlite:///FILE"


class Stores(Struct, frozen=True):
    """An open journal and an open database."""

    journal: Journal
    database: Database


Open = Callable[[str, bool], Awaitable[Stores]]


@asynccontextmanager
async def open_stores(url: str, *, is_owner: bool = True) -> AsyncIterator[Stores]:
    """Opens the stores of a URL, and closes them at the end.

    `memory:` keeps everything in this process; `sqlite:///FILE` in one file, whose path is absolute with a fourth slash. A process
    that is not the owner may look, and ask the owner for things.
    """
    scheme = url.partition(":")[0]
    if scheme not in SCHEMES:
        raise StoreError(f"{url!r} names no store that Actum knows: use {KNOWN}")
    stores = await SCHEMES[scheme](url, is_owner)
    try:
        yield stores
    finally:
        await stores.journal.close()
        await stores.database.close()


async def _open_memory(url: str, is_owner: bool) -> Stores:
    if url != "memory:":
        raise StoreError(f"{url!r}: the store in memory is called memory: and nothing more")
    return Stores(MemoryJournal(), SqliteDatabase(await SqliteFile.open(IN_MEMORY, SQLITE_DATABASE)))


async def _open_sqlite(url: str, is_owner: bool) -> Stores:
    path = url.removeprefix("sqlite:///")
    if path == url or not path:
        raise StoreError(f"{url!r} names no file: write sqlite:///app.db, or sqlite:////var/lib/app.db for an absolute path")
    file = await SqliteFile.open(path, (*SQLITE_JOURNAL, *SQLITE_DATABASE), is_owner=is_owner)
    return Stores(SqliteJournal(file), SqliteDatabase(file))


SCHEMES: dict[str, Open] = {"memory": _open_memory, "sqlite": _open_sqlite}
