"""Tasks that the author's code starts: an exit that one of them raises ends the task, and not the process."""

import asyncio
from collections.abc import Coroutine
from contextvars import Context, ContextVar
from types import TracebackType
from typing import Any

from actum.errors import AuthorError
from actum.model.error_text import error_text
from actum.runtime.containment import comes_from_outside

runs_author_code: ContextVar[bool] = ContextVar("runs_author_code", default=False)
"""True in a context in which an action, a handler or a resource runs, and in all that it starts."""


class ContainedCoroutine(Coroutine[Any, Any, Any]):
    """A coroutine whose exits are errors; otherwise it is the coroutine that it was made of."""

    def __init__(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        self._coroutine = coroutine

    def __repr__(self) -> str:
        return repr(self._coroutine)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._coroutine, name)

    def __await__(self) -> Any:
        return self._coroutine.__await__()

    def send(self, value: Any) -> Any:
        """Runs the coroutine to its next await."""
        try:
            return self._coroutine.send(value)
        except (SystemExit, KeyboardInterrupt) as error:
            _contain(error)
            raise

    def throw(self, kind: Any, value: Any = None, trace: TracebackType | None = None) -> Any:
        """Raises an exception at the await."""
        error = kind if value is None else value
        if isinstance(error, GeneratorExit):
            # What it waited for raised this. Thrown in, it would close every coroutine on the way, none of
            # which could handle it.
            error = AuthorError(f"what was waited for ended in {error_text(error)}")
        try:
            return self._coroutine.throw(error)
        except (SystemExit, KeyboardInterrupt) as error:
            _contain(error)
            raise

    def close(self) -> None:
        """Closes the coroutine."""
        self._coroutine.close()


def contain_tasks(loop: asyncio.AbstractEventLoop) -> None:
    """From now on, contains every task of the loop that the author's code starts."""
    before = loop.get_task_factory()
    if getattr(before, "contains", False):
        return

    def make(loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> Any:
        context: Context | None = options.get("context")
        is_authors = runs_author_code.get() if context is None else context.get(runs_author_code, False)
        if is_authors and asyncio.iscoroutine(coroutine):
            coroutine = ContainedCoroutine(coroutine)
        if before is None:
            return asyncio.Task(coroutine, loop=loop, **options)
        return before(loop, coroutine, **options)

    make.contains = True  # type: ignore[attr-defined]
    loop.set_task_factory(make)


def _contain(error: BaseException) -> None:
    if not comes_from_outside(error):
        raise AuthorError(f"a task ended in {error_text(error)}") from error
