"""Stores views, queues, timers and letters in one SQLite file."""

from actum.stores.schema import Part
from actum.stores.sqlite.connection.file import SqliteFile
from actum.stores.sqlite.database.actions import ACTION_SCHEMA, FAILURE_SCHEMA, TRIGGER_SCHEMA, SqliteActions
from actum.stores.sqlite.database.binding import BINDING_SCHEMA, SqliteBinding
from actum.stores.sqlite.database.erasing import ERASURE_SCHEMA, WHY_SCHEMA, SqliteErasing
from actum.stores.sqlite.database.query_execution import QueryExecution
from actum.stores.sqlite.database.queues import (
    ORIGIN_SCHEMA,
    QUEUE_SCHEMA,
    TRACE_SCHEMA,
    SqliteQueues,
)
from actum.stores.sqlite.database.set_aside import ASIDE_SCHEMA, SqliteSetAside
from actum.stores.sqlite.database.tables import SqliteTable
from actum.stores.sqlite.database.views import VIEW_SCHEMA, SqliteViews
from actum.stores.sqlite.database.workflows import WORKFLOW_END_SCHEMA, WORKFLOW_SCHEMA, SqliteWorkflows
from actum.stores.sqlite.transfer import SqliteDatabaseTransfer

SCHEMA = Part(
    "database",
    (
        (*VIEW_SCHEMA, *ACTION_SCHEMA, *QUEUE_SCHEMA),
        ORIGIN_SCHEMA,
        FAILURE_SCHEMA,
        ASIDE_SCHEMA,
        ERASURE_SCHEMA,
        TRIGGER_SCHEMA,
        BINDING_SCHEMA,
        WORKFLOW_SCHEMA,
        WORKFLOW_END_SCHEMA,
        WHY_SCHEMA,
        TRACE_SCHEMA,
    ),
)


class SqliteDatabase(
    SqliteViews, SqliteSetAside, SqliteActions, SqliteQueues, SqliteWorkflows, SqliteErasing, SqliteBinding
):
    """A database in a SQLite file, which was opened with SCHEMA and may also hold the journal."""

    def __init__(self, file: SqliteFile) -> None:
        self._file = file
        self.transfer = SqliteDatabaseTransfer(file)
        self._tables: dict[tuple[str, int, str], SqliteTable] = {}
        self._execution = QueryExecution()

    def __repr__(self) -> str:
        return f"<SqliteDatabase {self._file.path}>"

    @property
    def failure(self) -> str | None:
        return self._file.failure

    async def close(self) -> None:
        await self._file.close()
