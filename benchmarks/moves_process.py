"""A process that fills, exports, imports or reads a store of the bank: `python -m benchmarks.moves_process
fill URL EVENTS ACCOUNTS`, `export URL FILE STOP`, `import URL FILE STOP`, `digest URL`, or `contents URL`.

With a STOP above 0 it kills itself once so many events are written. Prints a result as JSON.
"""

import asyncio
import hashlib
import os
import resource
import signal
import sys
import time
from pathlib import Path

import msgspec
from msgspec import Struct

from actum.model.event import with_json_field
from actum.operations.moves.digesting import digest_store
from actum.operations.moves.exporting import export_application
from actum.operations.moves.importing import import_application
from actum.ports.journal import Claim, Landed, Write
from actum.stores.open import open_stores
from benchmarks.bank import AMOUNT, account_id, viewed
from benchmarks.moves_compared import contents

BATCH = 5_000
EVERY_KEY = 10
"""One command in so many has an idempotency key."""
EVERY_CLAIM = 10
"""One account in so many claims a number."""
START = 1_893_456_000_000_000
PAYLOAD = b'{"amount":%d}' % AMOUNT


class Result(Struct, frozen=True):
    """How many events a process has written or read, in which time, and with how much memory (MB)."""

    events: int
    seconds: float
    memory: float
    digest: str = ""


async def fill(url: str, events: int, accounts: int) -> Result:
    """Writes deposits of accounts by turns, as commands do; one in ten has a key and its reply.

    The first of every tenth account claims a number.
    """
    began = time.perf_counter()
    async with open_stores(url) as stores:
        for start in range(0, events, BATCH):
            writes = [_write(number, accounts) for number in range(start, min(start + BATCH, events))]
            outcomes = await stores.journal.append(writes)
            assert all(type(one) is Landed for one in outcomes)
    return _result(events, began)


async def move(way: str, url: str, file: str, stop: int) -> Result:
    """Exports to a file or imports from it."""
    began = time.perf_counter()

    def report(part: str, done: int, _: int) -> None:
        if stop and part == "events" and done >= stop:
            os.kill(os.getpid(), signal.SIGKILL)

    if way == "export":
        exported = await export_application(viewed, url, Path(file), report)
        return _result(exported.counts["events"] - exported.resumed, began, exported.digest)
    imported = await import_application(viewed, url, Path(file), report, is_checked=False)
    return _result(imported.counts["events"] - imported.resumed, began, imported.digest)


async def digest(url: str) -> Result:
    """Reads all events."""
    began = time.perf_counter()
    found = await digest_store(url, lambda *_: None)
    return _result(found.events, began, found.digest)


def _write(number: int, accounts: int) -> Write:
    write = Write(
        "Account",
        account_id(number % accounts),
        number // accounts,
        [("Deposited", 1, PAYLOAD)],
        b'{"command":"deposit","correlation_id":"%032x"}' % number,
        START + number,
        key=None if number % EVERY_KEY else f"deposit-{number}",
        call="deposit",
        reply=b"%d" % number,
    )
    if number < accounts and number % EVERY_CLAIM == 0:
        claim = Claim("number", hashlib.sha256(b"%d" % number).digest())
        write.claims = [claim]
        record = b'[["number","%b",false]]' % claim.digest.hex().encode()
        write.metadata = with_json_field(write.metadata, b"claims", record)
    return write


def _result(events: int, began: float, digest: str = "") -> Result:
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024
    return Result(events, time.perf_counter() - began, memory, digest)


def main(way: str, url: str, *rest: str) -> None:
    done: Struct
    match way:
        case "fill":
            done = asyncio.run(fill(url, int(rest[0]), int(rest[1])))
        case "digest":
            done = asyncio.run(digest(url))
        case "contents":
            done = asyncio.run(contents(url))
        case _:
            done = asyncio.run(move(way, url, rest[0], int(rest[1])))
    sys.stdout.write(msgspec.json.encode(done).decode() + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
