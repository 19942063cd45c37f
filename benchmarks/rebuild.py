"""Commands while a view with a long history is rebuilt, compared with commands while nothing else runs."""

import asyncio
import gc
import time
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from actum import Context
from actum.runtime.views.projector import Projector
from benchmarks.bank import AMOUNT, Account, account_id, viewed
from benchmarks.growth_sizes import Size, fill
from benchmarks.loop import run
from benchmarks.measure import MILLISECONDS, Contestant, Effort, Sample, of_latencies
from benchmarks.place import Place
from benchmarks.results import Against, Group

USUAL = 20_000
LARGE = 100_000
"""Entities, each with ten events and a row of the view."""
LIVE = 1_000
SECONDS = 4.0
LONGEST = 10.0
"""Seconds after which callers stop, though the rebuild may go on."""
CALLERS = {"64 callers": 64, "1 caller": 1}
WHILE = ", while the view is rebuilt"
ALONE = "the rebuild alone, in events"
REBUILT = "events rebuilt a second"


@contextmanager
def contestants(place: Place, effort: Effort) -> Iterator[dict[str, Contestant]]:
    """Returns what is measured, all on one file."""
    size = Size(effort.of(LARGE if effort.is_large else USUAL), 2, 5)
    file, _ = fill(place, size)
    found: dict[str, Contestant] = {}
    for name, callers in CALLERS.items():
        found[name] = _running(file, callers, effort, is_rebuilding=False)
        found[name + WHILE] = _running(file, callers, effort, is_rebuilding=True)
    found[ALONE] = lambda: run(_rebuilt(file))
    yield found
    place.clear(file)


def _running(file: Path, callers: int, effort: Effort, *, is_rebuilding: bool) -> Contestant:
    seconds = (LONGEST if is_rebuilding else SECONDS) * effort.scale
    return lambda: run(_measured(file, callers, seconds, is_rebuilding=is_rebuilding))


async def _measured(file: Path, callers: int, seconds: float, *, is_rebuilding: bool) -> Sample:
    """Sends commands for so many seconds, or until the rebuild is over that has begun with them."""
    latencies: list[float] = []
    async with viewed.running(store=f"sqlite:///{file}") as ctx:
        ids = await _live(ctx)
        events = ctx._services.feed.head
        building = await _begun(ctx) if is_rebuilding else None
        gc.collect()
        began = time.perf_counter()
        end = _reached(building, events, seconds) if building else asyncio.sleep(seconds)
        await _called_until(end, ctx, ids, callers, latencies)
        elapsed = time.perf_counter() - began
        seen = {"worst ms": max(latencies) * MILLISECONDS}
        if building:
            seen[REBUILT] = building.position / elapsed
        await _swapped(ctx)
    return of_latencies(latencies, elapsed, **seen)


async def _reached(building: Projector, events: int, seconds: float) -> None:
    """Returns when so many events were folded, or after so many seconds."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await building.reached(events)


async def _called_until(
    end: Awaitable[object], ctx: Context, ids: list[str], callers: int, latencies: list[float]
) -> None:
    is_over = False

    async def call(number: int) -> None:
        while not is_over:
            number = (number + callers) % len(ids)
            began = time.perf_counter()
            await ctx.entity(Account, ids[number]).deposit(AMOUNT)
            latencies.append(time.perf_counter() - began)

    calling = asyncio.gather(*(call(number) for number in range(callers)))
    await end
    is_over = True
    await calling


async def _rebuilt(file: Path) -> Sample:
    async with viewed.running(store=f"sqlite:///{file}") as ctx:
        await _live(ctx)
        events = ctx._services.feed.head
        began = time.perf_counter()
        await (await _begun(ctx)).reached(events)
        elapsed = time.perf_counter() - began
        await _swapped(ctx)
    return Sample(events / elapsed)


async def _live(ctx: Context) -> list[str]:
    """Makes some entities live, and returns their ids once the view shows it."""
    ids = [account_id(number) for number in range(LIVE)]
    await asyncio.gather(*(ctx.entity(Account, id).deposit(AMOUNT) for id in ids))
    [serving] = ctx._services.views.projectors()
    await serving.reached(ctx._services.feed.head)
    return ids


async def _begun(ctx: Context) -> Projector:
    """Begins a rebuild, and returns what builds."""
    views = ctx._services.views
    await views.rebuild(views.projectors()[0].view.name)
    return views.projectors()[-1]


async def _swapped(ctx: Context) -> None:
    """Returns when what was built serves: otherwise the next start would go on building."""
    views = ctx._services.views
    while len(views.projectors()) > 1:
        await views.works[views.projectors()[0].view.name].has_moved.wait()


GROUP = Group(
    "Commands while a view is rebuilt",
    "commands or events a second",
    contestants,
    {
        name + WHILE: [Against(name, "without"), Against(name, "p99 without", of="p99", limit=2)]
        for name in CALLERS
    },
)
