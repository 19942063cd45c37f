"""A process that fills or uses a file of many entities: `python -m benchmarks.growth_process
fill FILE ENTITIES ROUNDS EVENTS`, or `live`, `spread` or `alone` with `FILE ENTITIES LIVE COMMANDS`.

Prints a sample, with how long the start took (ms) and how much memory the process has (MB).
"""

import asyncio
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from actum import Context
from benchmarks.bank import AMOUNT, Account, account_id, attached, bare, viewed
from benchmarks.callers import call_all
from benchmarks.loop import run
from benchmarks.measure import MILLISECONDS, Sample, of_latencies

WRITERS = 512
CALLERS = {"live": 64, "spread": 64, "alone": 1}
STATUS = Path("/proc/self/status")


async def fill(file: str, entities: int, rounds: int, events: int) -> Sample:
    """Has every entity make so many events in each round, in another order each time, and builds the view."""
    order = random.Random(entities)
    numbers = [*range(entities)]
    began = time.perf_counter()
    async with bare.running(store=f"sqlite:///{file}") as ctx:
        for _ in range(rounds):
            order.shuffle(numbers)
            left = iter(numbers)

            async def write(ctx: Context = ctx, left: "Sequence[int]" = left) -> None:  # type: ignore[assignment]
                for number in left:
                    await ctx.entity(Account, account_id(number)).deposit_often(AMOUNT, events)

            await asyncio.gather(*(write() for _ in range(WRITERS)))
    elapsed = time.perf_counter() - began
    memory = memory_in_mb()
    async with viewed.running(store=f"sqlite:///{file}") as ctx:
        await ctx._services.views.projectors()[0].reached(ctx._services.feed.head)
    return Sample(entities * rounds / elapsed, seen={"memory": memory})


async def use(way: str, file: str, entities: int, live: int, commands: int) -> Sample:
    """Starts the application with a view and an action, and sends commands to it."""
    draw = random.Random(entities)
    ids = [account_id(number) for number in draw.sample(range(entities), live)]
    began = time.perf_counter()
    async with attached.running(store=f"sqlite:///{file}") as ctx:
        await ctx.entity(Account, ids[0]).deposit(AMOUNT)
        started = (time.perf_counter() - began) * MILLISECONDS
        await asyncio.gather(*(ctx.entity(Account, id).deposit(AMOUNT) for id in ids))
        draw.seed()
        chosen = (
            [account_id(draw.randrange(entities)) for _ in range(commands)]
            if way == "spread"
            else draw.choices(ids, k=commands)
        )
        callers = CALLERS[way]
        latencies: list[float] = []
        elapsed = await call_all(ctx, [chosen[start::callers] for start in range(callers)], latencies)
        memory = memory_in_mb()
    return of_latencies(latencies, elapsed, start=started, memory=memory)


def memory_in_mb() -> float:
    """Returns the memory of this process that is resident."""
    [line] = [line for line in STATUS.read_text().splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) / 1024


def main() -> None:
    way, file, *rest = sys.argv[1:]
    numbers = [int(number) for number in rest]
    sample = run(fill(file, *numbers) if way == "fill" else use(way, file, *numbers))
    sys.stdout.buffer.write(msgspec.json.encode(sample))


if __name__ == "__main__":
    main()
