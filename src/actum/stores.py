"""Stores by URL: which journal and which database a scheme stands for. The only file that names adapters."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable
from contextlib import asynccontextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from actum.database.port import Database
from actum.database.sqlite import SCHEMA as SQLITE_DATABASE
from actum.database.sqlite import SqliteDatabase
from actum.engine.sqlite import SqliteFile
from actum.engine.sqlite_opening import IN_MEMORY
from actum.engine.sqlite_opening import is_owned as is_file_owned
from actum.errors import StoreError
from actum.journal.memory import MemoryJournal
from actum.journal.port import Journal
from actum.journal.sqlite import SCHEMA as SQLITE_JOURNAL
from actum.journal.sqlite import SqliteJournal

KNOWN = "memory:, sqlite:///FILE or postgresql://USER@HOST/DATABASE"


class Stores(Struct, frozen=True):
    """An open journal and an open database."""

    journal: Journal
    database: Database


class Open(Protocol):
    """Opens the stores of a URL of one scheme."""

    def __call__(self, url: str, *, is_owner: bool) -> Awaitable[Stores]: ...


@asynccontextmanager
async def open_stores(url: str, *, is_owner: bool = True) -> AsyncGenerator[Stores, None]:
    """Opens the stores of a URL, and closes them at the end.

    `memory:` keeps everything in this process; `sqlite:///FILE` in one file, whose path is absolute with a
    fourth slash; `postgresql://USER:PASSWORD@HOST:PORT/DATABASE` in a database that several processes may
    share. A process that is not the owner may look, and ask the owner for things.
    """
    stores = await SCHEMES[_scheme_of(url)](url, is_owner=is_owner)
    try:
        yield stores
    finally:
        await stores.journal.close()
        await stores.database.close()


def is_shared(url: str) -> bool:
    """Says whether several processes may run an application on the stores of a URL."""
    return _scheme_of(url) in SHARED


async def is_owned(url: str) -> bool:
    """Says whether a process is running on the stores of a URL."""
    if _scheme_of(url) != "sqlite":
        return False
    return await asyncio.to_thread(is_file_owned, Path(_file_of(url)))


def _scheme_of(url: str) -> str:
    scheme = url.partition(":")[0]
    if scheme not in SCHEMES:
        raise StoreError(f"{url!r} names no store that Actum knows: use {KNOWN}")
    return scheme


def _file_of(url: str) -> str:
    path = url.removeprefix("sqlite:///")
    if path in (url, "", IN_MEMORY):
        raise StoreError(
            f"{url!r} names no file: write sqlite:///app.db, or sqlite:////var/lib/app.db from the root"
        )
    return path


async def _open_memory(url: str, *, is_owner: bool) -> Stores:
    if url != "memory:":
        raise StoreError(f"{url!r}: the store in memory is called memory: and nothing more")
    return Stores(MemoryJournal(), SqliteDatabase(await SqliteFile.open(IN_MEMORY, SQLITE_DATABASE)))


async def _open_sqlite(url: str, *, is_owner: bool) -> Stores:
    file = await SqliteFile.open(_file_of(url), (*SQLITE_JOURNAL, *SQLITE_DATABASE), is_owner=is_owner)
    return Stores(SqliteJournal(file), SqliteDatabase(file))


async def _open_postgres(url: str, *, is_owner: bool) -> Stores:
    if find_spec("asyncpg") is None:
        raise StoreError("a store in PostgreSQL needs asyncpg: pip install 'actum[postgres]'")
    # By name, so that who keeps everything in a file need not have the driver of a server.
    opening = import_module("actum.stores_postgres")
    return Stores(*await opening.open_postgres(url, is_owner=is_owner))


SCHEMES: dict[str, Open] = {
    "memory": _open_memory,
    "sqlite": _open_sqlite,
    "postgres": _open_postgres,
    "postgresql": _open_postgres,
}
SHARED: frozenset[str] = frozenset()
"""The schemes of stores that several processes may run on."""
