"""Ends a server that was asked to stop and does not: by force, when its time is over."""

import os
import sys
import threading
import traceback
from collections.abc import Awaitable, Callable
from types import FrameType

from actum.http import AsgiApp, Message, Receive, Scope, Send
from actum.model.code.place import FOREIGN

LIMIT = 80.0
"""Seconds after a signal in which everything must be written and closed; each part has less for itself."""
LAST = 15.0
"""Seconds in which the process must end once everything is written and closed."""
FAILED = 1


class ForcedExit:
    """Ends the process by force when its time is over, and prints what it was busy with."""

    def __init__(self, end: Callable[[int], object] = os._exit) -> None:
        self._end = end
        self._timer: threading.Timer | None = None

    def __repr__(self) -> str:
        return f"<ForcedExit{' that has begun' if self._timer else ''}>"

    def within(self, seconds: float) -> None:
        """Gives the process this many seconds from now; an earlier limit no longer holds."""
        self.cancel()
        self._timer = threading.Timer(seconds, self._force, (seconds,))
        self._timer.daemon = True
        self._timer.start()

    def cancel(self) -> None:
        """Removes the limit."""
        if self._timer is not None:
            self._timer.cancel()

    def after_shutdown(self, application: AsgiApp) -> AsgiApp:
        """Wraps an ASGI application so that the process must end soon after its shutdown."""

        def watched(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
            if scope["type"] != "lifespan":
                return application(scope, receive, send)

            async def tell(message: Message) -> None:
                await send(message)
                if message["type"].startswith("lifespan.shutdown."):
                    self.within(LAST)

            return application(scope, receive, tell)

        return watched

    def _force(self, seconds: float) -> None:
        places = "; ".join(_busy()) or "a task that swallows its cancellation"
        print(
            f"error: did not stop within {seconds:g} s, and is stopped by force. Busy: {places}",
            file=sys.stderr,
            flush=True,
        )
        sys.stdout.flush()
        self._end(FAILED)


def _busy() -> list[str]:
    """Gives, for each thread that keeps the process alive, where in the author's code it is."""
    frames = sys._current_frames()
    threads = [thread for thread in threading.enumerate() if not thread.daemon and thread.ident in frames]
    return [place for thread in threads if (place := _place(thread.name, frames[thread.ident or 0]))]


def _place(name: str, frame: FrameType) -> str:
    own = [line for line in traceback.extract_stack(frame) if not line.filename.startswith(FOREIGN)]
    return f"{name} in {own[-1].name} ({own[-1].filename}:{own[-1].lineno})" if own else ""
