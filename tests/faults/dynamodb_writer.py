"""A process that writes to a journal in DynamoDB and says what was acknowledged: `python -m … URL NAME`."""

import asyncio
import os
import signal
import sys

from actum.conformance.journal.bank import deposit
from actum.ports.journal import Landed
from actum.stores.dynamodb.connection.client import DynamoTable
from actum.stores.dynamodb.journal.journal import DynamoJournal

LOST = "lost"


async def write(url: str, name: str) -> None:
    """Appends to twelve streams of its own and one that all share, until it is killed.

    One that is called LOST kills itself between taking a slot and filling it.
    """
    journal = DynamoJournal(await DynamoTable.connect(url))
    if name == LOST:
        await journal._chain.reserve(1)
        os.kill(os.getpid(), signal.SIGKILL)
    version = shared = 0
    while True:
        writes = [deposit(f"{name}-{number}", version, version) for number in range(12)]
        outcomes = await journal.append([*writes, deposit("shared", shared, version)])
        for one, outcome in zip(writes, outcomes, strict=False):
            assert isinstance(outcome, Landed)
            print(one.id, version + 1, flush=True)
        if not isinstance(outcomes[-1], Landed):
            [loaded] = await journal.load([("Account", "shared")], {})
            shared = len(loaded.events) - 1
        shared += 1
        version += 1


if __name__ == "__main__":
    asyncio.run(write(*sys.argv[1:]))
