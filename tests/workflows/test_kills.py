"""A process whose workflows move money is killed again and again: no money is lost, no effect comes twice."""

import asyncio
import os
import random
import sqlite3
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.workflows.transferring import ACCOUNTS, OPENING, Account, application, transfer

COUNT = 300
KILLS = int(os.environ.get("ACTUM_KILLS", "6"))
SEED = int(os.environ.get("ACTUM_SEED", "0")) or random.randrange(10**9)


def start(folder: Path) -> "subprocess.Popen[str]":
    program = [sys.executable, "-m", "tests.workflows.transferring", str(folder), str(COUNT)]
    return subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_kills_lose_no_money_and_repeat_no_effect(tmp_path: Path) -> None:
    print(f"ACTUM_SEED={SEED}")
    chance = random.Random(SEED)
    killed = 0
    for _ in range(KILLS):
        process = start(tmp_path)
        try:
            process.wait(timeout=chance.uniform(0.5, 2.0))
        except subprocess.TimeoutExpired:
            process.kill()
            killed += 1
        process.communicate()
    last = start(tmp_path)
    told, errors = last.communicate(timeout=120)

    assert told == "done\n", errors
    assert killed >= KILLS // 2
    balances, unfinished = asyncio.run(outcome(tmp_path))
    expected = Counter({f"a-{number}": OPENING for number in range(ACCOUNTS)})
    for number in range(COUNT):
        source, target, amount, is_refused = transfer(number)
        if not is_refused:
            expected[source] -= amount
            expected[target] += amount
    assert unfinished == []
    assert sum(balances.values()) == ACCOUNTS * OPENING
    assert balances == dict(expected)
    assert effects(tmp_path) == Counter(
        what
        for number in range(COUNT)
        for what in (f"t-{number} sent", *([f"t-{number} undone"] if transfer(number)[3] else []))
    )


async def outcome(folder: Path) -> tuple[dict[str, int], list[str]]:
    """Gives the balance of each account, and the workflows that have not ended."""
    async with application(folder).running(f"sqlite:///{folder / 'app.db'}") as ctx:
        balances = {
            f"a-{number}": (await ctx.state(Account, f"a-{number}")).balance for number in range(ACCOUNTS)
        }
        counts = await ctx._services.database.workflow_counts()
        return balances, [f"{one.count} {one.kind} {one.status}" for one in counts]


def effects(folder: Path) -> "Counter[str]":
    """Gives how often each effect came to the service outside."""
    connection = sqlite3.connect(folder / "sink.db")
    try:
        return Counter(what for (what,) in connection.execute("SELECT what FROM effects"))
    finally:
        connection.close()
