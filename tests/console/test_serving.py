"""The console under `actum run`: where it is, and how a stream of events ends when the server stops."""

import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.cli.commands import Process

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Process]:
    """The shop, served in development."""
    store = f"sqlite:///{tmp_path / 'shop.db'}"
    process = Process(ROOT, "run", "tests.console.shop:app", "--development", "--port", "0", "--store", store)
    yield process
    process.kill()


def test_the_address_that_is_printed_is_the_consoles(server: Process) -> None:
    address = server.out.wait_for("  console  ").split()[-1]

    page = httpx.get(address, follow_redirects=True)

    assert page.status_code == 200
    assert "<h1>Map</h1>" in page.text


def test_a_server_that_stops_does_not_wait_for_who_watches_events(server: Process) -> None:
    with httpx.stream("GET", f"{server.url}/-/console/live/stream") as stream:
        pieces = stream.iter_text()
        assert "retry" in next(pieces)
        server.tell(signal.SIGTERM)
        with pytest.raises(httpx.RemoteProtocolError):
            for _ in pieces:
                pass

    assert server.end() == 0
    assert not any("graceful" in line for line in server.err.rest())


def test_outside_of_development_no_address_is_printed(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'shop.db'}"
    process = Process(ROOT, "run", "tests.console.shop:app", "--port", "0", "--store", store)
    try:
        url = process.url
        assert httpx.get(f"{url}/-/console/map").status_code == 404
        process.stop()
        assert not any("console" in line for line in process.out.rest())
    finally:
        process.kill()
