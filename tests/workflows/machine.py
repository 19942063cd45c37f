"""Processes with workflows on one store, to be killed, paused and replaced."""

import asyncio
import signal
import sys
from pathlib import Path

from tests.workflows.transferring import DONE, LAST_ORDERS, READY

ROOT = Path(__file__).parents[2]
PATIENCE = 120.0


class Running:
    """A process that starts transfers of a name, and whatever it has said beside the expected."""

    def __init__(self, name: str, process: asyncio.subprocess.Process) -> None:
        self.name = name
        self._process = process

    async def line(self) -> str:
        """Gives the next line that it says."""
        assert self._process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            return (await self._process.stdout.readline()).decode()

    def write(self, line: str) -> None:
        """Sends it a line."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n".encode())

    def signal(self, which: signal.Signals) -> None:
        """Sends it a signal."""
        self._process.send_signal(which)

    async def kill(self) -> None:
        """Ends it by SIGKILL."""
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def end(self) -> int:
        """Has it stop by itself, and gives its exit code."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        async with asyncio.timeout(PATIENCE):
            return await self._process.wait()


class Machine:
    """The processes on one store; the log of all of them is in the folder."""

    def __init__(self, store: str, folder: Path) -> None:
        self.store = store
        self.folder = folder
        self.running: list[Running] = []

    async def start(self, program: str, name: str) -> Running:
        """Starts a process under a name; it is not ready yet."""
        with (self.folder / "log.txt").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", program, self.store, str(self.folder), name),
                cwd=ROOT,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )
        running = Running(name, process)
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
