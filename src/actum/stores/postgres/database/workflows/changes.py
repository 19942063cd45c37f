"""How changes of workflows are recorded in PostgreSQL, and who waits for a workflow is woken by its end."""

from collections.abc import Sequence
from typing import Any

from actum.ports.workflows import ENDED, WorkflowChange
from actum.stores.postgres.connection.one_row import fitting
from actum.stores.postgres.connection.pool import PostgresPool
from actum.stores.postgres.database.fence import IS_HELD, Fence
from actum.stores.statements.workflows import CHANGED, HAS_ENDED, RECORD, change_row, record_rows

# The rows get a new version, by which an end that has found the one before notices that somebody waits.
LOCK_AWAITED = """WITH found AS MATERIALIZED (
        SELECT awaited.number FROM unnest($1::text[], $2::text[]) AS given (kind, id), LATERAL (
            SELECT number FROM actum_workflows WHERE kind = given.kind AND id = given.id LIMIT 1
        ) AS awaited ORDER BY awaited.number
    ), locked AS MATERIALIZED (
        SELECT awaited.number FROM found, LATERAL (
            SELECT number FROM actum_workflows WHERE number = found.number LIMIT 1 FOR NO KEY UPDATE
        ) AS awaited
    ) UPDATE actum_workflows SET updated = updated WHERE number = ANY(ARRAY(SELECT number FROM locked))"""
# In an order that all share, as the awaited are.
LOCK = """SELECT FROM unnest($1::bigint[]) AS given (number), LATERAL (
        SELECT FROM actum_workflows WHERE number = given.number LIMIT 1 FOR NO KEY UPDATE
    ) AS kept"""
# They are counted, so that a plan that was made for a small table uses the index, too.
IS_ALONE = """(SELECT count(*) FROM actum_workflow_waiters AS other WHERE other.awaited = kept.number) = 0
    AND (SELECT count(*) FROM actum_workflow_waiters AS own WHERE own.waiter = kept.number) = 0"""
# Rows are updated at their places, which LIMIT 1 has looked up by the index: to find many at once, the
# planner reads a table of some thousand workflows whole. A row that has changed since is not at its place any
# more, and its number is not returned.
CHANGE = f"""seen AS MATERIALIZED (
        SELECT given.number, found.place FROM unnest($3::bigint[]) AS given (number), LATERAL (
            SELECT ctid AS place FROM actum_workflows WHERE number = given.number LIMIT 1
        ) AS found
    ), changed AS (
        UPDATE actum_workflows AS kept SET
            {", ".join(f"{name} = given.{name}" for name in CHANGED if name not in ("due", "wakes"))},
            deadline = given.deadline,
            due = CASE WHEN kept.wakes = given.wakes THEN given.due ELSE 0 END,
            request = CASE WHEN kept.request = given.answers THEN '' ELSE kept.request END
        FROM unnest($3::bigint[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bytea[],
            $9::bytea[], $10::text[], $11::text[], $12::int[], $13::int[], $14::bigint[], $15::text[])
            AS given (number, {", ".join(CHANGED)}, deadline, answers) JOIN seen USING (number)
        WHERE kept.ctid = seen.place AND {IS_HELD}
            AND ($23::boolean OR NOT given.{HAS_ENDED} OR {IS_ALONE})
        RETURNING kept.number, kept.wakes
    ), added AS (
        INSERT INTO actum_workflow_records ({RECORD})
        SELECT * FROM unnest($16::bigint[], $17::text[], $18::int[], $19::int[], $20::bytea[], $21::bigint[])
            AS given (workflow) WHERE workflow IN (SELECT number FROM changed)
        ON CONFLICT (workflow, name, occurrence)
        DO UPDATE SET place = excluded.place, body = excluded.body, time = excluded.time
    ), taken AS (
        DELETE FROM actum_workflow_signals
        WHERE id = ANY($22::bigint[]) AND workflow IN (SELECT number FROM changed)
    ) SELECT {IS_HELD} AS is_held, number, wakes FROM (SELECT) AS one LEFT JOIN changed ON true"""
# The records go with the change in one statement; those that wait are woken by a later one, which sees
# whoever has begun to wait meanwhile.
DROP = """DELETE FROM actum_workflow_records r USING unnest($1::bigint[], $2::int[]) AS given (number, place)
    WHERE r.workflow = given.number AND r.place >= given.place"""
WAKE_WAITERS = """WITH woken AS (
        UPDATE actum_workflows SET due = 0, wakes = wakes + 1 WHERE number = ANY(ARRAY(
            SELECT waiter FROM actum_workflow_waiters WHERE awaited = ANY($1::bigint[])))
    ) DELETE FROM actum_workflow_waiters WHERE awaited = ANY($1::bigint[]) OR waiter = ANY($1::bigint[])"""
WAIT = """INSERT INTO actum_workflow_waiters SELECT awaited.number, given.waiter
    FROM unnest($1::bigint[], $2::text[], $3::text[]) AS given (waiter, kind, id), LATERAL (
        SELECT number FROM actum_workflows WHERE kind = given.kind AND id = given.id LIMIT 1
    ) AS awaited ON CONFLICT DO NOTHING"""
WAKE_LATE_WAITERS = f"""UPDATE actum_workflows SET due = 0, wakes = wakes + 1
    WHERE number = ANY($1::bigint[]) AND number IN (SELECT w.waiter FROM actum_workflow_waiters w
        JOIN actum_workflows a ON a.number = w.awaited WHERE a.{HAS_ENDED}) RETURNING number, wakes"""


async def record_changes(
    pool: PostgresPool, fence: Fence, changes: Sequence[WorkflowChange]
) -> dict[int, int]:
    """Records changes under leases; gives how often each workflow that exists was woken. Raises LeaseLost."""
    wakes: dict[int, int] = {}
    left = list(changes)
    if not any(change.waits_for or change.drop_from is not None for change in changes):
        # Hardly ever does somebody wait for one that ends, or wake it at this moment.
        async with pool.connection() as connection:
            wakes = await _write(pool, fence, connection, changes, may_be_awaited=False)
        left = [change for change in changes if change.number not in wakes]
    if left:
        async with pool.transaction() as connection:
            wakes |= await _in_transaction(pool, fence, connection, left)
    return wakes


async def _in_transaction(
    pool: PostgresPool, fence: Fence, connection: Any, changes: Sequence[WorkflowChange]
) -> dict[int, int]:
    waits = [(change.number, *key) for change in changes for key in change.waits_for]
    if waits:
        # Before its own row: who ends another one changes that first, and then those that wait for it.
        await connection.fetch(LOCK_AWAITED, *list(zip(*waits, strict=True))[1:])
    await connection.fetch(LOCK, sorted(change.number for change in changes))
    drops = [(change.number, change.drop_from) for change in changes if change.drop_from is not None]
    if drops:
        await fence.hold(connection)
        await connection.execute(DROP, *zip(*drops, strict=True))
    wakes = await _write(pool, fence, connection, changes, may_be_awaited=True)
    ended = [change.number for change in changes if change.status in ENDED and change.number in wakes]
    if ended:
        await connection.execute(WAKE_WAITERS, ended)
    if waits:
        await connection.execute(WAIT, *zip(*waits, strict=True))
        waiting = [number for number, *_ in waits]
        late = await connection.fetch(WAKE_LATE_WAITERS, waiting)
        wakes |= {row["number"]: row["wakes"] for row in late}
    return wakes


async def _write(
    pool: PostgresPool,
    fence: Fence,
    connection: Any,
    changes: Sequence[WorkflowChange],
    *,
    may_be_awaited: bool,
) -> dict[int, int]:
    """Writes changes; without `may_be_awaited`, leaves out what ends while somebody waits for it."""
    values = [
        *fence.values,
        *zip(*map(change_row, changes), strict=True),
        *(list(zip(*record_rows(changes), strict=True)) or [()] * 6),
        [id for change in changes for id in change.taken],
        may_be_awaited,
    ]
    rows = await connection.fetch(fitting(f"WITH {fence.held}, {CHANGE}", values), *values)
    await fence.check(rows[0]["is_held"], pool)
    return {row["number"]: row["wakes"] for row in rows if row["number"] is not None}
