"""Requests with an Idempotency-Key: carried out once, and answered again with the same answer."""

import logging
import uuid
from collections import deque

import msgspec
from litestar.exceptions import ClientException
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from msgspec import Struct

from actum.http import Message, Receive, Scope, Send
from actum.http.headers import CORRELATION_ID
from actum.runtime.context.context import Context, session_of
from actum.runtime.context.session import Session
from actum.runtime.keys.requests import Requests
from actum.runtime.keys.stored import RequestKey, digest
from actum.runtime.services import Services

READING = frozenset({"GET", "HEAD", "OPTIONS"})
MAX_KEPT = 250_000
"""Bytes of an answer that is kept. For a longer one the action runs again, and its effects happen once."""

OWN = frozenset({CORRELATION_ID.lower(), "set-cookie"})
"""Headers that are new in each answer, however often the request is sent."""
BOUNDARY = b"boundary="

log: logging.Logger = logging.getLogger("actum.http")


class KeptAnswer(Struct, frozen=True):
    """An answer as it is kept."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


class KeyedRequest:
    """One request with a key, between the server and the action; it sees the body and the answer pass."""

    def __init__(self, context: Context, requests: Requests, receive: Receive, send: Send) -> None:
        self._context = context
        self._session: Session = session_of(context)
        self._requests = requests
        self._receive = receive
        self._send = send
        self._body: list[bytes] = []
        self._unread: deque[Message] = deque()
        self._is_complete = False
        self._key: RequestKey | None = None
        self._kept: KeptAnswer | None = None
        self._start: Message | None = None
        self._is_sent = False

    def __repr__(self) -> str:
        return f"<KeyedRequest {self._session.shown_key!r}>"

    async def receive(self) -> Message:
        """Gives the next message of the request."""
        return self._unread.popleft() if self._unread else await self._next()

    async def begin(self, scope: Scope, largest_body: int | None) -> bool:
        """Says whether it was answered before, and gets that answer again; otherwise it is carried out now.

        Called once the caller is known. Raises KeyReused when the key stands for another request.
        """
        await self._read_on(largest_body)
        caller = self._caller(scope)
        headers = dict(scope["headers"])
        identity = digest(
            scope["method"],
            scope["path"],
            scope.get("query_string", b""),
            _without_boundary(b"".join(self._body), headers.get(b"content-type", b"")),
            # Among clients without a name, none ever gets the answer to another.
            b"" if caller else headers.get(b"authorization", b""),
        )
        self._body.clear()
        key = RequestKey.of(self._session.shown_key, caller=caller, identity=identity)
        answer = await self._requests.begin(key)
        if answer is not None:
            self._kept = msgspec.json.decode(answer, type=KeptAnswer)
            return True
        self._key = key
        self._session.adopt(key)
        return False

    def _caller(self, scope: Scope) -> str:
        """Gives whose key it is: by its method too, for the name of a key may be somebody's id as well."""
        guard = self._session.guard
        if guard is not None and guard.principal.is_known:
            return f"{guard.principal.method}/{guard.principal.id}"
        return self._context.by or principal_of(scope)

    async def send(self, message: Message) -> None:
        """Sends one message of the answer; in place of the first, the whole of a kept answer."""
        if self._is_sent:
            return
        if self._kept is not None:
            await self._send_kept(self._kept, message)
        elif self._key is None:
            await self._send(message)
        elif message["type"] == "http.response.start":
            self._start = message
        elif self._start is None:
            await self._send(message)
        else:
            await self._finish(self._key, self._start, message)

    def leave(self) -> None:
        """Lets the same request continue that was sent meanwhile; the answer was sent, or there is none."""
        if self._key is not None:
            self._requests.leave(self._key)

    async def _next(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            if not self._is_complete:
                self._body.append(message.get("body", b""))
            self._is_complete = not message.get("more_body", False)
        return message

    async def _read_on(self, largest: int | None) -> None:
        """Reads the rest of a body, and keeps it for an action that may read it later."""
        size = 0
        while not self._is_complete:
            message = await self._next()
            if message["type"] == "http.disconnect":
                raise ClientException("the request was aborted")
            size += len(message.get("body", b""))
            if largest is not None and size > largest:
                raise RequestEntityTooLarge
            self._unread.append(message)

    async def _finish(self, key: RequestKey, start: Message, message: Message) -> None:
        self._start = None
        body = message.get("body", b"")
        if 200 <= start["status"] < 400:
            is_short = not message.get("more_body") and len(body) <= MAX_KEPT
            kept = await self._keep(key, _kept(start, body) if is_short else None)
            if kept is not None:
                await self._send_kept(kept, start)
                return
        await self._send(start)
        await self._send(message)

    async def _keep(self, key: RequestKey, answer: KeptAnswer | None) -> KeptAnswer | None:
        """Keeps an answer, unless it is too long; gives the one to send in its place, if there is another."""
        written = None if answer is None else msgspec.json.encode(answer)
        try:
            found = await self._requests.answered(key, written, self._session.mentions)
        except Exception as error:  # noqa: BLE001 (its effects are written; sent again, it gets the same answer)
            log.warning("the answer to the key %r could not be kept: %s", key.key, error)
            return None
        return None if found in (None, written) else msgspec.json.decode(found, type=KeptAnswer)

    async def _send_kept(self, kept: KeptAnswer, start: Message) -> None:
        self._is_sent = True
        own = [(name, value) for name, value in start.get("headers", ()) if _name(name) in OWN]
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in kept.headers]
        await self._send({"type": "http.response.start", "status": kept.status, "headers": [*headers, *own]})
        await self._send({"type": "http.response.body", "body": kept.body})


def keyed_request(
    scope: Scope, context: Context, services: Services, receive: Receive, send: Send
) -> KeyedRequest | None:
    """Gives a request as one with a key, if it has one and may change something."""
    if session_of(context).request_key is None or scope["method"] in READING:
        return None
    return KeyedRequest(context, services.requests, receive, send)


def principal_of(scope: Scope) -> str:
    """Gives the caller, as Litestar's authentication found it; "" without authentication."""
    for found in (scope.get("user"), scope.get("auth")):
        for name in ("", "id", "sub"):
            value = getattr(found, name, None) if name else found
            if isinstance(value, str | int | uuid.UUID) and not isinstance(value, bool):
                return str(value)
    return ""


def _without_boundary(body: bytes, content_type: bytes) -> bytes:
    """Gives a body without the boundary between its parts, which clients generate for each request."""
    _, found, boundary = content_type.partition(BOUNDARY)
    boundary = boundary.split(b";")[0].strip().strip(b'"')
    if not found or not boundary or not content_type.lower().startswith(b"multipart/"):
        return body
    return body.replace(boundary, b"")


def _kept(start: Message, body: bytes) -> KeptAnswer:
    headers = [(_name(name), value.decode("latin-1")) for name, value in start.get("headers", ())]
    return KeptAnswer(start["status"], [one for one in headers if one[0] not in OWN], body)


def _name(name: bytes) -> str:
    return name.decode("latin-1").lower()
