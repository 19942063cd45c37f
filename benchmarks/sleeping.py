"""Workflows that sleep: how fast they are started, what memory they need meanwhile, and how fast they wake.

All wake at the same moment, which is after the last was started: `python -m benchmarks.sleeping FILE COUNT`
measures that in a process of its own, and prints a sample.
"""

import asyncio
import gc
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import msgspec

from actum import App, Context, Workflow
from benchmarks.growth_process import memory_in_mb
from benchmarks.loop import run
from benchmarks.measure import Contestant, Effort, Sample
from benchmarks.place import Place
from benchmarks.results import Group

SLEEPERS = 100_000
CALLERS = 256
STARTED_A_SECOND = 1_500
"""The slowest rate of starts for which the moment of waking is late enough."""
SHORTEST = 20.0
PATIENCE = 1_800
WOKEN = "woken a second"
BYTES = "bytes of memory each"
KB_OF_FILE = "KB of file each"


class Woken:
    """Counts the workflows that woke, and notes when the first and the last of them did."""

    def __init__(self) -> None:
        self.left = 0
        self.first = self.last = 0.0
        self.all = asyncio.Event()

    def expect(self, count: int) -> None:
        """Begins to count as many."""
        self.left = count
        self.first = self.last = 0.0
        self.all.clear()

    def note(self) -> None:
        """Counts one."""
        self.last = time.perf_counter()
        self.first = self.first or self.last
        self.left -= 1
        if not self.left:
            self.all.set()


woken = Woken()


async def wake() -> None:
    """Does what the step after the sleep does."""
    woken.note()


class Sleeper(Workflow):
    """Sleeps until a moment of the system's clock (seconds), then runs one step."""

    async def run(self, ctx: Context, until: float) -> None:
        """Sleeps, and wakes."""
        await self.sleep(timedelta(seconds=max(0.0, until - self.now.timestamp())))
        await self.step(wake)


APP = App("sleepers", workflows=[Sleeper])


async def sleeping(file: Path, count: int, *, shortest: float = SHORTEST) -> Sample:
    """Starts so many, waits until all sleep, and then until all have woken.

    They sleep for `shortest` seconds at least, or for as long as it takes to start them.
    """
    numbers = iter(range(count))
    woken.expect(count)

    async with APP.running(store=f"sqlite:///{file}") as ctx:
        gc.collect()
        before = memory_in_mb()
        until = time.time() + max(shortest, count / STARTED_A_SECOND)
        began = time.perf_counter()

        async def start() -> None:
            for number in numbers:
                await ctx.workflow(Sleeper, f"s-{number}").start(until)

        await asyncio.gather(*(start() for _ in range(CALLERS)))
        elapsed = time.perf_counter() - began
        gc.collect()
        # Half of the time that is left, so that those that were started last have gone to sleep.
        await asyncio.sleep(max(0.0, (until - time.time()) / 2))
        if time.time() >= until:
            raise RuntimeError(f"{count} workflows were not all started in time: they took {elapsed:.0f} s")
        held = memory_in_mb() - before
        size = _size(file)
        await woken.all.wait()
    return Sample(
        count / elapsed,
        seen={
            WOKEN: count / (woken.last - woken.first),
            BYTES: held * 1024 * 1024 / count,
            KB_OF_FILE: size / 1_000 / count,
        },
    )


def _size(file: Path) -> int:
    return file.stat().st_size


@contextmanager
def contestants(place: Place, effort: Effort) -> Iterator[dict[str, Contestant]]:
    """Returns what is measured."""
    count = effort.of(SLEEPERS)

    def measured() -> Sample:
        file = place.file()
        command = [sys.executable, "-m", "benchmarks.sleeping", str(file), str(count)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=PATIENCE)
        place.clear(file)
        return msgspec.json.decode(done.stdout, type=Sample)

    yield {f"{count:,} workflows that sleep": measured}


def main() -> None:
    file, count = sys.argv[1:]
    sys.stdout.buffer.write(msgspec.json.encode(run(sleeping(Path(file), int(count)))))


GROUP = Group("Workflows that sleep", "started a second", contestants, {})

if __name__ == "__main__":
    main()
