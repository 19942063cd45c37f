"""What a bare batched insert does with the same rows: the limit that PostgreSQL and the disk set."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import asyncpg
from msgspec import Struct

from benchmarks.bank import account_id, viewed
from benchmarks.callers import call, distribute, open_all
from benchmarks.measure import Sample
from benchmarks.postgres_server import Server

A_COMMIT = 1_000
CALLERS = 500
TABLE = "actum_events"
COLUMNS = "position, stream, version, kind, id, type, type_version, payload, metadata, time"
ARRAYS = ("bigint", "bigint", "bigint", "text", "text", "text", "int", "bytea", "bytea", "bigint")
GIVEN = ", ".join(f"${place}::{kind}[]" for place, kind in enumerate(ARRAYS, 1))
INSERT = f"INSERT INTO {TABLE} ({COLUMNS}) SELECT * FROM unnest({GIVEN})"


class Recording(Struct, frozen=True):
    """The events that Actum wrote in a schema of the server, with a view of them."""

    schema: str
    rows: Sequence[tuple[Any, ...]]


async def record(server: Server, *, entities: int, events: int) -> Recording:
    """Has Actum write `events` events, after a first one of each entity."""
    schema = await server.new_schema()
    ids = [account_id(number) for number in range(entities)]
    async with viewed.running(store=server.url(schema)) as ctx:
        await open_all(ctx, ids)
        callers = min(CALLERS, events)
        await asyncio.gather(*(call(ctx, share, []) for share in distribute(ids, callers, events)))
    connection = await asyncpg.connect(server.url(schema))
    found = await connection.fetch(f"SELECT {COLUMNS} FROM {TABLE} ORDER BY position")
    await connection.close()
    return Recording(schema, [tuple(row) for row in found])


async def inserting(server: Server, recording: Recording, count: int) -> Sample:
    """Measures rows a second, in a table with the same indexes."""
    schema = await server.new_schema()
    connection = await asyncpg.connect(server.url(schema))
    await connection.execute(f"CREATE TABLE {TABLE} (LIKE {recording.schema}.{TABLE} INCLUDING ALL)")
    rows = recording.rows[:count]
    # A batch of Actum's is made into arrays while it is measured, and so are these.
    batches = [rows[start : start + A_COMMIT] for start in range(0, len(rows), A_COMMIT)]
    began = time.perf_counter()
    for batch in batches:
        await connection.execute(INSERT, *zip(*batch, strict=True))
    elapsed = time.perf_counter() - began
    await connection.close()
    await server.drop(schema)
    return Sample(len(rows) / elapsed)


async def selecting(server: Server, recording: Recording) -> Sample:
    """Measures rows of events read in order, a page at a time, into tuples."""
    page = f"SELECT {COLUMNS} FROM {TABLE} WHERE position > $1 ORDER BY position LIMIT {A_COMMIT}"
    connection = await asyncpg.connect(server.url(recording.schema))
    count, last = 0, 0
    began = time.perf_counter()
    while rows := await connection.fetch(page, last):
        last = [tuple(row) for row in rows][-1][0]
        count += len(rows)
    elapsed = time.perf_counter() - began
    await connection.close()
    return Sample(count / elapsed)
