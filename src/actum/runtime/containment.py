"""Stops what the author's code raises where it was called: no exit, panic or stray cancellation escapes."""

import asyncio
import logging
import signal
import threading
from types import CodeType, TracebackType
from typing import Any

from actum.errors import AuthorError
from actum.model.error_text import error_text

SIGNALS = [signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]


class contained:
    """Turns what is no Exception into an AuthorError that says `where`; asyncio would stop the process.

    What comes from outside is raised unchanged: a cancellation of this task, what a signal's handler raised,
    and `passing`, which was raised before.
    """

    __slots__ = ("_passing", "_where")

    def __init__(self, where: str, *, passing: BaseException | None = None) -> None:
        self._where = where
        self._passing = passing

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None or isinstance(error, Exception) or error is self._passing:
            return
        if not comes_from_outside(error):
            raise AuthorError(f"{self._where}: {error_text(error)}") from error


def comes_from_outside(error: BaseException) -> bool:
    """Returns whether an error ends the running task from outside: nothing that it called raised it."""
    match error:
        case Exception():
            return False
        case asyncio.CancelledError():
            task = _running_task()
            return task is None or bool(task.cancelling())
        case GeneratorExit():
            # Thrown in when a coroutine is thrown away, which happens while no task runs.
            return _running_task() is None
        case KeyboardInterrupt() if _has_default_handler():
            return True
        case _:
            return _was_raised_by_a_signal(error)


def log_failure(log: logging.Logger, level: int, message: str, *arguments: Any, error: BaseException) -> None:
    """Logs an error with its traceback, or without it where the error cannot even be printed."""
    try:
        log.log(level, message, *arguments, exc_info=error)
    except BaseException:  # noqa: BLE001 (an error may do anything when it is looked at)
        log.log(level, message, *arguments)


def _running_task() -> "asyncio.Task[Any] | None":
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None


def _has_default_handler() -> bool:
    """Whether Ctrl+C raises KeyboardInterrupt wherever the program happens to be."""
    is_main = threading.current_thread() is threading.main_thread()
    return is_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler


def _was_raised_by_a_signal(error: BaseException) -> bool:
    handlers = {_code_of(signal.getsignal(number)) for number in SIGNALS} - {None}
    trace = error.__traceback__
    while handlers and trace is not None:
        if trace.tb_frame.f_code in handlers:
            return True
        trace = trace.tb_next
    return False


def _code_of(handler: Any) -> CodeType | None:
    while hasattr(handler, "func"):
        handler = handler.func
    handler = getattr(handler, "__func__", handler)
    code = getattr(handler, "__code__", None)
    return code if isinstance(code, CodeType) else None
