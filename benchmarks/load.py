"""The client that loads a server, in a process of its own: `python -m benchmarks.load
PORT PATH BODY CONNECTIONS REQUESTS [FILE]`.

FILE has lines of headers, of which each request has the next one.

Every connection is kept alive and has one request in flight. It ends after the last reply, or with an error.
"""

import asyncio
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import cast

import msgspec

from benchmarks.loop import run
from benchmarks.measure import Sample, of_latencies

LONGEST = 30.0
ACCOUNTS = 1_000
END_OF_HEAD = b"\r\n\r\n"
LENGTH = b"content-length: "
REQUEST = (
    b"POST %s HTTP/1.1\r\nhost: localhost\r\n%scontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s"
)


class Connection(asyncio.Protocol):
    """Sends requests one after the other, and records how long each reply took in seconds."""

    def __init__(self) -> None:
        self.latencies: list[float] = []
        self._requests: Iterator[bytes] = iter(())
        self._done: asyncio.Future[None] | None = None
        self._buffer = b""
        self._began = 0.0
        self._transport: asyncio.Transport | None = None

    async def work(self, requests: Iterable[bytes]) -> None:
        """Sends the requests that it takes from the shared supply; returns when there are no more."""
        self._requests = iter(requests)
        self._done = asyncio.get_running_loop().create_future()
        self._send()
        await self._done

    def close(self) -> None:
        assert self._transport is not None
        self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(END_OF_HEAD)
        if not found or len(body) < _length(head):
            return
        if not head.startswith(b"HTTP/1.1 2"):
            self._fail(f"the server answered {self._buffer!r}")
            return
        self.latencies.append(time.perf_counter() - self._began)
        self._buffer = b""
        self._send()

    def connection_lost(self, error: Exception | None) -> None:
        self._fail(f"the server closed the connection: {error}")

    def _send(self) -> None:
        assert self._transport is not None
        assert self._done is not None
        request = next(self._requests, None)
        if request is None:
            self._done.set_result(None)
            return
        self._began = time.perf_counter()
        self._transport.write(request)

    def _fail(self, why: str) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_exception(ConnectionError(why))


def _length(head: bytes) -> int:
    _, _, rest = head.lower().partition(LENGTH)
    return int(rest.partition(b"\r\n")[0])


async def load(
    port: int, path: str, body: bytes, connections: int, requests: int, headers: Sequence[bytes] = (b"",)
) -> Sample:
    """Sends requests over so many connections; `{}` in the path stands for the number of an account."""
    made = [
        REQUEST % (path.format(number % ACCOUNTS).encode(), headers[number % len(headers)], len(body), body)
        for number in range(requests)
    ]
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(LONGEST):
        opened = [
            (await loop.create_connection(Connection, "127.0.0.1", port))[1] for _ in range(connections)
        ]
        # One request each before the clock starts, because a server accepts new connections slowly.
        await asyncio.gather(*(one.work(made[:1]) for one in opened))
        for one in opened:
            one.latencies.clear()
        waiting = iter(made)
        began = time.perf_counter()
        await asyncio.gather(*(one.work(waiting) for one in opened))
        elapsed = time.perf_counter() - began
    for one in opened:
        one.close()
    return of_latencies([seconds for one in opened for seconds in one.latencies], elapsed)


if __name__ == "__main__":
    port, path, body, connections, requests, *file = sys.argv[1:]
    lines = [line + b"\r\n" for line in Path(file[0]).read_bytes().splitlines()] if file else [b""]
    sample = run(load(int(port), path, body.encode(), int(connections), int(requests), lines))
    sys.stdout.buffer.write(msgspec.json.encode(sample))
