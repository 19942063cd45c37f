"""A process that runs an action for every deposit: `python -m benchmarks.acting URL ACTION PROCESSES`.

Prints `ready` when it has its share of the slices, and ends when it reads a line.
"""

import asyncio
import sys
import time

from actum import Actions, App, Context
from benchmarks.bank import Account, Deposited
from benchmarks.loop import run

AWAITED = {"await": 0.001, "wait": 0.02}
COMPUTED = 0.001
NAME = "act"


def application(sort: str) -> App:
    """The bank with an action that does nothing, awaits 1 or 20 ms, or computes for 1 ms."""
    actions = Actions()

    @actions.on(Deposited, since="beginning", name=NAME)
    async def act(ctx: Context, event: Deposited) -> None:
        if sort in AWAITED:
            await asyncio.sleep(AWAITED[sort])
        elif sort == "compute":
            until = time.thread_time() + COMPUTED
            while time.thread_time() < until:
                pass
            # An action that never awaits would keep everything else in its process waiting.
            await asyncio.sleep(0)

    return App("bank", entities=[Account], actions=[actions])


async def act(url: str, sort: str, processes: int) -> None:
    async with application(sort).running(store=url) as ctx:
        database = ctx._services.database
        share = database.slices // processes
        actions = ctx._services.readiness.actions
        [action] = [one for one in actions if one.name == f"action {NAME}"]
        while len(action._held) != share:  # noqa: ASYNC110 (the other process's doing)
            await asyncio.sleep(0.05)
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)


if __name__ == "__main__":
    url, sort, processes = sys.argv[1:]
    run(act(url, sort, int(processes)))
