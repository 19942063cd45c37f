"""How a response is written: its head and a small body together, and the head at once if the body waits."""

import asyncio
import logging
from types import SimpleNamespace
from typing import Any

import pytest

from actum.cli.server.response_cycle import LARGE, ResponseCycle


class Wire:
    """A transport that keeps what is written to it."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.is_closed = False

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def is_closing(self) -> bool:
        return self.is_closed

    def close(self) -> None:
        self.is_closed = True


def cycle_on(wire: Wire, method: str = "GET", *, keep_alive: bool = True) -> ResponseCycle:
    """Begins the response to a request."""
    log: Any = logging.getLogger("tests")
    flow: Any = SimpleNamespace(write_paused=False)
    scope: Any = {"type": "http", "method": method, "path": "/", "query_string": b"", "http_version": "1.1"}
    return ResponseCycle(
        scope=scope,
        transport=wire,  # type: ignore[arg-type]
        flow=flow,
        logger=log,
        access_logger=log,
        access_log=False,
        default_headers=[(b"date", b"today")],
        message_event=asyncio.Event(),
        expect_100_continue=False,
        keep_alive=keep_alive,
        on_response=lambda: None,
    )


def start(*headers: tuple[bytes, bytes], status: int = 200) -> dict[str, Any]:
    """Gives the message that begins a response."""
    return {"type": "http.response.start", "status": status, "headers": headers}


def body(data: bytes = b"", *, has_more: bool = False) -> dict[str, Any]:
    """Gives a message with a part of its body."""
    return {"type": "http.response.body", "body": data, "more_body": has_more}


async def test_a_small_answer_is_written_at_once() -> None:
    """With two calls of the system, each answer would cost much more."""
    wire = Wire()
    cycle = cycle_on(wire)

    await cycle.send(start((b"Content-Length", b"2")))
    await cycle.send(body(b"ab"))
    await asyncio.sleep(0)

    assert wire.written == [b"HTTP/1.1 200 OK\r\ndate: today\r\ncontent-length: 2\r\n\r\nab"]
    assert cycle.response_complete


async def test_a_head_does_not_wait_for_its_body() -> None:
    """A client of a stream learns that it was accepted, before there is anything to send."""
    wire = Wire()
    cycle = cycle_on(wire)

    await cycle.send(start())
    await asyncio.sleep(0)
    assert wire.written == [b"HTTP/1.1 200 OK\r\ndate: today\r\ntransfer-encoding: chunked\r\n\r\n"]

    await cycle.send(body(b"abc", has_more=True))
    await cycle.send(body(b"", has_more=True))
    await cycle.send(body(b"de"))
    assert wire.written[1:] == [b"3\r\nabc\r\n", b"2\r\nde\r\n0\r\n\r\n"]


async def test_a_large_body_is_not_copied() -> None:
    """Its head is written before it."""
    wire = Wire()
    cycle = cycle_on(wire)
    data = b"x" * (LARGE + 1)

    await cycle.send(start((b"content-length", b"%d" % len(data))))
    await cycle.send(body(data))

    assert len(wire.written) == 2
    assert wire.written[1] == data


async def test_an_answer_without_a_body_is_its_head() -> None:
    """HEAD is answered like GET, and 204 has no framing."""
    of_head, of_nothing = Wire(), Wire()
    head, nothing = cycle_on(of_head, "HEAD"), cycle_on(of_nothing, keep_alive=False)

    await head.send(start((b"content-length", b"5")))
    await head.send(body(b""))
    await nothing.send(start(status=204))
    await nothing.send(body())

    assert of_head.written == [b"HTTP/1.1 200 OK\r\ndate: today\r\ncontent-length: 5\r\n\r\n"]
    assert of_nothing.written == [b"HTTP/1.1 204 No Content\r\ndate: today\r\nconnection: close\r\n\r\n"]
    assert of_nothing.is_closed
    assert not of_head.is_closed


@pytest.mark.parametrize(
    "header", [(b"x\r\n", b"y"), (b"x y", b"z"), (b"x:", b"y"), (b"x", b"y\r\nset-cookie: a"), (b"x", b"\0")]
)
async def test_a_header_that_would_begin_another_is_refused(header: tuple[bytes, bytes]) -> None:
    """Nothing of such a head is sent."""
    wire = Wire()

    with pytest.raises(RuntimeError, match="Invalid HTTP header"):
        await cycle_on(wire).send(start((b"a", b"b"), header, (b"c", b"d")))
    await asyncio.sleep(0)

    assert wire.written == []


@pytest.mark.parametrize("data", [b"abc", b"a"])
async def test_a_body_that_is_not_as_long_as_its_head_says_is_refused(data: bytes) -> None:
    """Otherwise the client would read the rest of it as another answer, or wait for ever."""
    cycle = cycle_on(Wire())

    await cycle.send(start((b"content-length", b"2")))

    with pytest.raises(RuntimeError, match="than Content-Length"):
        await cycle.send(body(data))


async def test_messages_out_of_order_are_refused() -> None:
    """A body needs a head, there is one head, and nothing follows the end."""
    cycle = cycle_on(Wire())
    with pytest.raises(RuntimeError, match=r"begins with http\.response\.start"):
        await cycle.send(body(b"ab"))

    await cycle.send(start())
    with pytest.raises(RuntimeError, match=r"goes on with http\.response\.body"):
        await cycle.send(start())
    await cycle.send(body())
    with pytest.raises(RuntimeError, match="after the end"):
        await cycle.send(body())
