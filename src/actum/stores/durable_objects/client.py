"""The client of the worker in front of the objects: batches calls, and sends lost ones again."""

import asyncio
import random
import re
import time
from collections.abc import Callable, Sequence
from typing import TypeVar
from urllib.parse import parse_qs, urlsplit

import aiohttp
import msgspec
from msgspec import Struct
from msgspec.json import encode

from actum.errors import Overloaded, StoreError, Unavailable, outcome_unknown
from actum.stores.durable_objects.refusal import LOST, Answer, refused
from actum.stores.durable_objects.wire import Addressed, Append, Call, Command
from actum.stores.durable_objects.wire_feed import FeedCall

T = TypeVar("T")

MAX_WAITING = 20_000
MAX_A_REQUEST = 256
MAX_REQUESTS = 8
PATIENCE = 30.0
"""Seconds for which a call is sent again before its caller gets Unavailable."""
ANSWER_WITHIN = 40.0
FIRST_PAUSE = 0.05
MAX_PAUSE = 1.0
SPACE = re.compile(r"[a-z0-9-]{1,40}")
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
WRONG_URL = "write durable-objects://HOST?secret=SECRET, with the secret that the worker was deployed with"

decode_answers: Callable[[bytes | str], list[Answer]] = msgspec.json.Decoder(list[Answer]).decode
decode_answer: Callable[[bytes | str], Answer] = msgspec.json.Decoder(Answer).decode


class Ready(Struct, frozen=True):
    """The application that the objects run, and its entities with their fingerprints."""

    application: str
    kinds: dict[str, str]


class Sent:
    """A call that was sent, and the future that its caller waits for."""

    __slots__ = ("body", "deadline", "future", "pause")

    def __init__(self, body: Addressed, deadline: float) -> None:
        self.body: Addressed = body
        self.deadline: float = deadline
        self.pause: float = FIRST_PAUSE
        self.future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()


def read_url(url: str) -> tuple[str, str]:
    """Returns address and secret of durable-objects://HOST/SPACE?secret=…, where SPACE may be left out.

    A space has objects and a feed of its own. Plain HTTP is only for this machine.
    """
    parts = urlsplit(url)
    given = parse_qs(parts.query, keep_blank_values=True)
    secrets = given.pop("secret", [])
    space = parts.path.strip("/")
    is_space = not space or SPACE.fullmatch(space)
    if not parts.hostname or len(secrets) != 1 or not secrets[0] or given or not is_space:
        raise StoreError(f"durable-objects://{parts.netloc}: {WRONG_URL}")
    scheme = "http" if parts.hostname in LOOPBACK else "https"
    return f"{scheme}://{parts.netloc}" + (f"/{space}" if space else ""), secrets[0]


class Client:
    """Sends calls to objects and to the feed."""

    def __init__(self, address: str, secret: str) -> None:
        self._address = address
        self._session = aiohttp.ClientSession(
            headers={"authorization": f"Bearer {secret}"},
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(total=ANSWER_WITHIN),
        )
        self._open: list[Sent] = []
        self._requests: set[asyncio.Task[None]] = set()
        self._again: set[asyncio.TimerHandle] = set()
        self._waiting = 0
        self._is_flushing = False
        self._is_closed = False

    def __repr__(self) -> str:
        return f"<Client {self._address}>"

    async def ready(self) -> Ready:
        """Returns what the objects run, once they can be reached; starts Python there if necessary."""
        return msgspec.json.decode(await self._post("/ready", b""), type=Ready)

    async def ask(self, kind: str, id: str, call: Call, answer: type[T]) -> T:
        """Sends a call to an entity's object, and returns the answer."""
        self.check_open()
        if self._waiting >= MAX_WAITING:
            raise Overloaded(f"{MAX_WAITING:,} calls to Durable Objects are waiting: try again later")
        sent = Sent(Addressed(kind, id, call), time.monotonic() + PATIENCE)
        self._open.append(sent)
        self._flush_soon()
        self._waiting += 1
        try:
            return msgspec.json.decode(await sent.future, type=answer)
        finally:
            self._waiting -= 1

    async def ask_feed(self, call: FeedCall, answer: type[T]) -> T:
        """Sends a call to the feed object, and retries it for a while if the feed cannot be reached."""
        self.check_open()
        deadline, pause = time.monotonic() + PATIENCE, FIRST_PAUSE
        while True:
            try:
                response = decode_answer(await self._post("/feed", encode(call)))
                if response.refusal is not None:
                    raise refused(response.refusal, "the feed")
                return msgspec.json.decode(response.value, type=answer)
            except Unavailable:
                if self._is_closed or time.monotonic() + pause > deadline:
                    raise
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))
            pause = min(pause * 2, MAX_PAUSE)

    async def close(self) -> None:
        """Ends what is in progress."""
        self._is_closed = True
        for handle in self._again:
            handle.cancel()
        for request in self._requests:
            request.cancel()
        await asyncio.gather(*self._requests, return_exceptions=True)
        for sent in self._open:
            _fail(sent, Unavailable("the client to the objects was closed"))
        await self._session.close()

    def check_open(self) -> None:
        """Raises Unavailable once it is closed."""
        if self._is_closed:
            raise Unavailable("the client to the objects is closed")

    def _flush_soon(self) -> None:
        # After all callbacks that are ready now, so that calls made together are sent together.
        if not self._is_flushing and len(self._requests) < MAX_REQUESTS:
            self._is_flushing = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        self._is_flushing = False
        while self._open and len(self._requests) < MAX_REQUESTS and not self._is_closed:
            batch, self._open = self._open[:MAX_A_REQUEST], self._open[MAX_A_REQUEST:]
            request = asyncio.create_task(self._send(batch))
            self._requests.add(request)
            request.add_done_callback(self._sent)

    def _sent(self, request: asyncio.Task[None]) -> None:
        self._requests.discard(request)
        if self._open:
            self._flush()

    async def _send(self, batch: Sequence[Sent]) -> None:
        wanted = [sent for sent in batch if not sent.future.done()]
        if not wanted:
            return
        try:
            answers = decode_answers(await self._post("/calls", encode([sent.body for sent in wanted])))
        except Unavailable as error:
            for sent in wanted:
                self._send_again(sent, str(error))
        except Exception as error:  # noqa: BLE001 (the callers get it)
            for sent in wanted:
                _fail(sent, error)
        except asyncio.CancelledError:
            for sent in wanted:
                _fail(sent, Unavailable("the client to the objects was closed", is_outcome_unknown=True))
            raise
        else:
            for sent, answer in zip(wanted, answers, strict=True):
                self._take(sent, answer)

    def _take(self, sent: Sent, answer: Answer) -> None:
        if answer.refusal is None:
            if not sent.future.done():
                sent.future.set_result(bytes(answer.value))
        elif answer.refusal.error in (LOST, "Unavailable"):
            self._send_again(sent, answer.refusal.message)
        else:
            _fail(sent, refused(answer.refusal, f"{sent.body.kind}/{sent.body.id}"))

    def _send_again(self, sent: Sent, why: str) -> None:
        """Sends a call again, which its object recognises; the committer asks what became of an append."""
        if isinstance(sent.body.call, Append) or time.monotonic() + sent.pause > sent.deadline:
            _fail(sent, Unavailable(f"Durable Objects: {why}", is_outcome_unknown=True))
            return
        if isinstance(sent.body.call, Command):
            sent.body.call.is_again = True
        loop = asyncio.get_running_loop()

        def again() -> None:
            self._again.discard(handle)
            self._open.append(sent)
            self._flush_soon()

        handle = loop.call_later(sent.pause * random.uniform(0.5, 1.0), again)
        self._again.add(handle)
        sent.pause = min(sent.pause * 2, MAX_PAUSE)

    async def _post(self, path: str, body: bytes) -> bytes:
        try:
            async with self._session.post(self._address + path, data=body) as response:
                content = await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unavailable(
                f"{self._address} does not answer: {str(error) or type(error).__name__}"
            ) from error
        if response.status == 401:
            raise StoreError(f"{self._address} refuses the secret: {WRONG_URL}")
        if response.status >= 500:
            raise Unavailable(f"{self._address} answers {response.status}: {_first_line(content)}")
        if response.status != 200:
            raise StoreError(
                f"{self._address} answers {response.status}, so it is not a worker of Actum: "
                f"{_first_line(content)}"
            )
        return content


def _fail(sent: Sent, error: Exception) -> None:
    if not sent.future.done():
        sent.future.set_exception(outcome_unknown(error, "Durable Objects"))
        sent.future.exception()  # Its caller may be gone; asyncio must not log it.


def _first_line(content: bytes) -> str:
    return (content.decode(errors="replace").strip().splitlines() or ["nothing"])[0][:200]
