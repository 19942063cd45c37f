"""The response to an action's plain answer: without headers of its own, it takes a shorter way."""

from enum import Enum
from functools import lru_cache
from typing import Any

from litestar import Request, Response
from litestar.datastructures import MutableScopeHeaders
from litestar.response.base import ASGIResponse
from litestar.serialization import get_serializer
from litestar.types import Receive, Scope, Send

OK = 200
WITHOUT_BODY = (204, 304)


class PlainResponse(Response[Any]):
    """A response like Litestar's, which is made with less work if it has only a body and a content type.

    One with headers, cookies or a background task is made by Litestar.
    """

    def to_asgi_response(self, app: Any, request: Request[Any, Any, Any], **options: Any) -> ASGIResponse:
        """Gives what is sent."""
        media_type, status = self.media_type, self.status_code or OK
        if (
            options.get("headers")
            or options.get("cookies")
            or self.headers
            or self.cookies
            or self.background is not None
            or not media_type
            or status < OK
            or status in WITHOUT_BODY
        ):
            return super().to_asgi_response(app, request, **options)
        media_type = media_type.value if isinstance(media_type, Enum) else media_type
        return PlainAnswer(self.render(self.content, media_type, self._encode), media_type, status)

    def _encode(self, value: Any) -> Any:
        """Encodes what msgspec cannot; Litestar would merge all encoders for each answer."""
        return get_serializer(self.response_type_encoders)(value)


class PlainAnswer(ASGIResponse):
    """A body with its type and length."""

    def __init__(self, body: bytes, media_type: str, status: int) -> None:
        self.headers = MutableScopeHeaders()
        self.headers.headers = [_content_type(media_type), (b"content-length", b"%d" % len(body))]
        self.background = None
        self.body = body
        self.content_length = len(body)
        self.encoding = "utf-8"
        self.is_head_response = False
        self.status_code = status
        self._encoded_cookies = ()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends the response."""
        await send(
            {"type": "http.response.start", "status": self.status_code, "headers": self.headers.headers}
        )
        await send({"type": "http.response.body", "body": self.body, "more_body": False})


@lru_cache(100)
def _content_type(media_type: str) -> tuple[bytes, bytes]:
    charset = "; charset=utf-8" if media_type.startswith("text/") else ""
    return b"content-type", (media_type + charset).encode("latin-1")
