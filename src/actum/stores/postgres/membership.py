"""The membership in PostgreSQL: each process has a row and a session lock, each work a row with an epoch."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence
from datetime import timedelta
from typing import Any

from actum.ports.membership import ClusterState, Lease, Membership, whole_of
from actum.stores.postgres.connection.pool import PostgresPool

SILENT = timedelta(seconds=5)
"""How long a process may go without a heartbeat, by the server's clock, before others take its work over."""
GONE = timedelta(seconds=1.5)
"""The same if its session has ended; long enough for a process to reconnect after its connection was cut."""
MAX_BEAT_TIME = 3.0
NOBODY = 0
"""The number of a process that never ends and does nothing: what it has, nobody can lease."""

MEMBERSHIP_SCHEMA = (
    """CREATE TABLE actum_processes (
        process bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, works text[] NOT NULL,
        has_session boolean NOT NULL, seen timestamptz NOT NULL)""",
    """CREATE TABLE actum_work (
        work text COLLATE "C" PRIMARY KEY, owner bigint, epoch bigint NOT NULL)""",
)
ENTER = """INSERT INTO actum_processes (works, has_session, seen) VALUES ($1, $2, clock_timestamp())
    RETURNING process"""
# The upper half of the key separates applications that have their own schemas in one database.
SPACE = "current_schema()::regnamespace::oid"
LOCK = f"SELECT pg_try_advisory_lock(({SPACE}::bigint << 32) | $1)"
SEEN = "UPDATE actum_processes SET seen = clock_timestamp() WHERE process = $1 RETURNING 1"
# The time during which the server was down does not count.
STRIKE_OFF = f"""DELETE FROM actum_processes WHERE process IN (
    SELECT process FROM actum_processes p WHERE process <> $1 AND (
        greatest(seen, pg_postmaster_start_time()) < clock_timestamp() - $2::interval
        OR greatest(seen, pg_postmaster_start_time()) < clock_timestamp() - $3::interval
            AND has_session AND NOT EXISTS (
                SELECT FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 AND granted
                    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                    AND classid = {SPACE} AND objid::bigint = p.process))
    FOR UPDATE SKIP LOCKED)"""
ATTENDED = """SELECT EXISTS (SELECT FROM actum_processes
    WHERE works <> '{}' AND seen > clock_timestamp() - $1::interval)"""
ABLE = f"SELECT process, works FROM actum_processes WHERE process <> {NOBODY}"
OWNERS = f"""SELECT work, owner FROM actum_work
    WHERE owner <> {NOBODY} AND EXISTS (SELECT FROM actum_processes WHERE process = owner)"""
# Locked rows are left for the next attempt: a process that was paused while it wrote may hold their locks.
CLAIM = """WITH me AS MATERIALIZED (SELECT FROM actum_processes WHERE process = $1 FOR SHARE), free AS (
        SELECT work FROM actum_work w WHERE work = ANY($2::text[]) AND (
            owner = $1 OR NOT EXISTS (SELECT FROM actum_processes WHERE process = w.owner))
        FOR NO KEY UPDATE SKIP LOCKED
    ), taken AS (
        UPDATE actum_work w SET owner = $1, epoch = w.epoch + 1 FROM free
        WHERE w.work = free.work AND EXISTS (SELECT FROM me) RETURNING w.work, w.epoch
    ), new AS (
        INSERT INTO actum_work (work, owner, epoch)
        SELECT work, $1, 1 FROM unnest($2::text[]) AS given (work) WHERE EXISTS (SELECT FROM me)
            AND NOT EXISTS (SELECT FROM actum_work w WHERE w.work = given.work)
        ORDER BY work ON CONFLICT DO NOTHING RETURNING work, epoch
    ) SELECT work, epoch FROM taken UNION ALL SELECT work, epoch FROM new"""
# A work that no live process does as a whole is given to nobody, and is split from then on. That also keeps
# out the processes of a release before slices, which can only do the whole.
ENTER_NOBODY = f"""INSERT INTO actum_processes (process, works, has_session, seen) OVERRIDING SYSTEM VALUE
    VALUES ({NOBODY}, '{{}}', false, 'infinity') ON CONFLICT DO NOTHING"""
SPLIT = f"""WITH free AS (
        SELECT work FROM actum_work w WHERE work = ANY($1::text[]) AND owner IS DISTINCT FROM {NOBODY}
            AND NOT EXISTS (SELECT FROM actum_processes WHERE process = w.owner)
        FOR NO KEY UPDATE SKIP LOCKED
    ), taken AS (
        UPDATE actum_work w SET owner = {NOBODY}, epoch = w.epoch + 1 FROM free
        WHERE w.work = free.work RETURNING w.work
    ), new AS (
        INSERT INTO actum_work (work, owner, epoch)
        SELECT work, {NOBODY}, 1 FROM unnest($1::text[]) AS given (work)
        WHERE NOT EXISTS (SELECT FROM actum_work w WHERE w.work = given.work)
        ORDER BY work ON CONFLICT DO NOTHING RETURNING work
    ) SELECT work FROM taken UNION ALL SELECT work FROM new
    UNION ALL SELECT work FROM actum_work WHERE work = ANY($1::text[]) AND owner = {NOBODY}"""
# The epoch is raised, so that a write that is still on its way is refused.
RELEASE = """UPDATE actum_work w SET owner = NULL, epoch = w.epoch + 1
    FROM unnest($1::text[], $2::bigint[]) mine (work, epoch)
    WHERE w.work = mine.work AND w.epoch = mine.epoch"""
RETIRE = "UPDATE actum_processes SET works = '{}' WHERE process = $1"
LEAVE = """WITH gone AS (DELETE FROM actum_processes WHERE process = $1)
    UPDATE actum_work SET owner = NULL, epoch = epoch + 1 WHERE owner = $1"""


class PostgresMembership(Membership):
    """The membership, over its own connection, so that a busy pool does not delay it.

    The session holds a lock, by which others notice at once that the process has ended. Behind a pooler in
    transaction mode that cannot be bypassed there is no lock, and only missing heartbeats show it.
    """

    def __init__(self, pool: PostgresPool, works: Sequence[str]) -> None:
        self._pool = pool
        self._works = sorted(works)
        self._has_session = pool.address.has_sessions
        self._turn = asyncio.Lock()
        self._connection: Any = None
        self._process: int | None = None
        self._split: set[str] = set()

    def __repr__(self) -> str:
        return f"<PostgresMembership of process {self._process} on {self._pool.name}>"

    async def beat(self) -> ClusterState:
        async with self._session() as connection:
            seen = self._process is not None and await connection.fetchval(SEEN, self._process)
            if not seen:
                self._process = await connection.fetchval(ENTER, self._works, self._has_session)
                await self._lock(connection)
            await connection.execute(STRIKE_OFF, self._process, SILENT, GONE)
            able = {process: frozenset(works) for process, works in await connection.fetch(ABLE)}
            owners = dict(await connection.fetch(OWNERS))
        return ClusterState(self._me(), able, owners)

    async def acquire(self, works: Sequence[str]) -> list[Lease]:
        wholes = {work: whole_of(work) for work in works}
        async with self._session() as connection:
            if unsplit := {whole for whole in wholes.values() if whole} - self._split:
                await connection.execute(ENTER_NOBODY)
                self._split.update(work for (work,) in await connection.fetch(SPLIT, sorted(unsplit)))
            free = [work for work, whole in wholes.items() if whole is None or whole in self._split]
            return [Lease(*row) for row in await connection.fetch(CLAIM, self._me(), free)]

    async def release(self, leases: Sequence[Lease]) -> None:
        async with self._session() as connection:
            works, epochs = [lease.work for lease in leases], [lease.epoch for lease in leases]
            await connection.execute(RELEASE, works, epochs)

    async def retire(self) -> None:
        self._works = []
        async with self._session() as connection:
            await connection.execute(RETIRE, self._process)

    async def leave(self) -> None:
        # If the store does not answer, missing heartbeats will show that this process has left.
        with contextlib.suppress(Exception):
            if self._process is not None:
                async with self._session() as connection:
                    await connection.execute(LEAVE, self._process)
        if self._connection is not None:
            with contextlib.suppress(Exception):
                await self._connection.close(timeout=MAX_BEAT_TIME)
            self._connection = None

    def _me(self) -> int:
        assert self._process is not None, "a process has to beat before it leases anything"
        return self._process

    @contextlib.asynccontextmanager
    async def _session(self) -> AsyncGenerator[Any, None]:
        """Lends the connection to one caller at a time; after an error it is not used again."""
        async with self._turn:
            try:
                with self._pool.translating():
                    async with asyncio.timeout(MAX_BEAT_TIME):
                        if self._connection is None or self._connection.is_closed():
                            self._connection = await self._pool.connect_directly()
                            await self._lock(self._connection)
                        yield self._connection
            except BaseException:
                if self._connection is not None:
                    self._connection.terminate()
                    self._connection = None
                raise

    async def _lock(self, connection: Any) -> None:
        if self._has_session and self._process is not None:
            await connection.fetchval(LOCK, self._process)
