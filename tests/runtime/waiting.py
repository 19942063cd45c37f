"""Waiting without time: calls that get as far as they can get for now."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from actum.runtime.clock import ManualClock
from actum.runtime.node import Node

T = TypeVar("T")
ENOUGH = 50
"""Turns of the event loop after which nothing moves any more that waits for no thread and no clock."""


async def begun(work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
    """A call that has got as far as it can get for now."""
    task = asyncio.create_task(work)
    await settled()
    return task


async def settled() -> None:
    """Returns when whatever can go on in this thread has gone on."""
    for _ in range(ENOUGH):
        await asyncio.sleep(0)


async def in_time(work: Coroutine[Any, Any, T], clock: ManualClock) -> T:
    """What comes of a call, the clock being moved on whenever nothing else can go on."""
    task = await begun(work)
    while not task.done():
        wake = clock.next_wake()
        assert wake is not None, f"{task!r} waits for nothing that the clock brings"
        clock.move_to(wake)
        await settled()
    return await task


async def done_in_time(work: Coroutine[Any, Any, T], node: Node, clock: ManualClock) -> T:
    """What comes of a call that waits for a node, whose clock is moved on whenever it has settled."""
    task = await begun(work)
    while not task.done():
        await node.settle()
        clock.move_to(clock.next_wake() or clock.now())
        await settled()
    return await task
