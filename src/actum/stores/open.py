"""Opens stores by URL: which journal and database each scheme uses. The only file that names adapters."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol, cast

from msgspec import Struct

from actum.errors import StoreError
from actum.ports.database import Database
from actum.ports.host import Host
from actum.ports.journal import Journal
from actum.stores.binding import Pair
from actum.stores.memory import MemoryJournal
from actum.stores.sqlite.connection.completeness import accept
from actum.stores.sqlite.connection.file import SqliteFile
from actum.stores.sqlite.connection.opening import IN_MEMORY, file_sizes, file_versions, take_lock
from actum.stores.sqlite.connection.opening import is_owned as is_file_owned
from actum.stores.sqlite.database.database import SCHEMA as SQLITE_DATABASE
from actum.stores.sqlite.database.database import SqliteDatabase
from actum.stores.sqlite.journal.journal import SqliteJournal
from actum.stores.sqlite.journal.statements import SCHEMA as SQLITE_JOURNAL
from actum.stores.sqlite.person_keys import SCHEMA as SQLITE_PEOPLE
from actum.stores.url import shown, split

KNOWN = (
    "memory:, sqlite:///FILE, postgresql://USER@HOST/DATABASE, dynamodb://TABLE or "
    "durable-objects://HOST?secret=SECRET"
)
MADE = "made, and ready"
UP_TO_DATE = "up to date"
DATABASES = "sqlite:///FILE or postgresql://USER@HOST/DATABASE"


class Stores(Struct, frozen=True):
    """An open journal, an open database and, if entities run outside this process, their host."""

    journal: Journal
    database: Database
    host: Host | None = None


class Open(Protocol):
    """Opens the stores of a URL of one scheme."""

    def __call__(self, url: str, *, is_owner: bool) -> Awaitable[Stores]: ...


class PostgresOpening(Protocol):
    """The module of the same name in `stores/postgres`."""

    async def open_postgres(self, url: str, *, is_owner: bool) -> tuple[Journal, Database]:
        """Opens a journal and a database."""
        ...

    async def open_postgres_database(self, url: str, *, is_owner: bool) -> Database:
        """Opens a database alone."""
        ...

    async def postgres_versions(self, url: str) -> dict[str, int]:
        """Gives the versions of the tables."""
        ...

    async def postgres_sizes(self, url: str) -> dict[str, int]:
        """Gives the bytes of the largest tables."""
        ...


class DynamoOpening(Protocol):
    """The module of the same name in `stores/dynamodb`."""

    async def open_dynamodb(self, url: str) -> Journal:
        """Opens a journal."""
        ...

    async def make_dynamodb(self, url: str) -> bool:
        """Makes its table; says whether there was none."""
        ...


class DurableObjectsOpening(Protocol):
    """The module of the same name in `stores/durable_objects`."""

    async def open_durable_objects(self, url: str) -> tuple[Journal, Host]:
        """Opens a journal, and the host of entities."""
        ...


OpenDatabase = Callable[..., Awaitable[Database]]


@asynccontextmanager
async def open_stores(url: str, *, is_owner: bool = True) -> AsyncGenerator[Stores, None]:
    """Opens the stores of a URL, and closes them at the end.

    `memory:` stores everything in this process; `sqlite:///FILE` in one file, whose path is absolute with a
    fourth slash; `postgresql://USER:PASSWORD@HOST:PORT/DATABASE` in a database that several processes may
    share. `dynamodb://TABLE` and `durable-objects://HOST?secret=SECRET` store only events; their URLs name a
    database for the rest: see `actum.stores.url`. A process that is not the owner may read, and leave
    requests for the owner.
    """
    stores = await SCHEMES[_scheme_of(url)](url, is_owner=is_owner)
    try:
        yield stores
    finally:
        await stores.journal.close()
        await stores.database.close()


def paired(stores: Stores, url: str) -> Pair:
    """Gives the journal and the database of a URL's stores, with their names in messages."""
    journal, database = split(url)
    return Pair(stores.journal, stores.database, shown(journal), shown(database or journal))


async def accept_without_log(url: str) -> list[str]:
    """Accepts a store's files although their logs are lost; gives the URLs of those that lacked one."""
    found = [one for one in split(url) if one is not None and one.startswith("sqlite:")]
    return [one for one in found if await asyncio.to_thread(_accept, file_of(one))]


def _accept(path: str) -> bool:
    if not Path(path).is_file():
        return False
    with take_lock(Path(path)):
        return accept(path)


async def prepare_stores(url: str) -> dict[str, str]:
    """Creates what the stores of a URL need, or brings it up to date; says for each URL what was done."""
    journal, database = split(url)
    done: dict[str, str] = {}
    if _scheme_of(url) == "dynamodb":
        # A mistyped URL must fail before the table is created.
        _check_database(journal, database)
        done[journal] = MADE if await _dynamodb().make_dynamodb(journal) else UP_TO_DATE
    elif database is not None:
        done[journal] = UP_TO_DATE
    keeper = database or journal
    before = await versions_of(keeper)
    async with open_stores(url):
        after = await versions_of(keeper)
    done[keeper] = UP_TO_DATE if before == after else _change(before, after)
    return done


async def versions_of(url: str) -> dict[str, int]:
    """Gives the schema versions of the tables that exist in a database, by part."""
    scheme = url.partition(":")[0]
    if scheme == "sqlite":
        return await asyncio.to_thread(file_versions, file_of(url))
    if scheme in SHARED:
        return await _postgres().postgres_versions(url)
    return {}


async def sizes_of(url: str) -> dict[str, int]:
    """Gives the bytes of what a store's own server or files hold, the largest first; {} if nobody can say."""
    scheme = url.partition(":")[0]
    if scheme == "sqlite":
        return await asyncio.to_thread(file_sizes, file_of(url))
    return await _postgres().postgres_sizes(url) if scheme in SHARED else {}


def _change(before: dict[str, int], after: dict[str, int]) -> str:
    if not before:
        return MADE
    steps = (f"{part} {before.get(part, 0)} to {version}" for part, version in sorted(after.items()))
    return f"brought up to date ({', '.join(steps)})"


def is_shared(url: str) -> bool:
    """Says whether several processes may run an application on the stores of a URL."""
    scheme, (_, database) = _scheme_of(url), split(url)
    return scheme in SHARED if database is None else _scheme_of(database) in SHARED


async def is_owned(url: str) -> bool:
    """Says whether a process is running on the stores of a URL."""
    _, database = split(url)
    keeper = database or url
    if _scheme_of(keeper) != "sqlite":
        return False
    return await asyncio.to_thread(is_file_owned, Path(file_of(keeper)))


def _scheme_of(url: str) -> str:
    scheme = url.partition(":")[0]
    if scheme not in SCHEMES:
        raise StoreError(f"{shown(url)!r} names no store that Actum knows: use {KNOWN}")
    return scheme


def file_of(url: str) -> str:
    """Gives the path that the URL of a SQLite file names; raises StoreError for another URL."""
    path = url.removeprefix("sqlite:///")
    if path in (url, "", IN_MEMORY):
        raise StoreError(
            f"{url!r} names no file: write sqlite:///app.db or, as an absolute path, sqlite:////var/lib/app.db"
        )
    return path


async def _open_memory(url: str, *, is_owner: bool) -> Stores:
    if url != "memory:":
        raise StoreError(f"{url!r}: the URL of the store in memory is memory: and nothing more")
    return Stores(MemoryJournal(), SqliteDatabase(await SqliteFile.open(IN_MEMORY, (SQLITE_DATABASE,))))


async def _open_sqlite(url: str, *, is_owner: bool) -> Stores:
    file = await SqliteFile.open(
        file_of(url), (SQLITE_JOURNAL, SQLITE_PEOPLE, SQLITE_DATABASE), is_owner=is_owner
    )
    journal = SqliteJournal(file)
    if is_owner:
        try:
            await journal.archive.open()
        except BaseException:
            await file.close()
            raise
    return Stores(journal, SqliteDatabase(file))


async def _open_postgres(url: str, *, is_owner: bool) -> Stores:
    return Stores(*await _postgres().open_postgres(url, is_owner=is_owner))


def _postgres() -> PostgresOpening:
    if find_spec("asyncpg") is None:
        raise StoreError("a store in PostgreSQL needs asyncpg: pip install asyncpg")
    # Imported by name: an application on a SQLite file does not need the driver.
    return cast("PostgresOpening", import_module("actum.stores.postgres.opening"))


async def _open_dynamodb(url: str, *, is_owner: bool) -> Stores:
    journal_url, database_url = split(url)
    open_database = _check_database(journal_url, database_url)
    journal = await _dynamodb().open_dynamodb(journal_url)
    try:
        return Stores(journal, await open_database(is_owner=is_owner))
    except BaseException:
        await journal.close()
        raise


def _dynamodb() -> DynamoOpening:
    if find_spec("aiobotocore") is None:
        raise StoreError("a store in DynamoDB needs aiobotocore: pip install aiobotocore")
    return cast("DynamoOpening", import_module("actum.stores.dynamodb.opening"))


async def _open_durable_objects(url: str, *, is_owner: bool) -> Stores:
    journal_url, database_url = split(url)
    open_database = _check_database(shown(journal_url), database_url)
    journal, host = await _durable_objects().open_durable_objects(journal_url)
    try:
        return Stores(journal, await open_database(is_owner=is_owner), host)
    except BaseException:
        await journal.close()
        raise


def _durable_objects() -> DurableObjectsOpening:
    if find_spec("aiohttp") is None:
        raise StoreError("a store in Durable Objects needs aiohttp: pip install aiohttp")
    return cast("DurableObjectsOpening", import_module("actum.stores.durable_objects.opening"))


def _check_database(journal: str, url: str | None) -> OpenDatabase:
    """Gives what opens the database beside a journal; raises StoreError if the URL names none."""
    if url is None:
        raise StoreError(
            f"{journal} stores only events: name a database for views, queues and timers with --database or "
            f"ACTUM_DATABASE, {DATABASES}"
        )
    scheme = url.partition(":")[0]
    if scheme not in DATABASE_SCHEMES:
        raise StoreError(f"{shown(url)!r} names no database that Actum knows: use {DATABASES}")
    return partial(DATABASE_SCHEMES[scheme], url)


async def _open_memory_database(url: str, *, is_owner: bool) -> Database:
    return SqliteDatabase(await SqliteFile.open(IN_MEMORY, (SQLITE_DATABASE,)))


async def _open_sqlite_database(url: str, *, is_owner: bool) -> Database:
    return SqliteDatabase(await SqliteFile.open(file_of(url), (SQLITE_DATABASE,), is_owner=is_owner))


async def _open_postgres_database(url: str, *, is_owner: bool) -> Database:
    return await _postgres().open_postgres_database(url, is_owner=is_owner)


DATABASE_SCHEMES: dict[str, OpenDatabase] = {
    "memory": _open_memory_database,
    "sqlite": _open_sqlite_database,
    "postgres": _open_postgres_database,
    "postgresql": _open_postgres_database,
}
SCHEMES: dict[str, Open] = {
    "memory": _open_memory,
    "sqlite": _open_sqlite,
    "postgres": _open_postgres,
    "postgresql": _open_postgres,
    "dynamodb": _open_dynamodb,
    "durable-objects": _open_durable_objects,
}
SHARED = frozenset({"postgres", "postgresql"})
"""The schemes of stores that several processes may run on."""
