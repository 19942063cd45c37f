"""What a PostgreSQL store shows after a fault, read without Actum and held against what clients were told."""

import json
from collections import Counter, defaultdict
from typing import Any
from zlib import crc32

import asyncpg

from actum.stores.postgres.journal.statements import HORIZON
from tests.faults.evidence import Evidence, Fact

WHOLE = "SELECT coalesce(sum(checksum_failures), 0) FROM pg_stat_database"
TABLES = {"actum_events": "position", "actum_streams": "first_position", "actum_views": "name"}


class PostgresEvidence(Evidence):
    """Everything that a store shows, in one snapshot."""

    def __init__(self) -> None:
        """Is read by `of`."""

    @classmethod
    async def of(cls, url: str) -> "PostgresEvidence":
        """Reads a store while nothing else is looked at."""
        connection = await asyncpg.connect(url)
        try:
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                return await cls()._read(connection)
        finally:
            await connection.close()

    async def _read(self, connection: Any) -> "PostgresEvidence":
        rows = await connection.fetch(
            "SELECT position, kind, id, version, type, payload, time FROM actum_events ORDER BY position"
        )
        self.facts = [Fact(*row[:5], json.loads(row[5]), row[6]) for row in map(tuple, rows)]
        self.horizon = await connection.fetchval(f"SELECT {HORIZON}")
        self.streams = {
            (kind, id): version
            for kind, id, version in await connection.fetch("SELECT kind, id, version FROM actum_streams")
        }
        self.checkpoints = dict(
            await connection.fetch("SELECT name, checkpoint FROM actum_views WHERE is_live")
        )
        done = "SELECT slice, position FROM actum_slices WHERE action = 'follow'"
        self.slices = dict(await connection.fetch(done))
        balances = await connection.fetch("SELECT id, balance, events FROM balances")
        self.balances = {tuple(row) for row in balances}
        self.notes = {tuple(row) for row in await connection.fetch("SELECT mark, times FROM notes")}
        messages = await connection.fetch("SELECT body FROM actum_messages")
        timers = await connection.fetch("SELECT arguments FROM actum_timers")
        self.waiting = {json.loads(body)["mark"] for (body,) in messages} | {
            json.loads(arguments)[0] for (arguments,) in timers
        }
        self.letters = [tuple(row) for row in await connection.fetch("SELECT * FROM actum_letters")]
        self.integrity = [("ok" if await _is_whole(connection) else "broken",)]
        self.noted = Counter(fact.payload["mark"] for fact in self.facts if fact.kind == "Ledger")
        self.accounts = [fact for fact in self.facts if fact.kind == "Account"]
        self.by_mark = defaultdict(list)
        for fact in self.accounts:
            self.by_mark[fact.payload["mark"]].append(fact)
        return self

    @property
    def readable(self) -> list[Fact]:
        # A transaction that was still open may have put its events among those beyond.
        return [fact for fact in self.facts if fact.position < self.horizon]

    def _is_passed(self, fact: Fact) -> bool:
        slice = crc32(f"{fact.kind}/{fact.id}".encode()) % 16
        return fact.position <= self.slices.get(slice, 0)

    def _check_positions(self) -> None:
        positions = [fact.position for fact in self.facts]
        assert positions == sorted(set(positions))


async def _is_whole(connection: Any) -> bool:
    """I8: pages pass their checksums, and what the indexes find is what the tables hold."""
    for table, column in TABLES.items():
        found = []
        for forbidden in ("seqscan", "indexscan"):
            await connection.execute(f"SET LOCAL enable_seqscan = on; SET LOCAL enable_{forbidden} = off")
            found.append(await connection.fetch(f"SELECT {column} FROM {table} ORDER BY {column}"))
        if found[0] != found[1]:
            return False
    return bool(await connection.fetchval(WHOLE) == 0)
