"""One-step workflows a second: one caller, and 64, each of whom waits for the result."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

from actum import App, Context, Workflow
from benchmarks.bare_sqlite import inserting, same_rows
from benchmarks.loop import run
from benchmarks.measure import Contestant, Effort, Sample, of_latencies
from benchmarks.place import Place
from benchmarks.recording import record
from benchmarks.results import Against, Group

FEW = 1_000
MANY = 20_000
SINGLE = "sqlite3, one row a commit"
CALLERS = {"1 caller": (1, FEW), "64 callers": (64, MANY)}


async def add_one(number: int) -> int:
    """Does what a step does, without leaving the process."""
    return number + 1


class OneStep(Workflow):
    """The shortest workflow that has something to record."""

    async def run(self, ctx: Context, number: int) -> int:
        """Runs one step."""
        return await self.step(add_one, number)


APP = App("steps", workflows=[OneStep])


@contextmanager
def contestants(place: Place, effort: Effort) -> Iterator[dict[str, Contestant]]:
    """Returns what is measured, in the order of a round."""
    few = effort.of(FEW)
    rows = same_rows(record(place, entities=100, events=few))
    yield {
        SINGLE: lambda: inserting(place, rows, few, a_commit=1),
        **{name: _running(place, effort, name) for name in CALLERS},
    }


def _running(place: Place, effort: Effort, name: str) -> Contestant:
    callers, workflows = CALLERS[name]

    def measured() -> Sample:
        file = place.file()
        sample = run(measure(f"sqlite:///{file}", callers, effort.of(workflows)))
        place.clear(file)
        return sample

    return measured


async def measure(store: str, callers: int, workflows: int) -> Sample:
    """Measures workflows a second, from the call of `start` to the result."""
    latencies: list[float] = []
    numbers = iter(range(workflows))

    async def call(ctx: Context) -> None:
        for number in numbers:
            began = perf_counter()
            workflow = ctx.workflow(OneStep, f"s-{number}")
            await workflow.start(number)
            await workflow.result()
            latencies.append(perf_counter() - began)

    async with APP.running(store=store) as ctx:
        began = perf_counter()
        await asyncio.gather(*(call(ctx) for _ in range(callers)))
        elapsed = perf_counter() - began
    return of_latencies(latencies, elapsed)


GROUP = Group(
    "Workflows",
    "one-step workflows, or rows, a second",
    contestants,
    {"1 caller": [Against(SINGLE, "one row a commit")], "64 callers": [Against("1 caller", "1 caller")]},
)
