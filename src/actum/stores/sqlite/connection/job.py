"""Work for the threads of a SQLite file, and its outcome."""

import asyncio
import sqlite3
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]


class Outcome:
    """The outcome of work that a thread does, and the future of its caller."""

    __slots__ = ("error", "future", "result")

    def __init__(self, future: "asyncio.Future[Any]") -> None:
        self.future: asyncio.Future[Any] = future
        self.result: Any = None
        self.error: BaseException | None = None

    def deliver(self) -> None:
        """Gives the outcome to the caller."""
        if self.future.done():
            return
        if isinstance(self.error, StopIteration):
            # A future accepts any error but this one.
            self.future.set_exception(RuntimeError("a work raised StopIteration"))
        elif self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


class Job(Outcome):
    """Work for the writer thread."""

    __slots__ = ("begins", "work")

    def __init__(self, work: Work[Any], future: "asyncio.Future[Any]", *, begins: bool) -> None:
        super().__init__(future)
        self.work: Work[Any] = work
        self.begins: bool = begins


class Call(Outcome):
    """Work for other threads, which is not given a connection."""

    __slots__ = ("work",)

    def __init__(self, work: Callable[[], Any], future: "asyncio.Future[Any]") -> None:
        super().__init__(future)
        self.work: Callable[[], Any] = work

    def run(self) -> None:
        """Does the work, unless its caller was cancelled."""
        if self.future.done():
            return
        try:
            self.result = self.work()
        except BaseException as error:  # noqa: BLE001 (given to the caller)
            self.error = error
