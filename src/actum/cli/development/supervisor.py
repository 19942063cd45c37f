"""The development server: keeps one process that serves, and replaces it when a source file changes."""

import asyncio
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from socket import socket

from msgspec.structs import replace

from actum.cli.development.browser import open_page
from actum.cli.development.job import Job, Said
from actum.cli.development.serving_process import PATIENCE, ServingProcess
from actum.cli.development.watching import changed_sources
from actum.cli.failure import CommandFailed
from actum.cli.server.serving import local_url_of

RETRY = 2.0
"""Seconds after which a store that could not be opened is tried again."""
MAX_SHOWN = 3
"""Files of a change that are named."""


class Supervisor:
    """Runs one process after the other, all of which accept requests on one socket.

    The socket stays open in this process: a request that comes between two processes waits for the next one.
    """

    def __init__(self, job: Job, listener: socket, folders: Sequence[Path], *, opens_browser: bool) -> None:
        self._job = job
        self._listener = listener
        self._folders = folders
        self._opens_browser = opens_browser
        self._changed: set[str] = set()
        self._has_changed = asyncio.Event()
        self._has_to_stop = asyncio.Event()
        self._serving: ServingProcess | None = None
        self._browsing: set[asyncio.Task[None]] = set()

    def __repr__(self) -> str:
        return f"<Supervisor of {self._job.app}>"

    async def run(self) -> None:
        """Serves until SIGINT or SIGTERM; a second one ends at once what is still being done."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop)
        watching = asyncio.create_task(self._watch())
        try:
            while not self._has_to_stop.is_set():
                await self._serve(watching)
        finally:
            watching.cancel()
            await asyncio.wait({watching})

    async def _serve(self, watching: asyncio.Task[None]) -> None:
        """Serves with one process until it has to be replaced, and decides what the next one does."""
        serving = self._serving = await ServingProcess.start(self._job, self._listener)
        hearing, ended = asyncio.create_task(serving.said()), asyncio.create_task(serving.ended())
        changed = asyncio.create_task(self._has_changed.wait())
        stopped = asyncio.create_task(self._has_to_stop.wait())
        try:
            reasons = {ended, changed, stopped, watching}
            await asyncio.wait({hearing, *reasons}, return_when=asyncio.FIRST_COMPLETED)
            said = await hearing if hearing.done() or ended.done() else None
            if said is not None:
                self._note(said)
            retry = RETRY if said is not None and said.state == "unstarted" else None
            await asyncio.wait(reasons, timeout=retry, return_when=asyncio.FIRST_COMPLETED)
            if self._has_changed.is_set():
                self._tell_changes()
        finally:
            has_ended = ended.done()
            if await serving.stop():
                print(
                    f"it did not stop within {PATIENCE:.0f} seconds, and was ended by force", file=sys.stderr
                )
            for task in (hearing, changed, stopped):
                task.cancel()
            code = await ended
        if watching.done():
            watching.result()
        self._prepare(said, code if has_ended else None)

    def _prepare(self, said: Said | None, code: int | None) -> None:
        """Decides what the next process does; `code` is that with which the former ended by itself."""
        failure = ""
        if code is not None and not self._has_changed.is_set():
            if said is not None and said.state == "unstarted" and not self._job.was_served:
                raise CommandFailed(said.message)
            failure = f"its process ended by itself, {_ending(code)}"
            if self._job.failure:
                raise CommandFailed(failure)
            print(f"error: {self._job.app}: {failure}", file=sys.stderr, flush=True)
        # What has changed since then is what the next process loads.
        self._has_changed.clear()
        self._changed.clear()
        self._job = replace(self._job, failure=failure)

    def _note(self, said: Said) -> None:
        """Takes note of what a process has made of its job, and opens the browser once."""
        if said.state == "serving":
            self._job = replace(self._job, was_served=True, known="")
        else:
            self._job = replace(self._job, known=said.message)
        if self._opens_browser and (said.console or self._job.was_served or said.state == "unloadable"):
            self._opens_browser = False
            page = said.console or local_url_of(self._listener)
            browsing = asyncio.create_task(asyncio.to_thread(open_page, page))
            self._browsing.add(browsing)
            browsing.add_done_callback(self._browsing.discard)

    async def _watch(self) -> None:
        async for paths in changed_sources(self._folders):
            self._changed.update(paths)
            self._has_changed.set()

    def _tell_changes(self) -> None:
        here = Path.cwd()
        paths = [Path(path) for path in sorted(self._changed)]
        named = [str(path.relative_to(here) if path.is_relative_to(here) else path) for path in paths]
        more = f" and {len(named) - MAX_SHOWN} more" if len(named) > MAX_SHOWN else ""
        print(f"changed: {', '.join(named[:MAX_SHOWN])}{more}; loading it again", flush=True)

    def _stop(self) -> None:
        if self._has_to_stop.is_set() and self._serving is not None:
            self._serving.kill()
        self._has_to_stop.set()


def _ending(code: int) -> str:
    if code >= 0:
        return f"with exit code {code}"
    try:
        return f"by the signal {signal.Signals(-code).name}"
    except ValueError:
        return f"by the signal {-code}"
