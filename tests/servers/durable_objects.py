"""A workerd from npm for a session of tests, with the examples in it; every test gets a space of its own."""

import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import ClientSession, ClientTimeout

from actum.app import definition_of
from actum.errors import StoreError
from actum.model.entity import entity_type
from actum.stores.durable_objects.bundle import bundle
from actum.stores.durable_objects.workerd import Workerd, fetch_tools, prepare
from examples.bank.bank import app as bank
from examples.documents.documents import Document
from examples.documents.users import User
from tests.runtime.deadlines import Alarm
from tests.servers.postgres import leave_out

SECRET = "the-secret-of-the-tests"
TOOLS = Path(__file__).parents[2] / ".tools" / "actum" / "durable-objects"

MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""Where files need not reach a disk: nothing here survives the machine's power, nor has to."""

PATIENCE = ClientTimeout(600)

spaces = itertools.count(1)


@pytest.fixture(scope="session")
def workerd_tools() -> Path:
    """workerd and Pyodide, fetched once for all runs. Where they cannot be, only CI insists on them."""
    try:
        return fetch_tools(TOOLS)
    except StoreError as error:
        leave_out(f"workerd cannot be fetched: {error}")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def workerd(workerd_tools: Path) -> AsyncIterator[Workerd]:
    """A workerd in which the entities of two examples live, and alarms, until the session ends."""
    directory = Path(tempfile.mkdtemp(prefix="actum-workerd-", dir=MEMORY))
    prepare(
        directory,
        bundle(
            "examples",
            [
                *definition_of(bank).catalog.kinds.values(),
                *(entity_type(kind) for kind in (User, Document, Alarm)),
            ],
        ),
        workerd_tools,
    )
    server = Workerd(directory, workerd_tools, SECRET)
    await server.start()
    try:
        await _make_ready(server)
        yield server
    finally:
        await server.stop()
    shutil.rmtree(directory, ignore_errors=True)


async def _make_ready(server: Workerd) -> None:
    """Returns when Python has started there, which takes a busy machine longer than a store waits."""
    async with ClientSession(timeout=PATIENCE, headers={"authorization": f"Bearer {SECRET}"}) as session:
        await session.post(f"http://127.0.0.1:{server.port}/ready")


@pytest.fixture
def objects_url(workerd: Workerd) -> str:
    """The URL of a store in objects that is empty."""
    return f"durable-objects://127.0.0.1:{workerd.port}/s{os.getpid()}-{next(spaces)}?secret={SECRET}"
