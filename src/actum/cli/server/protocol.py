"""The HTTP protocol under `actum run`: that of uvicorn, with limits that no client can exceed."""

import asyncio
import logging
from asyncio import Transport
from typing import Any

import httptools
from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from actum.cli.server.aborted_requests import TOO_LONG
from actum.cli.server.ignored_upgrade import BODY_HEADERS, parser_behind
from actum.cli.server.limits import Limits
from actum.cli.server.request_head import UNKNOWN_METHOD, Head, HeadRefused, reason_of
from actum.cli.server.response_cycle import ResponseCycle, cycle_of
from actum.http import AsgiApp
from actum.http.problems import Answer, refusal
from actum.runtime.clock import SystemClock

CHECK = 1.0
"""Seconds between two checks of a connection's timeouts."""

LINGER = 2.0
LINGER_BYTES = 1_000_000
"""Seconds and bytes for which input is discarded, so that a client can read why it was refused."""

log: logging.Logger = logging.getLogger("actum.http")


class LimitedConfig(Config):
    """A server's configuration, with the limits that its protocol enforces; it is sent to other processes."""

    def __init__(self, app: AsgiApp | str, limits: Limits, **settings: Any) -> None:
        super().__init__(app, http=LimitedProtocol, timeout_keep_alive=limits.keep_alive, **settings)
        self.limits = limits


class LimitedProtocol(HttpToolsProtocol):
    """One connection.

    It reads a request's head, then its body (`_is_in_body`), while the application answers. One timer per
    connection regularly checks how long that has taken since `_since`, so that a request needs no timer of
    its own.
    """

    def __init__(
        self,
        config: LimitedConfig,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._limits = config.limits
        # Otherwise it would be put together for every request, and dropped by the logger.
        self.access_log = self.access_log and self.access_logger.isEnabledFor(logging.INFO)
        self._is_in_body = False
        self._has_begun = False
        self._is_refused = False
        self._closes = False
        self._is_upgrade = False
        self._messages = 0
        self._chunk = 0
        self._head_bytes = 0
        self._body_bytes = 0
        self._since = self._asked = self._paused = self.loop.time()
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self.url = b""
        self.headers: list[tuple[bytes, bytes]] = []

    @property
    def is_idle(self) -> bool:
        """Whether a request was answered, and nothing of another one has arrived."""
        is_reading = self._is_in_body or self._has_begun
        return not is_reading and self._current is not None and not self._is_answering

    @property
    def _current(self) -> RequestResponseCycle | None:
        """The newest request, and None before the first."""
        return self.cycle

    @property
    def _is_answering(self) -> bool:
        current = self._current
        return current is not None and not current.response_complete

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        is_full = len(self.connections) >= self._limits.max_connections and not self._make_room()
        super().connection_made(transport)
        self._timer = self.loop.call_later(CHECK, self._check)
        if is_full:
            self._refuse(503, "the server has as many connections as it accepts: try again later")

    def shutdown(self) -> None:
        """Begins to stop: an answer in progress is finished, and one that has no end is cut."""
        super().shutdown()
        current = self._current
        if self._is_answering and isinstance(current, ResponseCycle) and current.is_endless:
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._is_refused:
            self._discard(data)
            return
        was_idle = not self._is_in_body and not self._has_begun
        if self._is_in_body:
            self._body_bytes += len(data)
        elif self._has_begun:
            self._head_bytes += len(data)
        self._chunk = len(data)
        messages = self._messages
        self._feed(data)
        if self._has_begun and not self._is_refused:
            self._check_head(self._head_bytes)
        elif was_idle and self._messages == messages:
            self._begin()  # There were only empty lines, which may precede a request.

    def on_message_begin(self) -> None:
        self.url = b""
        self.headers = []
        self.expect_100_continue = False
        self._messages += 1
        self._begin()

    def on_headers_complete(self) -> None:
        if self._is_refused or not self._fits() or not self._is_addressed():
            return
        parser: Any = self.parser
        self._since = self.loop.time()
        self._has_begun, self._is_in_body = False, True
        self._body_bytes = 0
        self._is_upgrade = parser.should_upgrade()
        before = self._current
        app: Any = self.app
        self.cycle = cycle_of(self, parser)
        if not self.cycle.keep_alive and any(name in BODY_HEADERS for name, _ in self.headers):
            # If it were closed right after an early answer, a reset could reach the client before the answer.
            self.cycle.keep_alive = self._closes = True
        if before is None or before.response_complete:
            self._start_asgi_task(self.cycle, app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, app))

    def on_body(self, body: bytes) -> None:
        if not self._is_refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if self._is_refused or self._is_upgrade:
            return
        super().on_message_complete()
        self._is_in_body = False
        self._asked = self.loop.time() if self._body_bytes else self._since
        if not self._is_answering:
            self._since = self.loop.time()
            if self._closes:
                self.transport.close()

    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        elif not self._limits.keep_alive:
            self.loop.call_soon(self.timeout_keep_alive_handler)
        if self._is_in_body:
            self._since = self.loop.time()
        elif self._closes:
            self.transport.close()
        elif not self._has_begun:
            self._since = self.loop.time()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._asked = self.loop.time()
        self._task = task = self.loop.create_task(cycle.run_asgi(app))
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)

    def _begin(self) -> None:
        self._has_begun = True
        self._since = self.loop.time()
        self._head_bytes = 0

    def _feed(self, data: bytes) -> None:
        try:
            while data:
                data = self._rest_of(data)
        except httptools.HttpParserError as error:
            if isinstance(error, httptools.HttpParserInvalidMethodError) and data[:1].isalpha():
                self._refuse(501, UNKNOWN_METHOD)
            if not self._is_refused:
                self._refuse(400, reason_of(error))

    def _rest_of(self, data: bytes) -> bytes:
        """Parses what has arrived; gives what follows the head of a request that asks for an upgrade."""
        try:
            self.parser.feed_data(data)  # pyright: ignore[reportOptionalMemberAccess]
        except httptools.HttpParserUpgrade as upgrade:
            if not self._is_refused:
                self._is_upgrade = False
                self.parser = parser_behind(self, self.headers)
                return data[upgrade.args[0] :]
        return b""

    def _is_addressed(self) -> bool:
        """Says whether the application should see a request with this head; refuses it if not."""
        parser: Any = self.parser
        try:
            self.url = Head(parser.get_method(), parser.get_http_version(), self.url, self.headers).target()
        except HeadRefused as error:
            self._refuse(error.status, error.detail)
        return not self._is_refused

    def _discard(self, data: bytes) -> None:
        self._head_bytes += len(data)
        if self._head_bytes > LINGER_BYTES:
            self.transport.abort()

    def _make_room(self) -> bool:
        """Closes an idle connection for a new one."""
        for other in self.connections:
            if isinstance(other, LimitedProtocol) and other.is_idle and not other.transport.is_closing():
                other.transport.close()
                return True
        return False

    def _fits(self) -> bool:
        """Says whether a complete head keeps the limits; refuses it if not."""
        limits = self._limits
        is_short = self._head_bytes + self._chunk <= limits.max_header_bytes
        if is_short and len(self.url) <= limits.max_request_line and len(self.headers) <= limits.max_headers:
            return True
        return self._check_head(
            len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        )

    def _check_head(self, length: int) -> bool:
        """Refuses a request whose head is too long, whether complete or not."""
        limits = self._limits
        if len(self.url) > limits.max_request_line:
            self._refuse(414, f"the address has more than {limits.max_request_line:,} bytes")
        elif len(self.headers) > limits.max_headers:
            self._refuse(431, f"there are more than {limits.max_headers:,} headers")
        elif length > limits.max_header_bytes:
            self._refuse(431, f"the headers have more than {limits.max_header_bytes:,} bytes")
        return not self._is_refused

    def _check(self) -> None:
        """Checks whether the client or the application has taken too long."""
        if self.transport.is_closing():
            return
        self._timer = self.loop.call_later(CHECK, self._check)
        now = self.loop.time()
        if not self.flow.write_paused:
            self._paused = now
        if now - self._paused > self._limits.send_timeout:
            self.transport.abort()
        elif self._is_refused:
            self._close_after(LINGER)
        elif self._is_in_body:
            self._check_body(now - self._since)
        elif self._has_begun:
            self._check_arrival_of_head(now - self._since)
        elif self._current is None:
            self._close_after(self._limits.header_timeout)
        elif self._is_answering:
            self._check_answer(now - self._asked)
        else:
            self._close_after(self._limits.keep_alive)

    def _close_after(self, seconds: float) -> None:
        if self.loop.time() - self._since > seconds:
            self.transport.close()

    def _check_arrival_of_head(self, waited: float) -> None:
        if self.flow.read_paused:
            self._since += CHECK
        elif waited > self._limits.header_timeout:
            self._refuse(408, "the headers took too long to arrive")

    def _check_body(self, waited: float) -> None:
        if not self._is_answering:
            self._close_after(LINGER)
        elif self.flow.read_paused:
            self._since += CHECK  # The application has stopped reading.
        elif waited > self._limits.body_timeout + self._body_bytes / self._limits.min_body_rate:
            self._refuse(408, "the body took too long to arrive")

    def _check_answer(self, waited: float) -> None:
        is_late = waited > self._limits.request_timeout and not self.cycle.response_started
        if is_late and self._task is not None and not self.pipeline:
            self._task.cancel(TOO_LONG)

    def _refuse(self, status: int, detail: str) -> None:
        """Answers what cannot be served, ignores all further input, and closes the connection soon after."""
        log.debug("refused a request from %s: %s", self.client, detail)
        self._is_refused = True
        self._head_bytes = 0
        self._since = self.loop.time()
        if self._is_answering and not self._is_in_body:
            # The response to the previous request is completed, and nothing is sent after it.
            self.cycle.keep_alive = False
            return
        if self._is_answering and isinstance(self.cycle, ResponseCycle):
            self.cycle.flush()
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.flow.resume_reading()
        if not (self._is_answering and self.cycle.response_started):
            self.transport.write(self._written(refusal(status, detail, SystemClock().new_id())))
        if self.transport.can_write_eof():
            self.transport.write_eof()

    def _written(self, answer: Answer) -> bytes:
        headers = [
            *self.server_state.default_headers,
            *((name.lower().encode(), value.encode()) for name, value in answer.headers.items()),
            (b"content-length", str(len(answer.body)).encode()),
            (b"connection", b"close"),
        ]
        lines = [b"%s: %s\r\n" % header for header in headers]
        return b"".join([STATUS_LINE[answer.status], *lines, b"\r\n", answer.body])
