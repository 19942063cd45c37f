"""Workflows, with their records and signals, in a SQLite file."""

import json
import sqlite3
from collections.abc import Collection, Sequence
from itertools import chain, starmap
from typing import Any

from actum.ports.database import Database
from actum.ports.workflows import (
    ENDED,
    LoadedWorkflow,
    NewSignal,
    NewWorkflow,
    Started,
    Status,
    StepRecord,
    StoredWorkflow,
    WorkflowChange,
    WorkflowCount,
)
from actum.queries.tables import chunks
from actum.stores.page import within
from actum.stores.sqlite.connection.file import SqliteFile
from actum.stores.sqlite.database.queues import is_first
from actum.stores.statements.workflows import (
    CHANGED,
    HAS_ENDED,
    NEW,
    OF_WORKFLOWS,
    RECORD,
    SIGNAL,
    SIGNALS,
    WORKFLOW,
    change_row,
    first_after,
    first_with,
    first_within,
    loaded,
    mark_of,
    new_row,
    record_rows,
    record_size,
    workflow_size,
)

WORKFLOW_SCHEMA = (
    """CREATE TABLE actum_workflows (
        number INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, id TEXT NOT NULL,
        status TEXT NOT NULL DEFAULT 'running', due INTEGER DEFAULT 0, wakes INTEGER NOT NULL DEFAULT 0,
        request TEXT NOT NULL DEFAULT '', input BLOB NOT NULL, call TEXT NOT NULL,
        state BLOB NOT NULL DEFAULT x'', outcome BLOB NOT NULL DEFAULT x'', ending TEXT NOT NULL DEFAULT '',
        error TEXT NOT NULL DEFAULT '', attempts INTEGER NOT NULL DEFAULT 0,
        generation INTEGER NOT NULL DEFAULT 1, deadline INTEGER, created INTEGER NOT NULL,
        updated INTEGER NOT NULL, correlation_id TEXT NOT NULL, causation_id TEXT NOT NULL,
        "by" TEXT NOT NULL, subject TEXT NOT NULL, UNIQUE (kind, id))""",
    "CREATE INDEX actum_workflows_due ON actum_workflows (kind, due) WHERE due IS NOT NULL",
    f"CREATE INDEX actum_workflows_open ON actum_workflows (status, kind) WHERE NOT {HAS_ENDED}",
    "CREATE INDEX actum_workflows_subject ON actum_workflows (subject) WHERE subject <> ''",
    """CREATE TABLE actum_workflow_records (
        workflow INTEGER NOT NULL, name TEXT NOT NULL, occurrence INTEGER NOT NULL, place INTEGER NOT NULL,
        body BLOB NOT NULL, time INTEGER NOT NULL, PRIMARY KEY (workflow, name, occurrence)) WITHOUT ROWID""",
    """CREATE TABLE actum_workflow_signals (
        id INTEGER PRIMARY KEY AUTOINCREMENT, workflow INTEGER NOT NULL, name TEXT NOT NULL,
        body BLOB NOT NULL, time INTEGER NOT NULL)""",
    "CREATE INDEX actum_workflow_signals_workflow ON actum_workflow_signals (workflow, id)",
    """CREATE TABLE actum_workflow_waiters (
        awaited INTEGER NOT NULL, waiter INTEGER NOT NULL, PRIMARY KEY (awaited, waiter)) WITHOUT ROWID""",
    "CREATE INDEX actum_workflow_waiters_waiter ON actum_workflow_waiters (waiter)",
)
WORKFLOW_END_SCHEMA = (
    f"CREATE INDEX actum_workflows_ended ON actum_workflows (kind, updated) WHERE {HAS_ENDED}",
)
"""Those that ended first are found for removal."""
SIZES = (64, 16, 4, 1)
"""How many rows one statement writes: the thread waits for the interpreter lock at each statement."""


def _rows(columns: int) -> dict[int, str]:
    row = f"({','.join('?' * columns)})"
    return {count: ",".join([row] * count) for count in SIZES}


STARTS = {
    count: f"""INSERT INTO actum_workflows ({NEW}) VALUES {rows}
        ON CONFLICT DO NOTHING RETURNING number, kind, id"""
    for count, rows in _rows(12).items()
}
CHANGES = {
    count: f"""WITH given (number, {", ".join(CHANGED)}, deadline, answers) AS (VALUES {rows})
        UPDATE actum_workflows AS kept SET {
        ", ".join(f"{name} = given.{name}" for name in CHANGED if name not in ("due", "wakes"))
    }, deadline = given.deadline,
            due = CASE WHEN kept.wakes = given.wakes THEN given.due ELSE 0 END,
            request = CASE WHEN kept.request = given.answers THEN '' ELSE kept.request END
        FROM given WHERE kept.number = given.number RETURNING number, wakes"""
    for count, rows in _rows(13).items()
}
RECORDS = {
    count: f"INSERT OR REPLACE INTO actum_workflow_records ({RECORD}) VALUES {rows}"
    for count, rows in _rows(6).items()
}
HAS_WAITERS = "SELECT 1 FROM actum_workflow_waiters LIMIT 1"
WAKE_WAITERS = """UPDATE actum_workflows SET due = 0, wakes = wakes + 1 WHERE number IN
    (SELECT waiter FROM actum_workflow_waiters WHERE awaited IN (SELECT value FROM json_each(?)))"""
FORGET_WAITERS = """DELETE FROM actum_workflow_waiters WHERE awaited IN (SELECT value FROM json_each(:all))
    OR waiter IN (SELECT value FROM json_each(:all))"""
WAIT = """INSERT OR IGNORE INTO actum_workflow_waiters
    SELECT number, ? FROM actum_workflows WHERE kind = ? AND id = ?"""
WAKE_LATE_WAITER = f"""UPDATE actum_workflows SET due = 0, wakes = wakes + 1
    WHERE number = :waiter AND EXISTS (
        SELECT 1 FROM actum_workflow_waiters w JOIN actum_workflows a ON a.number = w.awaited
        WHERE w.waiter = :waiter AND a.{HAS_ENDED}) RETURNING wakes"""
# A workflow without records counts, too: what is removed at once stays bounded.
ENDED_BEFORE = f"""SELECT number, 1 + (SELECT count(*) FROM actum_workflow_records WHERE workflow = number)
    FROM actum_workflows INDEXED BY actum_workflows_ended
    WHERE kind = ? AND {HAS_ENDED} AND updated < ? AND request = '' ORDER BY updated LIMIT ?"""
OF_KIND = "kind = ? AND id IN (SELECT value FROM json_each(?))"
OF_PAGE = "workflow IN (SELECT value FROM json_each(?))"


class SqliteWorkflows(Database):
    """The part of the database that stores workflows."""

    _file: SqliteFile

    async def start_workflows(self, new: Sequence[NewWorkflow]) -> list[Started]:
        # A single start is one statement, which commits by itself.
        return await self._file.write(lambda connection: _start(connection, new), begins=len(new) == 1)

    async def record_workflows(self, changes: Sequence[WorkflowChange]) -> list[int | None]:
        return await self._file.write(lambda connection: _record(connection, changes))

    async def due_workflows(
        self, kind: str, up_to: int, limit: int, *, slices: Collection[int] | None = None
    ) -> list[tuple[str, int]]:
        # One process has the whole file: there is one slice, and it is asked for that.
        statement = "SELECT id, wakes FROM actum_workflows WHERE kind = ? AND due <= ? ORDER BY due LIMIT ?"
        values = (kind, up_to, limit)
        return await self._file.read(lambda connection: connection.execute(statement, values).fetchall())

    async def next_workflow(
        self, kind: str, after: int, *, slices: Collection[int] | None = None
    ) -> int | None:
        statement = "SELECT min(due) FROM actum_workflows WHERE kind = ? AND due > ?"
        due: int | None = await self._file.read(
            lambda connection: connection.execute(statement, (kind, after)).fetchone()[0]
        )
        return due

    async def load_workflows(self, kind: str, ids: Sequence[str]) -> list[LoadedWorkflow]:
        values = (kind, json.dumps(list(ids)))
        return await self._file.read(lambda connection: _load(connection, values))

    async def workflow(self, kind: str, id: str) -> StoredWorkflow | None:
        statement = f"SELECT {WORKFLOW} FROM actum_workflows WHERE kind = ? AND id = ?"
        row = await self._file.read(lambda connection: connection.execute(statement, (kind, id)).fetchone())
        return None if row is None else StoredWorkflow(*row)

    async def workflows(
        self,
        *,
        kind: str | None = None,
        status: Status | None = None,
        after: int = 0,
        limit: int = 100,
        reverse: bool = False,
    ) -> list[StoredWorkflow]:
        given = {"kind": kind, "status": status}
        filters = "".join(f"{name} = :{name} AND " for name, value in given.items() if value is not None)
        beyond, order = ("<", "DESC") if reverse else (">", "ASC")
        statement = f"""SELECT {WORKFLOW} FROM actum_workflows
            WHERE {filters} number {beyond} :after ORDER BY number {order} LIMIT :limit"""
        values = {**given, "after": first_after(after, is_reverse=reverse), "limit": limit}
        return await self._file.read(
            lambda connection: within(
                starmap(StoredWorkflow, connection.execute(statement, values)), workflow_size
            )
        )

    async def workflow_records(self, kind: str, id: str, *, after: int = 0, limit: int) -> list[StepRecord]:
        statement = """SELECT r.name, occurrence, place, body, time FROM actum_workflow_records r
            JOIN actum_workflows w ON w.number = r.workflow
            WHERE kind = ? AND id = ? AND place > ? ORDER BY place LIMIT ?"""
        values = (kind, id, after, limit)
        return await self._file.read(
            lambda connection: within(starmap(StepRecord, connection.execute(statement, values)), record_size)
        )

    async def workflow_counts(self) -> list[WorkflowCount]:
        statement = f"""SELECT kind, status, count(*) FROM actum_workflows
            WHERE NOT {HAS_ENDED} GROUP BY status, kind ORDER BY kind, status"""
        return await self._file.read(
            lambda connection: list(starmap(WorkflowCount, connection.execute(statement)))
        )

    async def remove_ended_workflows(self, kind: str, before: int, limit: int) -> int:
        return await self._file.write(lambda connection: _remove_ended(connection, kind, before, limit))

    async def signal_workflow(self, signal: NewSignal) -> Status | None:
        return await self._file.write(lambda connection: _signal(connection, signal))

    async def request_workflow(self, kind: str, id: str, request: str) -> bool:
        statement = """UPDATE actum_workflows SET request = ?, due = 0, wakes = wakes + 1
            WHERE kind = ? AND id = ?"""
        return await self._file.write(
            lambda connection: connection.execute(statement, (request, kind, id)).rowcount > 0
        )


def _start(connection: sqlite3.Connection, new: Sequence[NewWorkflow]) -> list[Started]:
    numbers: dict[tuple[str, str], int] = {}
    for rows in chunks([new_row(one) for one in new], SIZES):
        for number, kind, id in connection.execute(STARTS[len(rows)], list(chain.from_iterable(rows))):
            numbers[kind, id] = number
    started: list[Started] = []
    for one in new:
        number = numbers.pop((one.kind, one.id), None)
        if number is not None:
            started.append(Started(number, "new"))
            continue
        find = "SELECT number, call FROM actum_workflows WHERE kind = ? AND id = ?"
        number, call = connection.execute(find, (one.kind, one.id)).fetchone()
        started.append(Started(number, "known" if "" in (call, one.call) or call == one.call else "reused"))
    return started


def _record(connection: sqlite3.Connection, changes: Sequence[WorkflowChange]) -> list[int | None]:
    wakes: dict[int, int] = {}
    for rows in chunks([change_row(change) for change in changes], SIZES):
        wakes.update(connection.execute(CHANGES[len(rows)], list(chain.from_iterable(rows))).fetchall())
    kept = [change for change in changes if change.number in wakes]
    for change in kept:
        if change.drop_from is not None:
            drop = "DELETE FROM actum_workflow_records WHERE workflow = ? AND place >= ?"
            connection.execute(drop, (change.number, change.drop_from))
    for rows in chunks(record_rows(kept), SIZES):
        connection.execute(RECORDS[len(rows)], list(chain.from_iterable(rows)))
    taken = [id for change in kept for id in change.taken]
    if taken:
        remove = "DELETE FROM actum_workflow_signals WHERE id IN (SELECT value FROM json_each(?))"
        connection.execute(remove, (json.dumps(taken),))
    ended = [change.number for change in kept if change.status in ENDED]
    if ended and connection.execute(HAS_WAITERS).fetchone():
        connection.execute(WAKE_WAITERS, (json.dumps(ended),))
        connection.execute(FORGET_WAITERS, {"all": json.dumps(ended)})
    for change in kept:
        if change.waits_for:
            wakes.update(_wait(connection, change))
    return [wakes.get(change.number) for change in changes]


def _wait(connection: sqlite3.Connection, change: WorkflowChange) -> dict[int, int]:
    """Has others wake a workflow; gives how often it was woken, if one of them has ended already."""
    connection.executemany(WAIT, [(change.number, *key) for key in change.waits_for])
    found = connection.execute(WAKE_LATE_WAITER, {"waiter": change.number}).fetchall()
    return {change.number: found[0][0]} if found else {}


def _load(connection: sqlite3.Connection, values: tuple[Any, ...]) -> list[LoadedWorkflow]:
    sizes = f"""SELECT number, (SELECT coalesce(sum(length(body)), 0) FROM actum_workflow_records r
            WHERE r.workflow = number) + (SELECT coalesce(sum(length(body)), 0)
            FROM actum_workflow_signals s WHERE s.workflow = number) + length(input)
        FROM actum_workflows WHERE {OF_KIND}"""
    page = (json.dumps(first_within(connection.execute(sizes, values))),)
    in_page = "number IN (SELECT value FROM json_each(?))"
    return loaded(
        connection.execute(f"SELECT {WORKFLOW} FROM actum_workflows WHERE {in_page}", page),
        connection.execute(f"SELECT {RECORD} FROM actum_workflow_records WHERE {OF_PAGE}", page),
        connection.execute(f"SELECT {SIGNAL} FROM actum_workflow_signals WHERE {OF_PAGE}", page),
    )


def _remove_ended(connection: sqlite3.Connection, kind: str, before: int, limit: int) -> int:
    found = connection.execute(ENDED_BEFORE, (kind, before, limit)).fetchall()
    removed = first_with(found, limit)
    for table, column in OF_WORKFLOWS:
        remove = f"DELETE FROM {table} WHERE {column} IN (SELECT value FROM json_each(?))"
        connection.execute(remove, (json.dumps(removed),))
    return len(removed)


def _signal(connection: sqlite3.Connection, signal: NewSignal) -> Status | None:
    find = "SELECT number, status FROM actum_workflows WHERE kind = ? AND id = ?"
    found = connection.execute(find, (signal.kind, signal.id)).fetchone()
    if found is None:
        return None
    number, status = found
    if status in ENDED:
        return status  # type: ignore[no-any-return]
    if signal.once is not None and not is_first(
        connection, SIGNALS, mark_of(signal), signal.call, signal.time
    ):
        return status  # type: ignore[no-any-return]
    add = "INSERT INTO actum_workflow_signals (workflow, name, body, time) VALUES (?,?,?,?)"
    connection.execute(add, (number, signal.name, signal.body, signal.time))
    connection.execute("UPDATE actum_workflows SET due = 0, wakes = wakes + 1 WHERE number = ?", (number,))
    return status  # type: ignore[no-any-return]
