"""The least that a durable workflow of one step takes: a commit of its start, and one of its end.

A row is inserted and then updated by one caller, with the bare driver and without anything else.
"""

import time

import asyncpg

from benchmarks.bare_sqlite import opened
from benchmarks.measure import Sample, of_latencies
from benchmarks.place import Place
from benchmarks.postgres_server import Server

SQLITE = "sqlite3, two commits"
POSTGRES = "asyncpg, two commits"
BODY = "x" * 300
"""As long as what Actum stores of a workflow."""
TABLE = "CREATE TABLE runs (number bigint PRIMARY KEY, status text NOT NULL, body text NOT NULL)"


def in_sqlite(place: Place, count: int) -> Sample:
    """Measures pairs of commits a second in a file that is as durable as Actum's."""
    file = place.file()
    latencies: list[float] = []
    with opened(file) as connection:
        connection.execute(TABLE)
        for number in range(count):
            began = time.perf_counter()
            connection.execute("INSERT INTO runs VALUES (?, 'running', ?)", (number, BODY))
            connection.execute("UPDATE runs SET status = 'completed' WHERE number = ?", (number,))
            latencies.append(time.perf_counter() - began)
    place.clear(file)
    return of_latencies(latencies, sum(latencies))


async def in_postgres(server: Server, count: int) -> Sample:
    """Measures pairs of commits a second on the server."""
    schema = await server.new_schema()
    connection = await asyncpg.connect(server.url(schema))
    await connection.execute(TABLE)
    latencies: list[float] = []
    for number in range(count):
        began = time.perf_counter()
        await connection.execute("INSERT INTO runs VALUES ($1, 'running', $2)", number, BODY)
        await connection.execute("UPDATE runs SET status = 'completed' WHERE number = $1", number)
        latencies.append(time.perf_counter() - began)
    await connection.close()
    await server.drop(schema)
    return of_latencies(latencies, sum(latencies))
