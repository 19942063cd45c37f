"""A piece of work for the thread that writes a SQLite file."""

import asyncio
import sqlite3
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]


class Job:
    """A work, and where its result goes."""

    __slots__ = ("begins", "error", "future", "result", "work")

    def __init__(self, work: Work[Any], future: "asyncio.Future[Any]", *, begins: bool) -> None:
        self.work: Work[Any] = work
        self.future: asyncio.Future[Any] = future
        self.begins: bool = begins
        self.result: Any = None
        self.error: BaseException | None = None

    def deliver(self) -> None:
        """Tells whoever waits what came of it."""
        if self.future.done():
            return
        if isinstance(self.error, StopIteration):
            # A future takes any error but this one.
            self.future.set_exception(RuntimeError("a work raised StopIteration"))
        elif self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)
