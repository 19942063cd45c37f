"""InputOutputGuard: in development a command or reducer that does input or output is refused."""

import sys
import threading
from types import FrameType
from typing import Any

from actum.errors import ImpureTurn

REFUSED = (
    "open",
    "socket.",
    "subprocess.",
    "os.",
    "shutil.",
    "time.sleep",
    "urllib.",
    "sqlite3.",
    "ftplib.",
    "smtplib.",
)
ALLOWED = frozenset({"os.fspath", "os.putenv"})


class InputOutputGuard:
    """A region of code in which nothing outside the process may be touched.

    Checking is off until `enforce` is called, because an audit hook can never be removed. `who` and `fix` say
    in the error whose code it is, and what to do instead.
    """

    def __init__(self, who: str, fix: str) -> None:
        self._who = who
        self._fix = fix
        self.is_enforced: bool = False
        self._is_inside = False
        self._thread = 0

    def __enter__(self) -> None:
        self._is_inside = True

    def __exit__(self, *_: object) -> None:
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
)
