"""Refuses a request body of a content type that its address does not accept, before it is read."""

from collections.abc import AsyncGenerator, Sequence
from inspect import Parameter
from typing import Any

from litestar import Request
from litestar.enums import RequestEncodingType
from litestar.exceptions import HTTPException
from litestar.params import BodyKwarg

from actum.http.parameters import own_mark

TAKES = "actum.takes"
"""The name of the handler option with the content type of its body."""

OTHER_NAMES = {
    RequestEncodingType.MESSAGEPACK.value: ("application/msgpack", "application/vnd.msgpack"),
}
JSON = RequestEncodingType.JSON.value
UNSUPPORTED = 415


class TypedRequest(Request[Any, Any, Any]):
    """A request whose body can be read only if it is of the content type that its handler accepts."""

    def stream(self) -> AsyncGenerator[bytes, None]:
        """Gives the body in pieces; raises HTTPException (415) if it is of another type."""
        headers = self.scope["headers"]
        taken = self.scope["route_handler"].opt.get(TAKES)
        if taken is not None and (b"content-type", taken.encode()) not in headers:
            _check(taken, dict(headers))
        return super().stream()


def taken_type(parameters: Sequence[Parameter]) -> str | None:
    """Gives the content type of a handler's `data`, None for a handler that takes no body, or any."""
    data = next((parameter for parameter in parameters if parameter.name == "data"), None)
    mark = own_mark(data.annotation) if data is not None else None
    if not isinstance(mark, BodyKwarg):
        return None
    return mark.media_type.value if isinstance(mark.media_type, RequestEncodingType) else mark.media_type


def _check(taken: str, headers: dict[bytes, bytes]) -> None:
    """Accepts a body without a Content-Type as what it should be."""
    said = headers.get(b"content-type")
    if said is None or headers.get(b"content-length") == b"0":
        return
    kind = said.partition(b";")[0].decode("latin-1").strip().lower()
    if kind == taken or kind in OTHER_NAMES.get(taken, ()) or (taken == JSON and "json" in kind):
        return
    raise HTTPException(
        f"the body's Content-Type is {kind}, and this address accepts {taken}",
        status_code=UNSUPPORTED,
    )
