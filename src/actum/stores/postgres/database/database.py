"""Stores views, queues, timers and letters in PostgreSQL."""

import copy
from collections.abc import Sequence
from typing import Self

from actum.ports.membership import Lease
from actum.stores.postgres.connection.pool import PostgresPool
from actum.stores.postgres.database.actions import (
    ACTION_SCHEMA,
    FAILURE_SCHEMA,
    TRIGGER_SCHEMA,
    PostgresActions,
)
from actum.stores.postgres.database.binding import BINDING_SCHEMA, PostgresBinding
from actum.stores.postgres.database.erasing import ERASURE_SCHEMA, WHY_SCHEMA, PostgresErasing
from actum.stores.postgres.database.fence import EVERYBODYS, Fence
from actum.stores.postgres.database.functions import QUERY_FUNCTIONS, SEARCH_FUNCTIONS
from actum.stores.postgres.database.query_execution import QueryExecution
from actum.stores.postgres.database.queues import (
    CATCH_UP_ORDER,
    ORIGIN_SCHEMA,
    QUEUE_SCHEMA,
    TRACE_SCHEMA,
    PostgresQueues,
)
from actum.stores.postgres.database.set_aside import ASIDE_SCHEMA, PostgresSetAside
from actum.stores.postgres.database.slices import SLICE_SCHEMA, SLICES
from actum.stores.postgres.database.tables import PostgresTable
from actum.stores.postgres.database.views import VIEW_SCHEMA, PostgresViews
from actum.stores.postgres.database.workflows.schema import WORKFLOW_SCHEMA, WORKFLOW_SLICE_SCHEMA
from actum.stores.postgres.database.workflows.workflows import PostgresWorkflows
from actum.stores.postgres.membership import ATTENDED, MEMBERSHIP_SCHEMA, SILENT, PostgresMembership
from actum.stores.postgres.transfer import PostgresDatabaseTransfer
from actum.stores.schema import Part

SCHEMA = Part(
    "database",
    (
        (*VIEW_SCHEMA, *ACTION_SCHEMA, *QUEUE_SCHEMA),
        MEMBERSHIP_SCHEMA,
        QUERY_FUNCTIONS,
        ORIGIN_SCHEMA,
        FAILURE_SCHEMA,
        ASIDE_SCHEMA,
        ERASURE_SCHEMA,
        TRIGGER_SCHEMA,
        BINDING_SCHEMA,
        SLICE_SCHEMA,
        WORKFLOW_SCHEMA,
        WORKFLOW_SLICE_SCHEMA,
        WHY_SCHEMA,
        TRACE_SCHEMA,
        SEARCH_FUNCTIONS,
    ),
)


class PostgresDatabase(
    PostgresViews,
    PostgresSetAside,
    PostgresActions,
    PostgresQueues,
    PostgresWorkflows,
    PostgresErasing,
    PostgresBinding,
):
    """A database in PostgreSQL, which was opened with SCHEMA and may also hold the journal."""

    is_shared = True
    slices = SLICES

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool
        self.transfer = PostgresDatabaseTransfer(pool)
        self._fence = EVERYBODYS
        self._tables: dict[tuple[str, int, str], PostgresTable] = {}
        self._execution = QueryExecution()

    def __repr__(self) -> str:
        return f"<PostgresDatabase {self._pool.name}>"

    @property
    def refuses_writes(self) -> bool:
        return self._pool.refuses_writes

    def join(self, works: Sequence[str]) -> PostgresMembership:
        return PostgresMembership(self._pool, works)

    async def is_attended(self) -> bool:
        return bool(await self._pool.fetchval(ATTENDED, SILENT))

    def under(self, *leases: Lease) -> Self:
        fenced = copy.copy(self)
        fenced.leases = leases
        fenced._fence = Fence(leases)
        return fenced

    async def close(self) -> None:
        await self._pool.close()


async def open_database(pool: PostgresPool) -> PostgresDatabase:
    """Opens the database, whose schema is up to date."""
    async with pool.connection() as connection:
        await connection.execute(CATCH_UP_ORDER)
    return PostgresDatabase(pool)
