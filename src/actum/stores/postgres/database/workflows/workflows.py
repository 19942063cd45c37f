"""Workflows, with their records and signals, in PostgreSQL."""

from collections.abc import Collection, Sequence
from typing import Any

from actum.errors import KeyReused
from actum.ports.database import Database
from actum.ports.workflows import (
    ENDED,
    OPERATOR_ACTS,
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
from actum.stores.postgres.connection.page import page_of
from actum.stores.postgres.connection.pool import PostgresPool
from actum.stores.postgres.database.fence import Fence
from actum.stores.postgres.database.slices import SLICES
from actum.stores.postgres.database.workflows.changes import record_changes
from actum.stores.postgres.database.workflows.schema import OF_SLICE
from actum.stores.statements.workflows import (
    HAS_ENDED,
    NEW,
    OF_WORKFLOWS,
    RECORD,
    SIGNAL,
    SIGNALS,
    WORKFLOW,
    first_after,
    first_with,
    first_within,
    loaded,
    mark_of,
    new_row,
)

ALL_SLICES = range(SLICES)
# A workflow without records counts, too: what is removed at once stays bounded. A request waits for the lock.
ENDED_BEFORE = f"""SELECT number,
        1 + (SELECT count(*) FROM actum_workflow_records WHERE workflow = number)
    FROM actum_workflows WHERE kind = $1 AND {HAS_ENDED} AND updated < $2 AND request = ''
    ORDER BY updated LIMIT $3 FOR UPDATE SKIP LOCKED"""
DUE = f"""SELECT w.id, w.wakes FROM unnest($4::bigint[]) AS given (slice) CROSS JOIN LATERAL (
        SELECT id, wakes, due FROM actum_workflows WHERE kind = $1 AND {OF_SLICE} = slice AND due <= $2
        ORDER BY due LIMIT $3
    ) w ORDER BY w.due LIMIT $3"""
NEXT = f"""SELECT min(w.due) FROM unnest($3::bigint[]) AS given (slice) CROSS JOIN LATERAL (
        SELECT due FROM actum_workflows WHERE kind = $1 AND {OF_SLICE} = slice AND due > $2
        ORDER BY due LIMIT 1
    ) w"""
# Rows are inserted in a fixed order, to avoid deadlocks between those who start workflows.
START = f"""INSERT INTO actum_workflows ({NEW})
    SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[], $4::text[], $5::bigint[], $6::bigint[],
        $7::bigint[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[])
        AS given (kind, id)
    ORDER BY kind, id ON CONFLICT DO NOTHING RETURNING number, kind, id"""
FIND = """SELECT found.* FROM unnest($1::text[], $2::text[]) AS given (kind, id), LATERAL (
        SELECT kind, id, number, call FROM actum_workflows
        WHERE kind = given.kind AND id = given.id LIMIT 1
    ) AS found"""
SIZES = """SELECT number, octet_length(input) + (SELECT coalesce(sum(octet_length(body)), 0)
        FROM actum_workflow_records r WHERE r.workflow = number) + (SELECT
        coalesce(sum(octet_length(body)), 0) FROM actum_workflow_signals s WHERE s.workflow = number)
    FROM actum_workflows WHERE kind = $1 AND id = ANY($2::text[])"""
WORKFLOW_BYTES = "octet_length(input) + octet_length(state) + octet_length(outcome) + octet_length(error)"
REQUEST = """UPDATE actum_workflows SET request = $3, due = 0, wakes = wakes + 1
    WHERE kind = $1 AND id = $2 RETURNING 1"""
MARK = """INSERT INTO actum_sent (queue, once, time, call) VALUES ($1, $2, $3, $4)
    ON CONFLICT (queue, once) DO UPDATE SET call = actum_sent.call RETURNING call, xmax = 0"""


class PostgresWorkflows(Database):
    """The part of the database that stores workflows."""

    _pool: PostgresPool
    _fence: Fence

    async def start_workflows(self, new: Sequence[NewWorkflow]) -> list[Started]:
        numbers: dict[tuple[str, str], int] = {}
        known: dict[tuple[str, str], tuple[int, str]] = {}
        rows = {(one.kind, one.id): new_row(one) for one in reversed(new)}
        # One that was there may be erased before it is looked up.
        while left := [row for key, row in rows.items() if key not in numbers and key not in known]:
            for row in await self._pool.fetch(START, *zip(*left, strict=True)):
                numbers[row["kind"], row["id"]] = row["number"]
            if len(numbers) < len(new):
                for kind, id, number, call in await self._pool.fetch(FIND, *zip(*rows, strict=True)):
                    known[kind, id] = (number, call)
        return [_started(one, numbers, known) for one in new]

    async def record_workflows(self, changes: Sequence[WorkflowChange]) -> list[int | None]:
        if not changes:
            return []
        wakes = await record_changes(self._pool, self._fence, changes)
        return [wakes.get(change.number) for change in changes]

    async def due_workflows(
        self, kind: str, up_to: int, limit: int, *, slices: Collection[int] | None = None
    ) -> list[tuple[str, int]]:
        given = list(ALL_SLICES if slices is None else slices)
        rows = await self._pool.fetch(DUE, kind, up_to, limit, given)
        return [(row["id"], row["wakes"]) for row in rows]

    async def next_workflow(
        self, kind: str, after: int, *, slices: Collection[int] | None = None
    ) -> int | None:
        given = list(ALL_SLICES if slices is None else slices)
        due: int | None = await self._pool.fetchval(NEXT, kind, after, given)
        return due

    async def load_workflows(self, kind: str, ids: Sequence[str]) -> list[LoadedWorkflow]:
        async with self._pool.transaction("ISOLATION LEVEL REPEATABLE READ READ ONLY") as connection:
            sizes = await connection.fetch(SIZES, kind, list(ids))
            page = first_within(map(tuple, sizes))
            return loaded(
                await connection.fetch(
                    f"SELECT {WORKFLOW} FROM actum_workflows WHERE number = ANY($1::bigint[])", page
                ),
                await connection.fetch(
                    f"SELECT {RECORD} FROM actum_workflow_records WHERE workflow = ANY($1::bigint[])", page
                ),
                await connection.fetch(
                    f"SELECT {SIGNAL} FROM actum_workflow_signals WHERE workflow = ANY($1::bigint[])", page
                ),
            )

    async def workflow(self, kind: str, id: str) -> StoredWorkflow | None:
        statement = f"SELECT {WORKFLOW} FROM actum_workflows WHERE kind = $1 AND id = $2"
        found = await self._pool.fetch(statement, kind, id)
        return StoredWorkflow(*found[0]) if found else None

    async def workflows(
        self,
        *,
        kind: str | None = None,
        status: Status | None = None,
        after: int = 0,
        limit: int = 100,
        reverse: bool = False,
    ) -> list[StoredWorkflow]:
        given = {name: value for name, value in (("kind", kind), ("status", status)) if value is not None}
        filters = "".join(f"{name} = ${place} AND " for place, name in enumerate(given, 3))
        beyond, order = ("<", "DESC") if reverse else (">", "ASC")
        rows = f"""SELECT {WORKFLOW} FROM actum_workflows
            WHERE {filters}number {beyond} $1 ORDER BY number {order} LIMIT $2"""
        statement = page_of(rows, WORKFLOW, WORKFLOW_BYTES)
        values = (first_after(after, is_reverse=reverse), limit, *given.values())
        return [StoredWorkflow(*row) for row in await self._pool.fetch(statement, *values)]

    async def workflow_records(self, kind: str, id: str, *, after: int = 0, limit: int) -> list[StepRecord]:
        rows = """SELECT r.* FROM actum_workflow_records r JOIN actum_workflows w ON w.number = r.workflow
            WHERE kind = $1 AND id = $2 AND place > $3 ORDER BY place LIMIT $4"""
        statement = page_of(rows, "name, occurrence, place, body, time", "octet_length(body)")
        return [StepRecord(*row) for row in await self._pool.fetch(statement, kind, id, after, limit)]

    async def workflow_counts(self) -> list[WorkflowCount]:
        statement = f"""SELECT kind, status, count(*) FROM actum_workflows
            WHERE NOT ({HAS_ENDED}) GROUP BY status, kind ORDER BY kind, status"""
        return [WorkflowCount(*row) for row in await self._pool.fetch(statement)]

    async def remove_ended_workflows(self, kind: str, before: int, limit: int) -> int:
        async with self._pool.transaction() as connection:
            found = await connection.fetch(ENDED_BEFORE, kind, before, limit)
            removed = first_with(map(tuple, found), limit)
            for table, column in OF_WORKFLOWS:
                await connection.execute(f"DELETE FROM {table} WHERE {column} = ANY($1::bigint[])", removed)
        return len(removed)

    async def signal_workflow(self, signal: NewSignal) -> Status | None:
        async with self._pool.transaction() as connection:
            find = "SELECT number, status FROM actum_workflows WHERE kind = $1 AND id = $2 FOR UPDATE"
            found = await connection.fetch(find, signal.kind, signal.id)
            if not found:
                return None
            number, status = found[0]
            if status in ENDED or not await _is_first(connection, signal):
                return status  # type: ignore[no-any-return]
            add = "INSERT INTO actum_workflow_signals (workflow, name, body, time) VALUES ($1, $2, $3, $4)"
            await connection.execute(add, number, signal.name, signal.body, signal.time)
            wake = "UPDATE actum_workflows SET due = 0, wakes = wakes + 1 WHERE number = $1"
            await connection.execute(wake, number)
            return status  # type: ignore[no-any-return]

    async def request_workflow(self, kind: str, id: str, request: str) -> bool:
        return bool(await self._pool.fetch(REQUEST, kind, id, request))


def _started(
    new: NewWorkflow,
    numbers: dict[tuple[str, str], int],
    known: dict[tuple[str, str], tuple[int, str]],
) -> Started:
    # Of several starts of one workflow, the first is the new one.
    number = numbers.pop((new.kind, new.id), None)
    if number is not None:
        return Started(number, "new")
    number, call = known[new.kind, new.id]
    return Started(number, "known" if "" in (call, new.call) or call == new.call else "reused")


async def _is_first(connection: Any, signal: NewSignal) -> bool:
    """Stores the mark of a signal, and says whether it is new; raises KeyReused for another call's."""
    if signal.once is None:
        return True
    [(call, is_new)] = await connection.fetch(MARK, SIGNALS, mark_of(signal), signal.time, signal.call)
    if call not in ("", signal.call):
        raise KeyReused(signal.once, f"{signal.kind}/{signal.id}", other="another signal")
    return bool(is_new)


REMOVE_OF_SUBJECT = tuple(
    f"""DELETE FROM {table} WHERE {column} IN
        (SELECT number FROM actum_workflows WHERE subject = $1::text || '/' || $2::text)"""
    for table, column in OF_WORKFLOWS
)
"""Removes the workflows that an entity's events started."""
REMOVE_OPERATOR_ACTS = f"""DELETE FROM actum_workflows
    WHERE kind = '{OPERATOR_ACTS}' AND subject = ANY($1::text[])"""
"""Removes what operators did with messages that have an entity's keys."""
