"""A process that sends commands to entities not used before: `python -m benchmarks.cold_callers
URL PREFIX CALLERS COMMANDS`.

Prints `ready`, starts when it reads a line, and prints when it began and ended, in seconds.
"""

import asyncio
import sys
import time

from benchmarks.bank import AMOUNT, Account, bare
from benchmarks.loop import run


async def deposit(url: str, prefix: str, callers: int, commands: int) -> None:
    async with bare.running(store=url) as ctx:
        await ctx.entity(Account, f"{prefix}-first").deposit(AMOUNT)
        left = iter(range(commands))

        async def call() -> None:
            for number in left:
                await ctx.entity(Account, f"{prefix}-{number}").deposit(AMOUNT)

        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        began = time.time()
        await asyncio.gather(*(call() for _ in range(callers)))
        print(began, time.time(), flush=True)


if __name__ == "__main__":
    url, prefix, callers, commands = sys.argv[1:]
    run(deposit(url, prefix, int(callers), int(commands)))
