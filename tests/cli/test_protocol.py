"""What the server takes of its clients, on real sockets: how much, how many, and how slowly."""

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from msgspec import Struct

from actum.cli.server.forced_exit import ForcedExit
from actum.cli.server.limits import Limits
from actum.cli.server.protocol import LimitedProtocol
from actum.cli.server.serving import AnnouncingServer, config_of, listen, served

PATIENCE = 60.0
AT_ONCE = 0.05
"""Seconds of a limit that a test waits for; those that it must not meet are far away."""

GET = b"GET / HTTP/1.1\r\nHost: x\r\n"


class Answer(Struct):
    """A response as it came over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def detail(self) -> str:
        assert self.headers["content-type"] == "application/problem+json"
        return str(json.loads(self.body)["detail"])


class Connection:
    """A client's connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self._writer = writer

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    async def answer(self) -> Answer:
        async with asyncio.timeout(PATIENCE):
            head = await self.reader.readuntil(b"\r\n\r\n")
            first, *lines = head.decode().strip().split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in lines)
            body = await self.reader.readexactly(int(headers.get("content-length", 0)))
        return Answer(int(first.split()[1]), headers, body)

    async def is_closed(self) -> bool:
        """Waits for the end of what the server sends."""
        async with asyncio.timeout(PATIENCE):
            with contextlib.suppress(ConnectionError):
                return await self.reader.read() == b""
            return True

    async def close(self) -> None:
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()


class Service:
    """A small application on a server with limits, and its clients."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.scopes: list[Any] = []
        self.begun = asyncio.Event()
        self.server: AnnouncingServer | None = None
        self._port = 0
        self._connections: list[Connection] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            for word in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{word}.complete"})
            return
        if scope["path"] == "/early":
            await _respond(send, 413, b"no")
            return
        if scope["path"] == "/large":
            await _respond(send, 200, b"x" * 50_000_000)
            return
        self.begun.set()
        self.scopes.append(scope)
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body, more = body + message["body"], message.get("more_body", False)
        self.bodies.append(body)
        if scope["path"] == "/hangs":
            await asyncio.Event().wait()
        await _respond(send, 200, b"%d" % len(body))

    @contextlib.asynccontextmanager
    async def running(self, limits: Limits) -> AsyncIterator["Service"]:
        started = asyncio.Event()
        with listen("127.0.0.1", 0) as listener:
            self._port = listener.getsockname()[1]
            self.server = AnnouncingServer(config_of(served(self), limits), started.set, ForcedExit())
            task = asyncio.create_task(self.server.serve([listener]))
            async with asyncio.timeout(PATIENCE):
                await started.wait()
            try:
                yield self
            finally:
                for connection in self._connections:
                    await connection.close()
                self.server.should_exit = True
                await asyncio.wait_for(task, PATIENCE)

    async def connect(self, data: bytes = b"") -> Connection:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._connections.append(Connection(reader, writer))
        if data:
            self._connections[-1].send(data)
        return self._connections[-1]


async def until(condition: Callable[[], bool]) -> None:
    """Waits for what only a look can tell."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.001)


async def _respond(send: Any, status: int, body: bytes) -> None:
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture(autouse=True)
def looking_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actum.cli.server.protocol.CHECK", 0.01)


@pytest.fixture
def service() -> Service:
    return Service()


async def test_requests_follow_each_other_on_one_connection(service: Service) -> None:
    async with service.running(Limits()):
        connection = await service.connect()
        for body in (b"", b"abc", b"x" * 200_000):
            connection.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            answer = await connection.answer()
            assert (answer.status, answer.body) == (200, b"%d" % len(body))

        connection.send(
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na" + GET + b"\r\n" + GET + b"\r\n"
        )
        answers = [await connection.answer() for _ in range(3)]

    assert [answer.body for answer in answers] == [b"1", b"0", b"0"]


@pytest.mark.parametrize(
    ("endless", "status", "detail"),
    [
        (GET + b"X-A: ", 431, "the headers have more than 10,000 bytes"),
        (GET + b"X", 431, "the headers have more than 10,000 bytes"),
        (b"GET /", 414, "the address has more than 2,000 bytes"),
    ],
)
async def test_a_head_without_end_is_refused_before_it_fills_the_memory(
    service: Service, endless: bytes, status: int, detail: str
) -> None:
    async with service.running(Limits(max_header_bytes=10_000, max_request_line=2_000)):
        connection = await service.connect(endless)
        connection.send(b"a" * 10_000_000)
        answer = await connection.answer()
        kept = [len(one.url) + len(one.headers) for one in _protocols(service)]

        assert (answer.status, answer.detail) == (status, detail)
        assert answer.headers["connection"] == "close"
        assert all(number < 1_000_000 for number in kept)
        assert await connection.is_closed()
    assert service.bodies == []


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (GET + b"".join(b"X%d: b\r\n" % number for number in range(101)) + b"\r\n", 431),
        (GET + b"X-A: " + b"a" * 70_000 + b"\r\n\r\n", 431),
        (b"GET /" + b"a" * 16_384 + b" HTTP/1.1\r\n\r\n", 414),
        (b"\xff\xfe\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x y\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x:65536\r\n\r\n", 400),
        (b"GET ftp://x/ HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET http:///a HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET http://[::1/a HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /a#b HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET * HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /a HTTP/3.7\r\nHost: x\r\n\r\n", 400),
        (b"GET /a HTTP/1.1\nHost: x\n\n", 400),
        (b"GET /a HTTP/1.1\r\nHost: x\r\nno header\r\n\r\n", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
        (b"CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n", 501),
        (b"CONNECT /a HTTP/1.1\r\nHost: x\r\n\r\n", 501),
        (b"GET /\xc3\xa9 HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"get / HTTP/1.1\r\nHost: x\r\n\r\n", 501),
        (b"BREW / HTTP/1.1\r\nHost: x\r\n\r\n", 501),
    ],
)
async def test_what_is_no_request_is_answered_with_a_problem(
    service: Service, head: bytes, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    async with service.running(Limits()):
        connection = await service.connect(head)
        answer = await connection.answer()
        assert await connection.is_closed()

    assert (answer.status, bool(answer.detail)) == (status, True)
    assert not any(word in answer.detail.lower() for word in ("callback", "pause", "expected", "token"))
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_as_many_headers_as_are_allowed_are_taken(service: Service) -> None:
    head = GET + b"".join(b"X%d: %s\r\n" % (number, b"b" * 600) for number in range(99)) + b"\r\n"
    async with service.running(Limits()):
        for size in (1, 100, 100_000):
            connection = await service.connect()
            for at in range(0, len(head), size):
                connection.send(head[at : at + size])
            assert (await connection.answer()).status == 200


@pytest.mark.parametrize("sent", [b"", b"G", GET, b"\r\n", b"\r\n" * 3])
async def test_a_client_that_says_no_more_is_not_waited_for(service: Service, sent: bytes) -> None:
    async with service.running(Limits(header_timeout=AT_ONCE)):
        connection = await service.connect(sent)
        if sent:
            assert (await connection.answer()).status == 408
        assert await connection.is_closed()


async def test_a_client_that_says_nothing_whole_again_and_again_is_not_waited_for(service: Service) -> None:
    async with service.running(Limits(header_timeout=AT_ONCE)):
        connection = await service.connect(GET + b"\r\n")
        assert (await connection.answer()).status == 200
        answering = asyncio.create_task(connection.answer())
        while not answering.done():
            connection.send(b"\r\n")
            await asyncio.sleep(0.001)

        assert answering.result().status == 408
        assert await connection.is_closed()


@pytest.mark.parametrize("drip", [b"", b"x"])
async def test_a_body_that_comes_too_slowly_is_not_waited_for(service: Service, drip: bytes) -> None:
    async with service.running(Limits(body_timeout=AT_ONCE)):
        connection = await service.connect(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n")
        answering = asyncio.create_task(connection.answer())
        while not answering.done():
            connection.send(drip)
            await asyncio.sleep(0.001)

        assert (answering.result().status, answering.result().detail) == (
            408,
            "the body took too long to arrive",
        )
        assert await connection.is_closed()
    assert service.bodies == []


async def test_a_connection_is_idle_again_after_a_body_that_came_in_pieces(service: Service) -> None:
    async with service.running(Limits(keep_alive=1_000)):
        connection = await service.connect(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n")
        await asyncio.wait_for(service.begun.wait(), PATIENCE)
        connection.send(b"ab")
        assert (await connection.answer()).body == b"2"
        await until(lambda: [one.is_idle for one in _protocols(service)] == [True])


async def test_an_idle_connection_is_closed(service: Service) -> None:
    async with service.running(Limits(keep_alive=0)):
        connection = await service.connect(GET + b"\r\n")
        assert (await connection.answer()).status == 200
        assert await connection.is_closed()


async def test_a_request_that_the_application_does_not_answer_is_answered_all_the_same(
    service: Service,
) -> None:
    async with service.running(Limits(request_timeout=AT_ONCE)):
        connection = await service.connect(b"GET /hangs HTTP/1.1\r\nHost: x\r\nX-Correlation-ID: c-5\r\n\r\n")
        answer = await connection.answer()

    assert (answer.status, answer.headers["retry-after"]) == (503, "1")
    assert answer.headers["x-correlation-id"] == "c-5"
    assert json.loads(answer.body)["outcome"] == "unknown"
    assert answer.detail.startswith("the request took too long; it may have taken effect")


async def test_a_request_that_is_cut_when_the_server_stops_is_told_so_with_a_problem(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actum.cli.server.serving.GRACE", 0.01)
    async with service.running(Limits()):
        connection = await service.connect(b"GET /hangs HTTP/1.1\r\nHost: x\r\n\r\n")
        await asyncio.wait_for(service.begun.wait(), PATIENCE)
        assert service.server is not None
        service.server.should_exit = True
        answer = await connection.answer()

    assert (answer.status, answer.headers["retry-after"]) == (503, "1")
    assert answer.detail.startswith("the application is stopping; it may have taken effect")


async def test_a_client_that_takes_nothing_of_its_response_is_left(service: Service) -> None:
    async with service.running(Limits(send_timeout=AT_ONCE)):
        connection = await service.connect(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        assert service.server is not None
        await until(lambda: bool(_protocols(service)))
        await until(lambda: not _protocols(service))
        assert len(await _rest(connection)) < 50_000_000


async def _rest(connection: Connection) -> bytes:
    received = b""
    with contextlib.suppress(ConnectionError):
        while data := await connection.reader.read(1_000_000):
            received += data
    return received


@pytest.mark.parametrize("close", [b"", b"Connection: close\r\n"])
async def test_an_answer_before_the_end_of_the_body_reaches_the_client(
    service: Service, close: bytes
) -> None:
    async with service.running(Limits()):
        connection = await service.connect(
            b"POST /early HTTP/1.1\r\nHost: x\r\n" + close + b"Content-Length: 20000000\r\n\r\n"
        )
        connection.send(b"x" * 20_000_000)

        answer = await connection.answer()
        assert (answer.status, answer.body) == (413, b"no")
        if close:
            assert await connection.is_closed()
        else:
            connection.send(GET + b"\r\n")
            assert (await connection.answer()).status == 200


async def test_a_body_that_nobody_wants_is_not_read_for_ever(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actum.cli.server.protocol.LINGER", AT_ONCE)
    async with service.running(Limits()):
        connection = await service.connect(
            b"POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 20000000\r\n\r\n"
        )
        assert (await connection.answer()).status == 413
        assert await connection.is_closed()


async def test_a_connection_beyond_the_limit_takes_the_place_of_one_that_is_idle(service: Service) -> None:
    async with service.running(Limits(max_connections=2, keep_alive=1_000)):
        idle = await service.connect(GET + b"\r\n")
        assert (await idle.answer()).status == 200
        busy = await service.connect(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n")
        await asyncio.wait_for(service.begun.wait(), PATIENCE)
        await until(lambda: sum(one.is_idle for one in _protocols(service)) == 1)

        third = await service.connect(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n")
        assert await idle.is_closed()
        await until(lambda: [one.is_idle for one in _protocols(service)] == [False, False])
        fourth = await service.connect()
        refused = await fourth.answer()
        assert await fourth.is_closed()

        for connection in (busy, third):
            connection.send(b"a")
            assert (await connection.answer()).status == 200
    assert (refused.status, refused.headers["retry-after"]) == (503, "1")
    assert refused.detail.startswith("the server has as many connections as it accepts")


def _protocols(service: Service) -> list[LimitedProtocol]:
    assert service.server is not None
    return [one for one in service.server.server_state.connections if isinstance(one, LimitedProtocol)]


@pytest.mark.parametrize(
    ("target", "path"),
    [
        (b"http://y/a?b=1", "/a?b=1"),
        (b"HTTPS://y:80", "/"),
        (b"http://[::1]:8000?b", "/?b"),
        (b"/a//b", "/a//b"),
    ],
)
async def test_an_address_may_be_whole(service: Service, target: bytes, path: str) -> None:
    """The host that it names then counts, and not the header."""
    async with service.running(Limits()):
        connection = await service.connect(b"GET " + target + b" HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = await connection.answer()

    assert answer.status == 200
    [scope] = service.scopes
    query = scope["query_string"].decode()
    assert scope["path"] + (f"?{query}" if query else "") == path
    host = b"x" if target.startswith(b"/") else target.split(b"/")[2].split(b"?")[0]
    assert dict(scope["headers"])[b"host"] == host


async def test_a_request_of_http_1_0_needs_no_host(service: Service) -> None:
    async with service.running(Limits()):
        connection = await service.connect(b"GET / HTTP/1.0\r\n\r\n")

        assert (await connection.answer()).status == 200


@pytest.mark.parametrize(
    "size", [b"Content-Length: 3\r\n\r\nabc", b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"]
)
@pytest.mark.parametrize("pieces", [1, 7])
async def test_a_body_is_read_though_its_request_asks_for_an_upgrade(
    service: Service, size: bytes, pieces: int
) -> None:
    """As some clients ask in every request; what follows on the connection is served too."""
    asking = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n" + size
    async with service.running(Limits()):
        connection = await service.connect()
        sent = asking * 3 + GET + b"\r\n"
        for start in range(0, len(sent), len(sent) // pieces):
            connection.send(sent[start : start + len(sent) // pieces])
            await asyncio.sleep(0)
        answers = [await connection.answer() for _ in range(4)]

    assert [answer.body for answer in answers] == [b"3", b"3", b"3", b"0"]
    assert service.bodies == [b"abc", b"abc", b"abc", b""]


async def test_an_upgrade_is_passed_over(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    async with service.running(Limits()):
        connection = await service.connect(
            GET + b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        answer = await connection.answer()

    assert answer.status == 200
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
