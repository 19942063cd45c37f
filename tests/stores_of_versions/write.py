"""Writes stores of every kind as this version writes them, to be kept.

`python -m tests.stores_of_versions.write FOLDER` leaves there `store.sqlite`, a SQLite file; `postgres.sql`,
a dump of a schema; `dynamodb.jsonl`, a table's layout and its items; `objects.tar.gz`, the files in which
workerd keeps Durable Objects; and the databases beside those two, `dynamodb.sqlite` and `objects.sqlite`.
"""

import asyncio
import multiprocessing
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

from actum import Entity
from actum.stores.durable_objects.workerd import fetch_tools
from actum.stores.dynamodb.connection.schema import LAYOUT
from actum.stores.url import join
from tests.servers.durable_objects import TOOLS
from tests.servers.dynamodb import made, moto
from tests.servers.dynamodb import url_of as table_url
from tests.servers.postgres import PostgresServer, start, url_of
from tests.stores_of_versions import earlier
from tests.stores_of_versions.filling import ask, fill, fill_as_earlier
from tests.stores_of_versions.library import NAME, OF_OBJECTS
from tests.stores_of_versions.objects import on_workerd
from tests.stores_of_versions.tables import dump

Work = Callable[[str], Coroutine[Any, Any, None]]

# No transaction spans two objects.
IN_OBJECTS: tuple[tuple[Sequence[type[Entity]], list[Work]], ...] = (
    ([earlier.Member], [fill_as_earlier]),
    (OF_OBJECTS, [fill, ask]),
)


def in_a_process(work: Work, url: str) -> None:
    """Does a part of the writing in a process of its own, which may end as if it were killed."""
    process = multiprocessing.get_context("spawn").Process(target=_run, args=(work, url))
    process.start()
    process.join()
    if process.exitcode:
        raise RuntimeError(f"{work} ended with {process.exitcode}")


def _run(work: Work, url: str) -> None:
    asyncio.run(work(url))


def write(url: str) -> None:
    """Writes the store of a URL."""
    in_a_process(fill_as_earlier, url)
    in_a_process(fill, url)
    in_a_process(ask, url)


def write_postgres(file: Path) -> None:
    # Not under the caller's own folder, which the server's user may not enter.
    server = start(Path(tempfile.mkdtemp(prefix="actum-pg-")))
    try:
        server.psql(f"CREATE SCHEMA {NAME}")
        write(url_of(server, schema=NAME))
        file.write_text(dumped(server))
    finally:
        server.stop()


def dumped(server: PostgresServer) -> str:
    """Gives the schema as statements that any client can run."""
    command = [
        str(server.bin_path / "pg_dump"),
        "--inserts",
        "--no-owner",
        f"--schema={NAME}",
        url_of(server),
    ]
    dump = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    return "".join(
        line for line in dump.splitlines(keepends=True) if not line.startswith(("\\", "--", "SET "))
    )


def write_dynamodb(file: Path, database: str) -> None:
    with moto() as endpoint:
        url = table_url(endpoint, NAME)
        asyncio.run(_make(url))
        write(join(url, database))
        file.write_bytes(asyncio.run(dump(url, LAYOUT)))


async def _make(url: str) -> None:
    await (await made(url)).close()


def write_objects(file: Path, database: str) -> None:
    tools = fetch_tools(TOOLS)
    with tempfile.TemporaryDirectory(prefix="actum-workerd-") as name:
        folder = Path(name)
        asyncio.run(_fill_objects(folder, tools, database))
        for one in (folder / "objects").rglob("*.sqlite"):
            connection = sqlite3.connect(one)
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.close()
        with tarfile.open(file, "w:gz") as archive:
            archive.add(folder / "objects", "objects")


async def _fill_objects(folder: Path, tools: Path, database: str) -> None:
    for entities, parts in IN_OBJECTS:
        async with on_workerd(folder, tools, entities) as objects:
            for part in parts:
                await asyncio.to_thread(in_a_process, part, join(objects, database))


if __name__ == "__main__":
    folder = Path(sys.argv[1]).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    write(f"sqlite:///{folder / 'store.sqlite'}")
    write_postgres(folder / "postgres.sql")
    write_dynamodb(folder / "dynamodb.jsonl", f"sqlite:///{folder / 'dynamodb.sqlite'}")
    write_objects(folder / "objects.tar.gz", f"sqlite:///{folder / 'objects.sqlite'}")
    for lock in folder.glob("*-lock"):
        lock.unlink()
