"""A DynamoDB server for the tests of a session, by moto, and a table for each test."""

import os
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

from actum.stores.dynamodb.connection.client import DynamoTable, key_item
from actum.stores.dynamodb.connection.schema import FORMAT, LAYOUT, MARK
from tests.servers.postgres import leave_out

SERVER = Path(__file__).with_name("dynamodb_server.py")
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_EC2_METADATA_DISABLED": "true",
}


def url_of(endpoint: str, table: str) -> str:
    """Gives the URL of a store in a table."""
    return f"dynamodb://{table}?region=eu-central-1&endpoint={endpoint}"


@contextmanager
def credentials() -> Iterator[None]:
    """Names credentials that any server for tests takes, for as long as the block lasts."""
    before = {name: os.environ.get(name) for name in CREDENTIALS}
    os.environ.update(CREDENTIALS)
    yield
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


async def made(url: str) -> DynamoTable:
    """Makes the table of a URL, and gives it; without the looks that `make_table` takes."""
    table = await DynamoTable.connect(url)
    await table.call("create_table", **LAYOUT)
    await table.put({**key_item(MARK), "v": {"N": str(FORMAT)}})
    return table


@contextmanager
def moto() -> Iterator[str]:
    """Gives the endpoint of a server that is up until the block ends; raises OSError if it does not start."""
    process = subprocess.Popen([sys.executable, str(SERVER)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    port = process.stdout.readline().strip()
    if not port:
        raise OSError(f"DynamoDB by moto does not start (exit code {process.wait()}); the reason is above")
    with credentials():
        yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait(60)
    process.stdout.close()


@pytest.fixture(scope="session")
def dynamodb_by_moto() -> Iterator[str]:
    """The endpoint of a server that is up until the session ends; where none can start, only CI insists."""
    if find_spec("moto") is None:
        leave_out("there is no moto for DynamoDB")
    with ExitStack() as stack:
        try:
            endpoint = stack.enter_context(moto())
        except OSError as error:
            leave_out(str(error))
        yield endpoint


@pytest.fixture(scope="session")
def dynamodb(dynamodb_by_moto: str) -> str:
    """The endpoint of the server that a test uses; a module may name another one, or both."""
    return dynamodb_by_moto


@pytest.fixture
async def dynamodb_table(dynamodb: str) -> AsyncIterator[DynamoTable]:
    """A table that is empty."""
    table = await made(url_of(dynamodb, f"t-{uuid.uuid4().hex}"))
    yield table
    await table.close()


@pytest.fixture
def dynamodb_url(dynamodb: str, dynamodb_table: DynamoTable) -> str:
    """The URL of a store in that table."""
    return url_of(dynamodb, dynamodb_table.address.table)
