"""Serving: `actum run` in processes of its own, from its first line to its exit code."""

import signal
import socket
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from actum import App
from actum.access import Access, ApiKey, ApiKeys, hash_key
from actum.cli.server.announcement import announce_server
from tests.cli.commands import PATIENCE, CommandLine, Process

Start = Callable[..., Process]


def pay(url: str, id: str, amount: int) -> httpx.Response:
    return httpx.post(f"{url}/orders/{id}", json={"amount": amount}, timeout=PATIENCE)


def begin_to_pay(url: str, id: str, body: bytes) -> socket.socket:
    """Sends a payment up to where the application begins to read its body."""
    address = urlsplit(url)
    connection = socket.create_connection((address.hostname, address.port), timeout=PATIENCE)
    head = f"POST /orders/{id} HTTP/1.1\r\nHost: shop\r\nContent-Length: {len(body)}\r\n"
    connection.sendall(f"{head}Content-Type: application/json\r\nExpect: 100-continue\r\n\r\n".encode())
    assert connection.recv(1_000).startswith(b"HTTP/1.1 100")
    return connection


def wait_until_refused(url: str) -> None:
    """Returns when nobody listens at an address any more."""
    address = urlsplit(url)
    while True:
        try:
            socket.create_connection((address.hostname, address.port), timeout=PATIENCE).close()
        except ConnectionError:
            return


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_a_signal_and_what_was_answered_is_kept(
    shop: Path, start: Start, actum: CommandLine, number: signal.Signals
) -> None:
    server = start("run", "shop:app", "--port", "0")
    url = server.url
    openapi = server.out.wait_for("OpenAPI").split()[-1]
    store = server.out.wait_for("store").split()[-1]

    answers = [pay(url, "a", 3).json(), pay(url, "a", 4).json()]
    schema = httpx.get(openapi, follow_redirects=True, timeout=PATIENCE)
    code = server.stop(number)

    assert answers == [3, 7]
    assert (openapi, schema.status_code) == (f"{url}/schema", 200)
    assert store == "sqlite:///shop.db"
    assert (code, server.out.rest()) == (0, ["shop has stopped"])
    assert [line["event"] for line in actum("events", "shop", "--type", "Paid", "--json").lines] == [
        {"amount": 3},
        {"amount": 4},
    ]


@pytest.mark.parametrize(
    ("host", "is_development", "has_rules", "is_warned"),
    [
        ("0.0.0.0", False, False, True),
        ("0.0.0.0", True, False, False),
        ("0.0.0.0", False, True, False),
        ("127.0.0.1", False, False, False),
    ],
)
def test_it_warns_who_serves_others_without_rules(
    capsys: pytest.CaptureFixture[str], host: str, is_development: bool, has_rules: bool, is_warned: bool
) -> None:
    access = Access(ApiKeys({"till": ApiKey(hash_key("a-key-of-the-till-of-the-tests"))}), rules={})
    app = App("shop", access=access if has_rules else None)

    with socket.create_server((host, 0)) as listener:
        announce_server(app, listener, "memory:", is_development=is_development)

    assert capsys.readouterr().err.startswith("warning: without App(access=") is is_warned


@pytest.mark.slow
def test_a_request_in_progress_is_finished_before_it_stops(
    shop: Path, start: Start, actum: CommandLine
) -> None:
    server = start("run", "shop", "--port", "0")
    url = server.url
    body = b'{"amount": 13}'
    connection = begin_to_pay(url, "late", body)

    server.tell(signal.SIGTERM)
    wait_until_refused(url)
    connection.sendall(body)
    answer = connection.recv(10_000)
    code = server.end()

    connection.close()
    assert answer.startswith(b"HTTP/1.1 201")
    assert code == 0
    assert actum("entity", "shop", "Order", "late", "--json").lines[0]["state"]["paid"] == 13


@pytest.mark.slow
def test_a_second_process_on_the_same_file_is_refused_in_one_line_and_the_first_goes_on(
    shop: Path, start: Start, actum: CommandLine
) -> None:
    server = start("run", "shop", "--port", "0")
    url = server.url

    second = start("run", "shop", "--port", "0")
    code = second.end()

    assert code == 1
    (line,) = second.err.rest()
    assert line.startswith("error: could not start: shop.db is in use by another process")
    assert second.out.rest() == []
    assert pay(url, "a", 3).json() == 3
    assert actum("events", "shop", "--limit", "1", "--json").lines[0]["id"] == "a"
    assert server.stop() == 0


@pytest.mark.slow
def test_a_resource_that_cannot_be_opened_is_said_in_one_line(shop: Path, start: Start) -> None:
    (shop / "mail.py").write_text(
        "from collections.abc import AsyncIterator\n"
        "from contextlib import asynccontextmanager\n"
        "from actum import App\n\n"
        "class Mailer: ...\n\n"
        "@asynccontextmanager\n"
        "async def open_mailer() -> AsyncIterator[Mailer]:\n"
        "    raise LookupError('nobody answers at mail.example')\n"
        "    yield Mailer()\n\n"
        "app = App('mail', resources=[open_mailer])\n"
    )

    server = start("run", "mail", "--port", "0")
    code = server.end()

    assert code == 1
    assert server.err.rest() == ["error: could not start: LookupError: nobody answers at mail.example"]


@pytest.mark.slow
def test_development_refuses_input_and_output_in_a_command_and_logs_requests(
    shop: Path, start: Start
) -> None:
    server = start("run", "shop", "--port", "0", "--store", "memory:", "--development")

    answer = httpx.post(f"{server.url}/impure", timeout=PATIENCE)

    assert answer.status_code == 500
    assert "ImpureTurn" in server.err.wait_for("ImpureTurn")
    assert "POST /impure" in server.err.wait_for("/impure")
    assert not (shop / "impure.txt").exists()
    assert server.stop() == 0


@pytest.mark.slow
def test_processes_that_cannot_start_end_the_command_with_one_line_each(shop: Path, start: Start) -> None:
    (shop / "many.py").write_text(
        "from actum.stores import open as stores\nfrom shop import app\n\n"
        "stores.SHARED = frozenset({'sqlite'})\n"
    )
    (shop / "shop.db").write_text("a" * 600)

    server = start("run", "many", "--port", "0", "--workers", "2")
    code = server.end()

    lines = server.err.rest()
    assert code == 1
    assert lines[-1] == "error: a process could not start; its output says why"
    assert "shop.db is not an Actum store, nor any SQLite file" in lines[0]
    assert "Traceback" not in "".join(lines)


@pytest.mark.slow
def test_several_processes_serve_where_the_store_allows_it(shop: Path, start: Start) -> None:
    (shop / "many.py").write_text(
        "from actum.stores import open as stores\nfrom shop import app\n\n"
        "stores.SHARED = frozenset({'memory'})\n"
    )
    server = start("run", "many", "--port", "0", "--store", "memory:", "--workers", "2")

    answer = pay(server.url, "a", 3)

    assert answer.json() == 3
    assert server.stop() == 0
    assert server.out.rest()[-1] == "shop has stopped"


def test_a_busy_port_is_said_before_the_store_is_opened(shop: Path, actum: CommandLine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])

        result = actum("run", "shop", "--port", port)

    assert result.code == 1
    assert result.err.startswith(f"error: port {port} on 127.0.0.1 is in use: ")
    assert list(shop.glob("*.db*")) == []


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--workers", "2"], "sqlite:///shop.db can be used by one process only: leave --workers out"),
        (["--workers", "2", "--store", "memory:"], "memory: can be used by one process only"),
        (["--host", "192.0.2.1", "--port", "8000"], "cannot listen on 192.0.2.1, port 8000: "),
        (["--store", "cassandra://there"], "'cassandra://there' names no store that Actum knows"),
    ],
)
def test_what_cannot_be_served_is_said_in_one_line(
    shop: Path, actum: CommandLine, options: list[str], expected: str
) -> None:
    result = actum("run", "shop", *options)

    assert (result.code, len(result.err.splitlines())) == (1, 1)
    assert result.err.startswith(f"error: {expected}")
