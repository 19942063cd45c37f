"""A served process that is paused while others go on: what it still has in hand is refused or right (R6)."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import httpx
import pytest

from tests.faults.fleet import Fleet, until_settled
from tests.faults.process import Served
from tests.faults.spread_load import LATER

DEPOSITS = 40
PATIENCE = 60.0
OWNERS = "SELECT DISTINCT owner FROM actum_work WHERE owner > 0"


@pytest.fixture
async def fleet(postgres_url: str, tmp_path: Path) -> AsyncIterator[Fleet]:
    fleet = Fleet(postgres_url, tmp_path)
    yield fleet
    await fleet.end()


async def deposit(http: httpx.AsyncClient, served: Served, account: str, mark: str, amount: int) -> int:
    """Deposits once, however often it is sent: who wakes up may hang up on an idle connection."""
    body = {"mark": mark, "amount": amount}
    while True:
        try:
            answer = await http.post(
                f"{served.url}/accounts/{account}/deposits", json=body, headers={"Idempotency-Key": mark}
            )
        except httpx.TransportError:
            continue
        if answer.status_code in LATER:
            await asyncio.sleep(0.05)
            continue
        assert answer.status_code == 201, answer.text
        return int(answer.json())


async def owners(store: str) -> set[int]:
    """Gives the processes that do any work."""
    connection = await asyncpg.connect(store)
    try:
        return {owner for (owner,) in await connection.fetch(OWNERS)}
    finally:
        await connection.close()


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_a_paused_process_that_wakes_up_writes_nothing_of_what_it_had_in_hand(fleet: Fleet) -> None:
    """Its entities are behind, its works are another's; a request that it held gets a true answer."""
    zombie, other = await fleet.add(), await fleet.add()
    async with httpx.AsyncClient(timeout=60, trust_env=False) as http:
        for number in range(DEPOSITS):
            await deposit(http, zombie, f"a{number % 4}", f"before-{number}", 1)
        async with asyncio.timeout(PATIENCE):
            while len(await owners(fleet.store)) < 2:  # noqa: ASYNC110 (the processes' doing)
                await asyncio.sleep(0.05)

        under_way = [
            asyncio.create_task(deposit(http, zombie, f"a{number % 4}", f"under-way-{number}", 10))
            for number in range(8)
        ]
        await asyncio.sleep(0)
        zombie.pause()
        for number in range(DEPOSITS):
            await deposit(http, other, f"a{number % 4}", f"meanwhile-{number}", 100)
        async with asyncio.timeout(PATIENCE):
            while len(await owners(fleet.store)) > 1:  # noqa: ASYNC110 (the processes' doing)
                await asyncio.sleep(0.05)
        await until_settled(fleet)
        meanwhile = fleet.lines
        zombie.resume()
        balances = await asyncio.gather(*under_way)
        late = await deposit(http, zombie, "a0", "late", 1000)
        found = await until_settled(fleet)
        async with asyncio.timeout(PATIENCE):
            # It learns of it at its next heartbeat, in the middle of which it may have been paused.
            while "has passed to another process" not in zombie.log:  # noqa: ASYNC110 (the zombie's doing)
                await asyncio.sleep(0.05)

    assert len(meanwhile) >= 2 * DEPOSITS
    assert late == 10 + 2 * 10 + 10 * 100 + 1000
    assert all(balances[number] != balances[number + 4] for number in range(4))
    assert [await served.stop() for served in fleet.running] == [0, 0]
    found._check_history(None)
    found._check_views()
    assert {fact.place for fact in found.accounts} == fleet.lines
    assert not {mark for mark, times in found.noted.items() if times > 1}
