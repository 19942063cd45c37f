"""Processes with workflows on one store, to be killed, paused and replaced."""

import asyncio
import multiprocessing
import os
import signal
import socket
import sys
from importlib import import_module
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from tests.workflows.transferring import DONE, LAST_ORDERS, READY

PATIENCE = 120.0
# Forked from one that has imported everything, which takes longer than what a process then lives.
FORKED = multiprocessing.get_context("forkserver")
FORKED.set_forkserver_preload(
    [
        "tests.workflows.transferring",
        "tests.workflows.deploying",
        "actum.launch",
        "actum.http.server",
        "asyncpg",
    ]
)


def enter(program: str, arguments: tuple[str, Path, str], parent: Connection, log: Path) -> None:
    """Runs a program, a module with `run(store, folder, name)`, in this process, which was just started."""
    with log.open("ab") as file:
        os.dup2(file.fileno(), 2)
    sys.stdin, sys.stdout = os.fdopen(os.dup(parent.fileno()), "r"), os.fdopen(os.dup(parent.fileno()), "w")
    asyncio.run(import_module(program).run(*arguments))


class Running:
    """A process that runs a program under a name."""

    def __init__(
        self,
        name: str,
        process: ForkServerProcess,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.name = name
        self._process = process
        self._reader = reader
        self._writer = writer

    async def line(self) -> str:
        """Gives the next line that it says."""
        async with asyncio.timeout(PATIENCE):
            return (await self._reader.readline()).decode()

    def write(self, line: str) -> None:
        """Sends it a line."""
        self._writer.write(f"{line}\n".encode())

    def signal(self, which: signal.Signals) -> None:
        """Sends it a signal."""
        assert self._process.pid is not None
        os.kill(self._process.pid, which)

    async def kill(self) -> None:
        """Ends it by SIGKILL."""
        self._process.kill()
        await self._ended()

    async def end(self) -> int | None:
        """Has it stop by itself, and gives its exit code."""
        self._writer.write_eof()
        return await self._ended()

    async def _ended(self) -> int | None:
        await asyncio.to_thread(self._process.join, PATIENCE)
        self._writer.close()
        return self._process.exitcode


class Machine:
    """The processes on one store; the log of all of them is in the folder."""

    def __init__(self, store: str, folder: Path) -> None:
        self.store = store
        self.folder = folder
        self.running: list[Running] = []

    async def start(self, program: str, name: str) -> Running:
        """Starts a process under a name; it is not ready yet."""
        ours, theirs = FORKED.Pipe()
        arguments = (self.store, self.folder, name)
        process = FORKED.Process(target=enter, args=(program, arguments, theirs, self.folder / "log.txt"))
        await asyncio.to_thread(process.start)
        theirs.close()
        streams = await asyncio.open_connection(sock=socket.socket(fileno=os.dup(ours.fileno())))
        ours.close()
        running = Running(name, process, *streams)
        self.running.append(running)
        return running

    async def ready(self, running: Running) -> None:
        """Returns when a process is at work."""
        line = await running.line()
        assert line == READY, f"{line!r}, {self.log}"

    async def kill(self, running: Running) -> None:
        """Kills a process."""
        self.running.remove(running)
        await running.kill()

    async def finish(self) -> None:
        """Has the processes start nothing more, and returns when every workflow has ended and they too."""
        (self.folder / LAST_ORDERS).touch()
        for running in self.running:
            assert await running.line() == DONE, self.log
        assert [await running.end() for running in self.running] == [0] * len(self.running), self.log

    @property
    def log(self) -> str:
        """The end of what the processes have logged."""
        return (self.folder / "log.txt").read_text()[-5_000:]
