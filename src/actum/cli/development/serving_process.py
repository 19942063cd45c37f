"""One process that serves under `actum dev`, as the development server starts, hears and stops it."""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, Process
from socket import socket

import msgspec
from msgspec.structs import replace

from actum.cli.development.job import JOB, Job, Said
from actum.cli.server.serving import GRACE

MODULE = "actum.cli.development.process"
PATIENCE = GRACE + 5.0
"""Seconds that it has to stop; what it has answered is durable, so it may be ended by force after that."""


class ServingProcess:
    """A process with a job; it stops when it is asked to, and when this process is gone."""

    def __init__(
        self, process: Process, lifeline: int, reports: asyncio.StreamReader, pipe: asyncio.ReadTransport
    ) -> None:
        self._process = process
        self._lifeline = lifeline
        self._reports = reports
        self._pipe = pipe

    def __repr__(self) -> str:
        return f"<ServingProcess {self._process.pid}>"

    @classmethod
    async def start(cls, job: Job, listener: socket) -> "ServingProcess":
        """Starts a process that accepts requests on a socket, which stays open here."""
        lifeline, ours = os.pipe()
        reports, theirs = os.pipe()
        job = replace(job, listener=listener.fileno(), lifeline=lifeline, reports=theirs)
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            # Bytecode is found to be old by its second: a change within the same one would be overlooked.
            "-B",
            "-m",
            MODULE,
            env={"PYTHONUNBUFFERED": "1", **os.environ, JOB: msgspec.json.encode(job).decode()},
            stdin=DEVNULL,
            pass_fds=(job.listener, lifeline, theirs),
            # Ctrl+C reaches this process alone, which stops the other one in order.
            start_new_session=True,
        )
        os.close(lifeline)
        os.close(theirs)
        reader = asyncio.StreamReader()
        pipe, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(reports, "rb")
        )
        return cls(process, ours, reader, pipe)

    async def said(self) -> Said | None:
        """Waits until it says what came of its job; None if it ends without a word."""
        line = await self._reports.readline()
        return msgspec.json.decode(line, type=Said) if line.endswith(b"\n") else None

    async def ended(self) -> int:
        """Waits for its end, and gives its exit code; that of a signal is negative."""
        return await self._process.wait()

    async def stop(self) -> bool:
        """Stops it after the requests in progress; says whether it took so long that force was needed."""
        is_forced = False
        if self._process.returncode is None:
            self._process.terminate()
            try:
                await asyncio.wait_for(self._process.wait(), PATIENCE)
            except TimeoutError:
                is_forced = True
                self.kill()
        await self._process.wait()
        self._pipe.close()
        os.close(self._lifeline)
        return is_forced

    def kill(self) -> None:
        """Ends it at once, whatever it does."""
        if self._process.returncode is None:
            self._process.kill()
