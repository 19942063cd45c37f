"""Runs command lines in a test: in this process to see what they print, or in one of their own to serve."""

import importlib
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import msgspec
import pytest
from msgspec import Struct

from actum.cli.main import main

PATIENCE = 60.0
"""Seconds that a process has to say what a test waits for."""


class Result(Struct, frozen=True):
    """What a command line printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[Any]:
        """The lines of JSON that it printed."""
        return [msgspec.json.decode(line) for line in self.out.splitlines()]


class CommandLine:
    """Runs command lines in this process."""

    def __init__(self, captured: pytest.CaptureFixture[str]) -> None:
        self._captured = captured

    def __call__(self, *arguments: str) -> Result:
        importlib.invalidate_caches()
        self._captured.readouterr()
        code = 0
        try:
            main(arguments)
        except SystemExit as end:
            code = int(end.code or 0)
        captured = self._captured.readouterr()
        return Result(code, captured.out, captured.err)


class Process:
    """A command line in a process of its own."""

    def __init__(self, directory: Path, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "actum", *arguments],
            cwd=directory,
            # What it says must come through a pipe in time by its own doing.
            env={name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.out = Lines(self._process.stdout)
        self.err = Lines(self._process.stderr)

    @property
    def url(self) -> str:
        """The address at which it serves, once it does."""
        return self.out.wait_for(" is running at ").split()[-1]

    def tell(self, number: signal.Signals) -> None:
        """Sends a signal."""
        self._process.send_signal(number)

    def end(self) -> int:
        """Waits for its end and gives the exit code."""
        return self._process.wait(PATIENCE)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Sends a signal, waits for its end and gives the exit code."""
        self.tell(number)
        return self.end()

    def kill(self) -> None:
        """Ends it for good, whatever it is doing."""
        self._process.kill()
        self._process.wait(PATIENCE)
        self.out.close()
        self.err.close()


class Lines:
    """The lines that a process prints, as they come."""

    def __init__(self, stream: IO[str] | None) -> None:
        assert stream is not None
        self._stream = stream
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def wait_for(self, text: str) -> str:
        """Gives the next line with this text in it, within the patience."""
        while text not in (line := self._lines.get(timeout=PATIENCE)):
            pass
        return line

    def rest(self) -> Sequence[str]:
        """Gives what was printed since, once the process has ended."""
        self._reader.join(PATIENCE)
        return [self._lines.get() for _ in range(self._lines.qsize())]

    def close(self) -> None:
        """Lets go of the stream of a process that has ended."""
        self._reader.join(PATIENCE)
        self._stream.close()

    def _read(self) -> None:
        for line in self._stream:
            self._lines.put(line.rstrip("\n"))
