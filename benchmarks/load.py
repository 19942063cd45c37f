"""The load on a server, from its own process: `python -m benchmarks.load PORT PATH CONNECTIONS REQUESTS`.

Every connection is kept alive and has one request on its way. Ends after the last reply, or with an error.
"""

import asyncio
import sys
import time
from collections.abc import Iterator
from typing import cast

import msgspec

from benchmarks.bank import AMOUNT
from benchmarks.callers import run
from benchmarks.measure import Sample, of_latencies

LONGEST = 30.0
REQUEST = (
    b"POST %s HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s"
)
END_OF_HEAD = b"\r\n\r\n"
LENGTH = b"content-length: "


class Connection(asyncio.Protocol):
    """Sends its requests one after the other, and notes how long each reply took in seconds."""

    def __init__(self, requests: Iterator[bytes], latencies: list[float]) -> None:
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._requests = requests
        self._latencies = latencies
        self._buffer = b""
        self._began = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(END_OF_HEAD)
        if not found or len(body) < _length(head):
            return
        if not head.startswith(b"HTTP/1.1 2"):
            self._fail(f"the server answered {self._buffer!r}")
            return
        self._latencies.append(time.perf_counter() - self._began)
        self._buffer = b""
        self._send()

    def connection_lost(self, error: Exception | None) -> None:
        self._fail(f"the server hung up: {error}")

    def _send(self) -> None:
        assert self._transport is not None
        request = next(self._requests, None)
        if request is None:
            if not self.done.done():
                self.done.set_result(None)
            self._transport.close()
            return
        self._began = time.perf_counter()
        self._transport.write(request)

    def _fail(self, why: str) -> None:
        if not self.done.done():
            self.done.set_exception(ConnectionError(why))


def _length(head: bytes) -> int:
    _, _, rest = head.lower().partition(LENGTH)
    return int(rest.partition(b"\r\n")[0])


async def load(port: int, path: str, connections: int, requests: int) -> Sample:
    """Sends requests over so many connections; the path has `{}` where the number of an account goes."""
    body = b'{"amount":%d}' % AMOUNT
    waiting = iter(
        [REQUEST % (path.format(number % 1_000).encode(), len(body), body) for number in range(requests)]
    )
    latencies: list[float] = []
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    async with asyncio.timeout(LONGEST):
        made = [
            (await loop.create_connection(lambda: Connection(waiting, latencies), "127.0.0.1", port))[1]
            for _ in range(connections)
        ]
        await asyncio.gather(*(connection.done for connection in made))
    return of_latencies(latencies, time.perf_counter() - began)


if __name__ == "__main__":
    port, path, connections, requests = sys.argv[1:]
    sample = run(load(int(port), path, int(connections), int(requests)))
    sys.stdout.buffer.write(msgspec.json.encode(sample))
