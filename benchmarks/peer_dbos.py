"""Workflows of one step with DBOS, run by a Python that has it: `python peer_dbos.py
URL CALLERS WORKFLOWS` prints the time of each workflow, from its start to its result, and of all, in seconds.

Callers are tasks of one event loop.
"""

import asyncio
import gc
import json
import sys
import time

from dbos import DBOS


@DBOS.step()
async def deposit(amount: int) -> int:
    return amount


@DBOS.workflow()
async def pay(amount: int) -> int:
    return await deposit(amount)


async def measure(callers: int, workflows: int) -> dict[str, object]:
    latencies: list[float] = []

    async def call(count: int) -> None:
        for _ in range(count):
            began = time.perf_counter()
            handle = await DBOS.start_workflow_async(pay, 7)
            assert await handle.get_result() == 7
            latencies.append(time.perf_counter() - began)

    await asyncio.gather(*(call(1) for _ in range(callers)))
    latencies.clear()
    gc.collect()
    began = time.perf_counter()
    await asyncio.gather(*(call(workflows // callers) for _ in range(callers)))
    return {"latencies": latencies, "elapsed": time.perf_counter() - began}


def main() -> None:
    url, callers, workflows = sys.argv[1:]
    DBOS(config={"name": "bank", "system_database_url": url, "log_level": "ERROR"})
    DBOS.launch()
    measured = asyncio.run(measure(int(callers), int(workflows)))
    DBOS.destroy()
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
