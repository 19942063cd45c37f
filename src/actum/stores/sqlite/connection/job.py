"""A piece of work for the thread that writes a SQLite file."""

import asyncio
import sqlite3
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]


class Outcome:
    """What comes of something that a thread does, and the future of whoever waits for it."""

    __slots__ = ("error", "future", "result")

    def __init__(self, future: "asyncio.Future[Any]") -> None:
        self.future: asyncio.Future[Any] = future
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


class Job(Outcome):
    """A work, and where its result goes."""

    __slots__ = ("begins", "work")

    def __init__(self, work: Work[Any], future: "asyncio.Future[Any]", *, begins: bool) -> None:
        super().__init__(future)
        self.work: Work[Any] = work
        self.begins: bool = begins


class Call(Outcome):
    """A work without a connection of its own to run on, and where its result goes."""

    __slots__ = ("work",)

    def __init__(self, work: Callable[[], Any], future: "asyncio.Future[Any]") -> None:
        super().__init__(future)
        self.work: Callable[[], Any] = work

    def run(self) -> None:
        """Does the work, unless its caller has left."""
        if self.future.done():
            return
        try:
            self.result = self.work()
        except BaseException as error:  # noqa: BLE001 (handed to whoever asked)
            self.error = error
