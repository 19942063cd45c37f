"""Shows on stderr how far something is that lasts, while somebody looks at it."""

import sys
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

Report = Callable[[int, int], None]
"""Is called with how much is done, and how much there is to do."""
PartReport = Callable[[str, int, int], None]
"""Is called with what is done, how much of it, and how much there is to do (0 if nobody knows)."""


@contextmanager
def reported(what: str) -> Generator[Report]:
    """Shows how much of something is done."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with _on_terminal(Progress(*columns, console=Console(stderr=True))) as progress:
        task = None if progress is None else progress.add_task(what, total=None)

        def report(done: int, total: int) -> None:
            if progress is not None and task is not None:
                progress.update(task, completed=done, total=total)

        yield report


@contextmanager
def reported_parts() -> Generator[PartReport]:
    """Shows how much of each part of something is done: a line for each, from its first report on."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with _on_terminal(Progress(*columns, console=Console(stderr=True))) as progress:
        tasks: dict[str, TaskID] = {}

        def report(part: str, done: int, total: int) -> None:
            if progress is None:
                return
            if part not in tasks:
                tasks[part] = progress.add_task(part.replace("_", " "), total=None)
            progress.update(tasks[part], completed=done, total=total or done)

        yield report


@contextmanager
def reported_bytes() -> Generator[PartReport]:
    """Shows in one line what is being done, and to how many bytes of how many."""
    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn()
    with _on_terminal(Progress(*columns, console=Console(stderr=True))) as progress:
        shown = "opening"
        task = None if progress is None else progress.add_task(shown, total=None)

        def report(part: str, done: int, total: int) -> None:
            nonlocal shown, task
            if progress is None or task is None:
                return
            if part != shown:
                # A task that has a total keeps it: one with another part would be at 0 of those bytes.
                progress.remove_task(task)
                shown, task = part, progress.add_task(part, total=None)
            progress.update(task, completed=done, total=total or None)

        yield report


@contextmanager
def counted(what: str) -> Generator[Callable[[int], None]]:
    """Shows how many things are done, where nobody knows how many there are."""
    columns = SpinnerColumn(), TextColumn("{task.description}: {task.completed:,}"), TimeElapsedColumn()
    with _on_terminal(Progress(*columns, console=Console(stderr=True), transient=True)) as progress:
        task = None if progress is None else progress.add_task(what, total=None)

        def count(done: int) -> None:
            if progress is not None and task is not None:
                progress.update(task, completed=done)

        yield count


@contextmanager
def waiting(what: str) -> Generator[None]:
    """Shows that something is under way, and for how long."""
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    with _on_terminal(Progress(*columns, console=Console(stderr=True), transient=True)) as progress:
        if progress is not None:
            progress.add_task(what, total=None)
        yield


def _on_terminal(progress: Progress) -> AbstractContextManager[Progress | None]:
    """Gives nothing where nobody sees it: in a log it would be noise."""
    return progress if sys.stderr.isatty() else nullcontext()
