"""Benchmarks of entities in Durable Objects, on a local workerd: `python -m benchmarks.durable_objects`.

It needs npm, so it is separate from `make bench`, which needs only Python.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
import msgspec
from rich.console import Console
from rich.table import Table

from actum import Context
from actum.app import definition_of
from actum.launch import run
from actum.stores.durable_objects.bundle import bundle
from actum.stores.durable_objects.client import Client, read_url
from actum.stores.durable_objects.wire import Addressed, Command
from actum.stores.durable_objects.workerd import Workerd, default_tools, fetch_tools, prepare
from benchmarks.bank import AMOUNT, Account, account_id, viewed

SECRET = "benchmark"
ROUNDS = 5
BATCH = 1_000
SECONDS = 3.0
OBJECTS = 1_000

Figure = tuple[str, str]


async def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.durable_objects", description=__doc__)
    parser.add_argument("--dir", help="where the objects are stored; /dev/shm shows what the disk costs")
    tools = fetch_tools(default_tools())
    with tempfile.TemporaryDirectory(dir=parser.parse_args().dir) as folder:
        directory = Path(folder)
        prepare(directory, bundle(viewed.name, definition_of(viewed).catalog.kinds.values()), tools)
        server = Workerd(directory, tools, SECRET)
        try:
            figures = await cold_starts(server)
            figures += [await inside_an_object(server)]
            figures += await through_http(server, directory)
            figures += await memory_of_objects(server)
        finally:
            await server.stop()
    table = Table("", "")
    for figure in figures:
        table.add_row(*figure)
    Console(width=100).print(table)


async def cold_starts(server: Workerd) -> list[Figure]:
    """Times workerd's start up to Python's first answer, and the part of it that is workerd's own."""
    listening, answering = [], []
    for _ in range(ROUNDS):
        await server.stop()
        begun = time.perf_counter()
        await server.start()
        listening.append(time.perf_counter() - begun)
        client = Client(*read_url(server.url))
        await client.ready()
        answering.append(time.perf_counter() - begun - listening[-1])
        await client.close()
    return [
        ("workerd starts and listens", f"{statistics.median(listening):.2f} s"),
        ("the interpreter starts, with Actum and the application", f"{statistics.median(answering):.2f} s"),
    ]


async def inside_an_object(server: Workerd) -> Figure:
    """Times commands that reach one object in one request: how long the object takes for each."""
    address, secret = read_url(server.url)
    taken = []
    async with aiohttp.ClientSession(headers={"authorization": f"Bearer {secret}"}) as session:
        for number in range(ROUNDS):
            calls = [
                Addressed("Account", "hot", Command("deposit", f"[{AMOUNT}]", "{}", f"{number}-{one}"))
                for one in range(BATCH)
            ]
            begun = time.perf_counter()
            async with session.post(f"{address}/calls", data=msgspec.json.encode(calls)) as response:
                await response.read()
            taken.append((time.perf_counter() - begun) / BATCH)
    return f"a command in a request of {BATCH:,} to one object", f"{statistics.median(taken) * 1e6:.0f} µs"


async def through_http(server: Workerd, directory: Path) -> list[Figure]:
    """Counts commands of callers that each wait for their answers, while views follow in this process."""
    store = viewed.store_url(server.url, f"sqlite:///{directory / 'bank.db'}")
    figures = []
    async with run(definition_of(viewed), store=store) as node:
        for callers, entities in ((1, 1), (64, 64), (64, 1)):

            async def deposit(caller: int, entities: int = entities) -> None:
                entity = Context(node.services).entity(Account, account_id(caller % entities))
                await entity.deposit(AMOUNT)

            rate = await rate_of(deposit, callers)
            who = "1 caller" if callers == 1 else f"{callers} callers"
            where = "each with an entity of its own" if entities > 1 else "with one entity"
            figures.append((f"{who}, {where}", f"{rate:,.0f} commands/s"))
    return figures


async def rate_of(call: Callable[[int], Awaitable[None]], callers: int) -> float:
    await asyncio.gather(*(call(caller) for caller in range(callers)))
    end = time.perf_counter() + SECONDS

    async def go_on(caller: int) -> int:
        count = 0
        while time.perf_counter() < end:
            await call(caller)
            count += 1
        return count

    begun = time.perf_counter()
    counts = await asyncio.gather(*(go_on(caller) for caller in range(callers)))
    return sum(counts) / (time.perf_counter() - begun)


async def memory_of_objects(server: Workerd) -> list[Figure]:
    """Measures workerd's memory before and after many objects have been loaded."""
    await server.stop()
    await server.start()
    client = Client(*read_url(server.url))
    await client.ready()
    before = memory_of(server)
    calls = [
        client.ask("Account", f"m{number}", Command("deposit", "[1]", "{}", f"m{number}"), object)
        for number in range(OBJECTS)
    ]
    await asyncio.gather(*calls)
    after = memory_of(server)
    await client.close()
    return [
        ("memory of workerd with the interpreter", f"{before / 2**20:.0f} MiB"),
        (f"the same with {OBJECTS:,} objects alive", f"{after / 2**20:.0f} MiB"),
        ("an object", f"{(after - before) / OBJECTS / 1024:.0f} KiB"),
    ]


def memory_of(server: Workerd) -> int:
    assert server.process is not None
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    asyncio.run(main())
