"""A scripted scenario with a journal, the same every time, which says which of its steps were acknowledged.

    python tests/faults/scenario.py FILE [beside]

prints `opened`, then for each step `acknowledged N`, or `refused N` when the store says that writes stopped.
With `beside`, the log is moved into the file beside commits, however short it is; else between commits.
"""

import asyncio
import math
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from actum.errors import StoreFailed
from actum.ports.journal import Journal, Snapshot, StreamListing, Write
from actum.stores.memory import MemoryJournal
from actum.stores.sqlite.connection import log as sqlite_log
from actum.stores.sqlite.connection import log_mover
from actum.stores.sqlite.connection.file import SqliteFile
from actum.stores.sqlite.journal.journal import SqliteJournal
from actum.stores.sqlite.journal.statements import SCHEMA

Step = Callable[[Journal], Awaitable[Any]]

ROUNDS = 8
TIME = 1_700_000_000_000_000
KINDS = ("Account", "Scrap")
IDS = ("a", "b", "c", "d", "e")
CODE = {"Account": "account-1", "Scrap": "scrap-1"}
PAGES_BEFORE_A_CHECKPOINT = 20


def write(id: str, expected: int, count: int, *, kind: str = "Account", **options: Any) -> Write:
    events = [("Deposited", 1, b'{"amount":%d,"text":"%s"}' % (n, b"x" * 300)) for n in range(count)]
    return Write(kind, id, expected, events, b'{"by":"scenario"}', TIME + expected, **options)


def one_round(number: int) -> list[Step]:
    """Gives the steps of one round; each writes in one transaction."""
    three, one = 3 * number, number
    return [
        lambda journal: journal.append(
            [write("a", three, 3), write("b", one, 1, key=f"b-{number}", reply=b"%d" % number)]
        ),
        lambda journal: journal.append(
            [
                write("c", one, 1, group=1),
                write("d", one, 1, group=1),
                write("c", 99, 1, group=2),
                write("e", one, 1, group=2),
            ]
        ),
        lambda journal: journal.append([write("x", 0, 2, kind="Scrap", key="x-1")]),
        lambda journal: journal.save_snapshot(
            "Account", "a", Snapshot(three + 2, TIME, "account-1", b"%d" % number)
        ),
        lambda journal: journal.prune("Account", "a", three - 4),
        lambda journal: journal.erase("Scrap", "x", time=0),
    ]


STEPS = [step for number in range(ROUNDS) for step in one_round(number)]


async def contents(journal: Journal) -> list[Any]:
    """Gives all that can be asked of a journal."""
    streams = [(kind, id) for kind in KINDS for id in (*IDS, "x")]
    keys = [("Account", "b", f"b-{number}") for number in range(ROUNDS)]
    return [
        await journal.head(),
        await journal.feed(0, 1_000),
        await journal.load(streams, CODE),
        await journal.replies([*keys, ("Scrap", "x", "x-1")]),
        [(await journal.streams(StreamListing(kind))).items for kind in KINDS],
    ]


async def contents_after(steps: int) -> list[Any]:
    """Gives what a journal must hold after so many steps."""
    journal = MemoryJournal()
    for step in STEPS[:steps]:
        await step(journal)
    return await contents(journal)


async def run(path: str, *, is_beside: bool) -> None:
    sqlite_log.CHECKPOINT_PAGES = PAGES_BEFORE_A_CHECKPOINT
    # Otherwise it depends on how fast the disk is, and so does the number of syncs of each thread.
    log_mover.SHORT = -1.0 if is_beside else math.inf
    journal = SqliteJournal(await SqliteFile.open(path, (SCHEMA,)))
    print("opened", flush=True)
    for number, step in enumerate(STEPS, 1):
        try:
            await step(journal)
        except StoreFailed:
            print("refused", number, flush=True)
        else:
            print("acknowledged", number, flush=True)
    await journal.close()


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1], is_beside=sys.argv[2:] == ["beside"]))
