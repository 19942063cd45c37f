"""What every response has: Actum's headers, and no body where the client needs none."""

from collections.abc import Awaitable

from actum.http import Message, Send
from actum.http.headers import NO_SNIFFING, READING, response_headers
from actum.http.preconditions import is_unchanged
from actum.http.problems import MEDIA_TYPE, Answer
from actum.runtime.context.context import Context

OK = 200
NOT_MODIFIED = 304
ALLOWING = (405, 204)
"""The statuses of answers that list the methods of an address."""
ABOUT_THE_BODY = frozenset({b"content-length", b"content-type", b"content-encoding"})


class ResponseHeaders:
    """Forwards a response, and adds headers about what the request's context did.

    HEAD is answered like GET, without the body. A GET whose client has the answer already, according to its
    If-None-Match, is answered with 304, without the body. `status` is 0 until the response has begun.
    """

    __slots__ = ("_if_none_match", "_is_bare", "_method", "_send", "context", "is_begun", "status")

    def __init__(self, method: str, headers: dict[bytes, bytes], context: Context, send: Send) -> None:
        self.context: Context = context
        self.is_begun: bool = False
        self.status: int = 0
        self._send = send
        self._method = method
        self._is_bare = method == "HEAD"
        self._if_none_match = headers.get(b"if-none-match") if method in READING else None

    def send(self, message: Message) -> Awaitable[None]:
        """Sends one message of the response; the message itself is not changed, since it may be cached."""
        if self.is_begun:
            if self._is_bare and message["type"] == "http.response.body":
                message = {**message, "body": b""}
        elif message["type"] == "http.response.start":
            self.is_begun = True
            message = self._begun(message)
        return self._send(message)

    def _begun(self, message: Message) -> Message:
        status = self.status = message["status"]
        headers = response_headers(self.context, status, message.get("headers", ()))
        if status in ALLOWING or self._method == "OPTIONS":
            headers = [_with_head(*header) for header in headers]
        begun = {**message, "headers": headers}
        if self._if_none_match is not None and status == OK:
            return self._unless_known(begun, self._if_none_match)
        return begun

    def _unless_known(self, message: Message, if_none_match: bytes) -> Message:
        headers = message["headers"]
        tags = [value for name, value in headers if name.lower() == b"etag"]
        if not tags or not is_unchanged(if_none_match, tags[-1]):
            return message
        self._is_bare = True
        self.status = NOT_MODIFIED
        kept = [(name, value) for name, value in headers if name.lower() not in ABOUT_THE_BODY]
        return {**message, "status": NOT_MODIFIED, "headers": kept}


async def send_answer(send: Send, answer: Answer) -> None:
    """Sends a problem."""
    named = {"Content-Type": MEDIA_TYPE, "Content-Length": str(len(answer.body))}
    headers = [
        *(
            _with_head(name.lower().encode(), value.encode())
            for name, value in (answer.headers | named).items()
        ),
        NO_SNIFFING,
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


def _with_head(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    """Adds HEAD to the methods of an address that has GET."""
    if name.lower() != b"allow":
        return name, value
    allowed = [method.strip() for method in value.split(b",")]
    if b"GET" in allowed and b"HEAD" not in allowed:
        allowed.append(b"HEAD")
    return name, b", ".join(allowed)
