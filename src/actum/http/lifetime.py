"""The lifetime of an application's services: opened before its first request, closed after its last."""

import asyncio
import logging
import traceback
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from actum.errors import ActumError, AuthorError, Unavailable
from actum.model.error_text import error_message, error_text
from actum.runtime.containment import comes_from_outside
from actum.runtime.services import Services

GRACE = 30.0
"""Seconds that requests in progress have to finish when the application stops."""
MAX_REASON = 10_000
"""Characters of an error that an operator sees."""

log: logging.Logger = logging.getLogger("actum.http")


class Lifetime:
    """Opens the services once, and closes them when no request uses them any more.

    One task opens and closes them, as some resources demand. Without a lifespan, they are closed when the
    event loop ends and cancels that task.
    """

    def __init__(self, open_services: Callable[[], AbstractAsyncContextManager[Services]]) -> None:
        self._open_services = open_services
        self._task: asyncio.Task[None] | None = None
        self._opened: asyncio.Future[Services] | None = None
        self._stop = asyncio.Event()
        self._idle = asyncio.Event()
        self._in_progress = 0
        self._is_stopped = False
        self.services: Services | None = None

    def __repr__(self) -> str:
        return (
            f"<Lifetime, {'open' if self.services else 'not open'}, {self._in_progress} requests in progress>"
        )

    @property
    def is_stopping(self) -> bool:
        """Whether the services are closed as soon as no request uses them."""
        return self._is_stopped or self._stop.is_set()

    async def start(self) -> None:
        """Opens the services when a server starts; raises what prevents that."""
        self._is_stopped = False
        await self.open()

    async def open(self) -> Services:
        """Gives the services, and opens them if necessary; raises Unavailable once they are closed."""
        if self._is_stopped:
            raise Unavailable("the application is stopping")
        if self._task is None or self._task.done() or self._opened is None:
            self._opened = asyncio.get_running_loop().create_future()
            self._stop = asyncio.Event()
            self._idle = asyncio.Event()
            self._task = asyncio.create_task(self._live(self._opened), name="services")
        return await asyncio.shield(self._opened)

    async def close(self) -> None:
        """Lets requests in progress finish within GRACE, and closes the services."""
        self._is_stopped = True
        self._stop.set()
        if self._task is not None:
            await self._task

    @property
    def loop(self) -> asyncio.AbstractEventLoop | None:
        """The event loop in which the services are open, or are being opened; None while they are not."""
        if self._task is None or self._task.done() or self._is_stopped:
            return None
        loop = self._task.get_loop()
        return None if loop.is_closed() else loop

    async def let_go(self, services: Services) -> None:
        """Lets requests in progress finish, and closes these services; the next request opens others."""
        if self.services is services and self._task is not None:
            self._stop.set()
            await self._task

    def enter(self) -> None:
        """Notes that a request begins."""
        self._in_progress += 1

    def leave(self) -> None:
        """Notes that a request has ended."""
        self._in_progress -= 1
        if not self._in_progress:
            self._idle.set()

    async def _live(self, opened: "asyncio.Future[Services]") -> None:
        try:
            async with self._open_services() as services:
                self.services = services
                opened.set_result(services)
                await self._stop.wait()
                self.services = None
                await self._last_request()
        except BaseException as error:
            if comes_from_outside(error):
                opened.cancel()
                raise
            failure = _as_exception(error)
            if opened.done():
                raise failure from error
            opened.set_exception(failure)
        finally:
            self.services = None

    async def _last_request(self) -> None:
        try:
            async with asyncio.timeout(GRACE):
                while self._in_progress:
                    self._idle.clear()
                    await self._idle.wait()
        except TimeoutError:
            log.warning("%d requests were still in progress after %.0f s", self._in_progress, GRACE)


def explain(error: Exception) -> str:
    """Gives one line for what an operator can fix, and a traceback for everything else."""
    if isinstance(error, ActumError | OSError):
        return error_message(error, limit=MAX_REASON)
    try:
        return "".join(traceback.format_exception(error)).rstrip()
    except BaseException:  # noqa: BLE001 (formatting a foreign error may raise anything)
        return error_text(error)


def _as_exception(error: BaseException) -> Exception:
    """Gives an Exception that a future and a server can handle; a SystemExit would end the process."""
    if isinstance(error, Exception):
        return error
    return AuthorError(f"the application ended with {error_text(error)}")
