"""`actum run` as a child process, to be killed at will."""

import asyncio
import os
import signal
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
ACTUM = Path(sys.executable).with_name("actum")
PATIENCE = 60.0


class Served:
    """An application that another process serves on a port of this machine."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process = process
        self._log = log
        self.url = ""

    def __repr__(self) -> str:
        return f"<Served {self.url or 'not yet'}, process {self._process.pid}>"

    @property
    def log(self) -> str:
        """What it has said beside its first lines."""
        return self._log.read_text()

    @classmethod
    async def start(cls, app: str, *, store: str, log: Path, **environment: str) -> "Served":
        """Starts the process; it does not serve yet."""
        with log.open("ab") as file:
            process = await asyncio.create_subprocess_exec(
                ACTUM,
                *("run", app, "--store", store, "--port", "0"),
                cwd=ROOT,
                env=os.environ | environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=file,
            )
        return cls(process, log)

    async def ready(self) -> None:
        """Returns when it takes requests."""
        assert self._process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            line = (await self._process.stdout.readline()).decode()
        assert " at http://" in line, f"it said {line!r} and {self._log.read_text()[-2_000:]}"
        self.url = line.rsplit(maxsplit=1)[1]

    async def kill(self) -> None:
        """Ends it by SIGKILL."""
        self._process.kill()
        await self._process.wait()

    def pause(self) -> None:
        """Has it stand still, its connections open, as a machine under pressure would."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Lets it go on as if nothing had been."""
        self._process.send_signal(signal.SIGCONT)

    async def stop(self) -> int:
        """Ends it by SIGTERM, and gives its exit code."""
        self._process.terminate()
        async with asyncio.timeout(PATIENCE):
            return await self._process.wait()

    async def end(self) -> None:
        """Sees to it that nothing of it is left."""
        if self._process.returncode is None:
            await self.kill()
