"""One request and its response: as in uvicorn, but a head is checked as a whole and not line by line."""

import asyncio
import re
from typing import Any
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.utils import get_client_addr, get_path_with_query_string

LARGE = 65_536
"""Bytes above which a body is not copied to be sent with its head."""
EVENT_STREAM = b"content-type: text/event-stream"
WITHOUT_BODY = frozenset({204, 304})
NO_NAME = re.compile(rb'[\x00-\x1f\x7f()<>@,;:\[\]={} \t\\"]')
NO_VALUE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
"""Characters that no name and no value of a header may have (RFC 9110, 5.5 and 5.6.2)."""


class ResponseCycle(RequestResponseCycle):
    """One request and its response; its body is read as in the base class.

    The head is sent with the first part of the body, which spares a call of the system, or in the next
    iteration of the event loop if that has not come. If the answer `is_endless`, its client asks again for
    the rest when it is cut.
    """

    is_endless: bool = False
    _unsent = b""

    async def send(self, message: Any) -> None:
        """Sends one message of the response."""
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        if not self.response_started:
            self._begin(message)
        elif not self.response_complete:
            self._go_on(message)
        else:
            raise RuntimeError(f"{message['type']} was sent after the end of the response")

    def flush(self) -> None:
        """Sends the head, if it has not been sent."""
        head, self._unsent = self._unsent, b""
        if head and not self.transport.is_closing():
            self.transport.write(head)

    def _begin(self, message: Any) -> None:
        if message["type"] != "http.response.start":
            raise RuntimeError(f"a response begins with http.response.start, and not with {message['type']}")
        self.response_started = True
        self.waiting_for_100_continue = False
        status = message["status"]
        if self.access_log:
            self._log(status)
        self._unsent = self._head(status, [*self.default_headers, *message.get("headers", ())])
        asyncio.get_running_loop().call_soon(self.flush)

    def _go_on(self, message: Any) -> None:
        if message["type"] != "http.response.body":
            raise RuntimeError(f"a response goes on with http.response.body, and not with {message['type']}")
        body = message.get("body", b"")
        has_more = message.get("more_body", False)
        if self.scope["method"] == "HEAD":
            self.expected_content_length = 0
            body = b""
        elif self.chunked_encoding:
            chunk = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
            body = chunk if has_more else chunk + b"0\r\n\r\n"
        elif len(body) > self.expected_content_length:
            raise RuntimeError("Response content longer than Content-Length")
        else:
            self.expected_content_length -= len(body)
        if len(body) > LARGE:
            self.flush()
        head, self._unsent = self._unsent, b""
        if head or body:
            self.transport.write(head + body)
        if not has_more:
            self._end()

    def _end(self) -> None:
        if self.expected_content_length:
            raise RuntimeError("Response content shorter than Content-Length")
        self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()

    def _head(self, status: int, headers: list[tuple[bytes, bytes]]) -> bytes:
        if NO_NAME.search(b"".join([name for name, _ in headers])):
            raise RuntimeError("Invalid HTTP header name.")
        if NO_VALUE.search(b"".join([value for _, value in headers])):
            raise RuntimeError("Invalid HTTP header value.")
        lines = [STATUS_LINE[status]]
        has_close = False
        for name, value in headers:
            lower = name.lower()
            if lower == b"content-length" and self.chunked_encoding is None:
                self.expected_content_length = int(value.decode())
                self.chunked_encoding = False
            elif lower == b"transfer-encoding" and value.lower() == b"chunked":
                self.expected_content_length = 0
                self.chunked_encoding = True
            elif lower == b"connection" and b"close" in [
                token.lower().strip() for token in value.split(b",")
            ]:
                self.keep_alive = False
                has_close = True
            lines += (lower, b": ", value, b"\r\n")
        if not self.keep_alive and not has_close:
            lines.append(b"connection: close\r\n")
        if self.chunked_encoding is None and self.scope["method"] != "HEAD" and status not in WITHOUT_BODY:
            self.chunked_encoding = True
            self.is_endless = EVENT_STREAM in b"".join(lines)
            lines.append(b"transfer-encoding: chunked\r\n")
        lines.append(b"\r\n")
        return b"".join(lines)

    def _log(self, status: int) -> None:
        scope: Any = self.scope
        client, path = get_client_addr(scope), get_path_with_query_string(scope)
        self.access_logger.info(
            '%s - "%s %s HTTP/%s" %d', client, scope["method"], path, scope["http_version"], status
        )


def cycle_of(protocol: HttpToolsProtocol, parser: Any) -> ResponseCycle:
    """Returns a request whose head is complete, as the application gets it."""
    url = httptools.parse_url(protocol.url)
    path = url.path.decode("ascii")
    version = parser.get_http_version()
    scope: Any = {
        "type": "http",
        "asgi": {"version": protocol.asgi_version, "spec_version": "2.3"},
        "http_version": version,
        "server": protocol.server,
        "client": protocol.client,
        "scheme": protocol.scheme,
        "method": parser.get_method().decode("ascii"),
        "root_path": protocol.root_path,
        "path": protocol.root_path + (unquote(path) if "%" in path else path),
        "raw_path": protocol.root_path.encode("ascii") + url.path,
        "query_string": url.query or b"",
        "headers": protocol.headers,
        "state": protocol.app_state.copy(),
    }
    protocol.scope = scope
    return ResponseCycle(
        scope=scope,
        transport=protocol.transport,
        flow=protocol.flow,
        logger=protocol.logger,
        access_logger=protocol.access_logger,
        access_log=protocol.access_log,
        default_headers=protocol.server_state.default_headers,
        message_event=asyncio.Event(),
        expect_100_continue=protocol.expect_100_continue,
        keep_alive=version != "1.0" and parser.should_keep_alive(),
        on_response=protocol.on_response_complete,
    )
