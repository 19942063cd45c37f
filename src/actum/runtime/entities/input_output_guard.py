"""InputOutputGuard: in development a command or reducer is refused input, output, the clock and chance."""

import sys
import threading
from collections.abc import Mapping
from types import FrameType
from typing import Any

from actum.errors import ImpureTurn
from actum.model.code.nondeterminism import Source, watching
from actum.model.code.place import shown_place

REFUSED = (
    "open",
    "socket.",
    "subprocess.",
    "os.",
    "shutil.",
    "urllib.",
    "sqlite3.",
    "ftplib.",
    "smtplib.",
)
ALLOWED = frozenset({"os.fspath", "os.putenv"})


class InputOutputGuard:
    """A region of code in which nothing outside the process may be touched, nor the clock read.

    Checking is off until `enforce` is called, because an audit hook can never be removed. `who` and `fix` say
    in the error whose code it is, and what to do instead; `instead` says it for the clock and random values.
    """

    def __init__(self, who: str, fix: str, instead: Mapping[Source, str]) -> None:
        self._who = who
        self._fix = fix
        self._instead = instead
        self._watch = watching(self._refuse)
        self._is_watching = False
        self.is_enforced: bool = False
        self._is_inside = False
        self._thread = 0

    def __enter__(self) -> None:
        self._is_inside = True
        # The clock raises no audit event. A profiler that runs already is not disturbed.
        if self.is_enforced and sys.getprofile() is None:
            self._is_watching = True
            sys.setprofile(self._watch)

    def __exit__(self, *_: object) -> None:
        if self._is_watching:
            self._is_watching = False
            sys.setprofile(None)
        self._is_inside = False

    def enforce(self) -> None:
        """Enables checking for the rest of this process."""
        if not self.is_enforced:
            self.is_enforced = True
            self._thread = threading.get_ident()
            sys.addaudithook(self._audit)

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._is_inside or not event.startswith(REFUSED) or event in ALLOWED:
            return
        if threading.get_ident() != self._thread or _is_importing(sys._getframe()):
            return
        what = f"{event}({', '.join(repr(argument) for argument in arguments[:1])})"
        raise ImpureTurn(f"{self._who} called {what}: {self._fix}")

    def _refuse(self, name: str, source: Source, frame: FrameType) -> None:
        if _is_importing(frame):
            return
        place = shown_place((frame.f_code.co_filename, frame.f_lineno))
        raise ImpureTurn(f"{self._who} called {name}() ({place}): {self._instead[source]}")


def _is_importing(frame: FrameType | None) -> bool:
    """Returns whether a module is being imported, as parts of the standard library are at their first use."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


pure: InputOutputGuard = InputOutputGuard(
    "a command or reducer",
    "it decides from its state and arguments alone; do this in an action and send the result in a command",
    {
        "clock": "use self.now, the time of the turn, which is the same whenever the event is read again",
        "random": "draw it where the command is sent, as with ctx.new_id(), and pass it as an argument",
        "sleep": "it waits for nothing; have a command sent later with self.schedule or ctx.schedule",
    },
)
