"""Every table and column of a store is moved, or is named here with the reason why not."""

import sqlite3
from contextlib import closing
from pathlib import Path

import asyncpg

from actum.stores.open import open_stores
from actum.stores.statements.carried_tables import OF_DATABASE, OF_JOURNAL, SLICES

CARRIED = {table.stored: set(table.columns) for table in (*OF_JOURNAL, *OF_DATABASE, SLICES)}
NOT_CARRIED = {
    "actum_events": "moved as events",
    "actum_streams": "follows from the events, but for first times",
    "actum_erased": "moved as events",
    "actum_identity": "moved as the identity",
    "actum_highest": "moved as the last position",
    "actum_journal": "the order of positions: moved as the last one",
    "actum_queues": "the order of messages: moved as the highest number",
    "actum_claims": "moved as claims",
    "actum_claim_keys": "moved as claims",
    "actum_claim_log": "moved as claims",
    "actum_snapshots": "only a cache",
    "actum_segments": "archived events are moved as events",
    "actum_segments_due": "archived events are moved as events",
    "actum_segments_unused": "archived events are moved as events",
    "actum_views": "views are built again",
    "actum_generations": "views are built again",
    "actum_rebuilds": "views are built again",
    "actum_set_aside": "views are built again",
    "actum_waiting": "views are built again",
    "actum_binding": "the new store is bound anew",
    "actum_schema": "belongs to the store",
    "actum_whole": "says of a file whether it needs its log",
    "actum_writers": "processes that write, of which there are none",
    "actum_processes": "processes that run, of which there are none",
    "actum_work": "leases of processes, of which there are none",
}


async def test_every_table_of_a_file_is_moved_or_named(tmp_path: Path) -> None:
    file = tmp_path / "store.db"
    async with open_stores(f"sqlite:///{file}"):
        pass

    with closing(sqlite3.connect(file)) as connection:
        names = [
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        columns = {
            name: {row[1] for row in connection.execute(f"PRAGMA table_info({name})")} for name in names
        }
    check({name: found for name, found in columns.items() if name.startswith("actum_")})


async def test_every_table_of_postgresql_is_moved_or_named(postgres_url: str) -> None:
    async with open_stores(postgres_url):
        pass

    connection = await asyncpg.connect(postgres_url)
    rows = await connection.fetch(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema()"
    )
    await connection.close()
    columns: dict[str, set[str]] = {}
    for table, column in rows:
        columns.setdefault(table, set()).add(column)
    check(columns)


def check(columns: dict[str, set[str]]) -> None:
    assert columns
    assert columns.keys() - CARRIED.keys() - NOT_CARRIED.keys() == set()
    for table, found in columns.items():
        if table in CARRIED:
            assert CARRIED[table] == found, table


def test_no_table_is_both() -> None:
    assert not CARRIED.keys() & NOT_CARRIED.keys()
