"""The supervisor: whoever is told to stop does, even one who did not hear it the first time."""

import asyncio
import contextlib

import pytest

from actum.runtime import supervisor
from actum.runtime.supervisor import Supervisor


async def test_a_task_that_swallows_a_cancellation_is_told_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shutdown does not hang on it."""
    monkeypatch.setattr(supervisor, "PATIENCE", 0.01)
    told = 0

    async def deaf() -> None:
        nonlocal told
        for _ in range(2):
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
            told += 1
        await asyncio.Event().wait()

    owner = Supervisor()
    owner.start("deaf", deaf)
    await asyncio.sleep(0)
    async with asyncio.timeout(60):
        await owner.stop("deaf")

    assert told == 2
