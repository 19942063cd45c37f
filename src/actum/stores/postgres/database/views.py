"""Views in PostgreSQL: their generations, their rows, and queries over them."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import asyncpg

from actum.errors import AuthorError, DefinitionError, Invalid, Unavailable
from actum.model.view import ViewType
from actum.ports.database import (
    MAX_ANSWER_BYTES,
    MAX_QUERY_TIME,
    NOTHING_ASIDE,
    Answer,
    AsideChanges,
    Database,
    ViewState,
)
from actum.queries.answer_size import FIRST_PART, AnswerSize
from actum.queries.overflow import out_of_range
from actum.queries.searched_rows import with_words
from actum.queries.tables import table_name
from actum.stores.postgres.connection.one_row import fitting
from actum.stores.postgres.connection.pool import PostgresPool
from actum.stores.postgres.database.answer_guard import guarded
from actum.stores.postgres.database.fence import Fence
from actum.stores.postgres.database.query_execution import QueryExecution, answered
from actum.stores.postgres.database.set_aside import change_aside, drop_aside
from actum.stores.postgres.database.tables import PostgresTable
from actum.stores.query_slots import refuse_as_too_long
from actum.stores.stale_writes import moved_view, no_generation

VIEW_SCHEMA = (
    """CREATE TABLE actum_views (
        name text COLLATE "C" NOT NULL, generation bigint NOT NULL, fingerprint text NOT NULL,
        checkpoint bigint NOT NULL, is_live boolean NOT NULL, PRIMARY KEY (name, generation))""",
    'CREATE TABLE actum_generations (name text COLLATE "C" PRIMARY KEY, highest bigint NOT NULL)',
    'CREATE TABLE actum_rebuilds (name text COLLATE "C" PRIMARY KEY)',
)
STATE = "name, generation, fingerprint, checkpoint, is_live"
NEWEST = f"""SELECT {STATE} FROM actum_views WHERE name = $1 AND fingerprint = $2
    ORDER BY generation DESC LIMIT 1"""
# A transaction that changes the generations of a view locks its row here.
HOLD = """INSERT INTO actum_generations VALUES ($1, 0)
    ON CONFLICT (name) DO UPDATE SET highest = actum_generations.highest"""
COUNT = "UPDATE actum_generations SET highest = highest + 1 WHERE name = $1 RETURNING highest"
TAKEN = """SELECT relkind FROM pg_class
    WHERE relname = $1 AND relkind <> 'v' AND relnamespace = current_schema()::regnamespace"""
UNFIT = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.ProgramLimitExceededError,
    OverflowError,
    UnicodeError,
)
"""What the driver raises for a value that does not fit a column or its index."""


class PostgresViews(Database):
    """The part of the database that stores views."""

    _pool: PostgresPool
    _fence: Fence
    _tables: dict[tuple[str, int, str], PostgresTable]
    _execution: QueryExecution

    async def prepare_view(self, view: ViewType) -> ViewState:
        self._execution.learn(view)
        async with self._pool.transaction() as connection:
            await connection.execute(HOLD, view.name)
            row = await connection.fetchrow(NEWEST, view.name, view.fingerprint)
            return ViewState(*row) if row else await self._create(connection, view)

    async def rebuild_view(self, view: ViewType) -> ViewState:
        unfinished = "SELECT generation FROM actum_views WHERE name = $1 AND fingerprint = $2 AND NOT is_live"
        async with self._pool.transaction() as connection:
            await self._fence.hold(connection)
            await connection.execute(HOLD, view.name)
            await connection.execute("DELETE FROM actum_rebuilds WHERE name = $1", view.name)
            for (generation,) in await connection.fetch(unfinished, view.name, view.fingerprint):
                await drop_generation(connection, view.name, generation)
            return await self._create(connection, view)

    async def promote_view(self, view: ViewType, generation: int) -> None:
        promote = "SELECT FROM actum_views WHERE name = $1 AND generation = $2 FOR UPDATE"
        others = "SELECT generation FROM actum_views WHERE name = $1 AND generation <> $2"
        async with self._pool.transaction() as connection:
            await self._fence.hold(connection)
            await connection.execute(HOLD, view.name)
            if await connection.fetchrow(promote, view.name, generation) is None:
                raise no_generation(view, generation)
            await self._publish(connection, view, generation)
            for (other,) in await connection.fetch(others, view.name, generation):
                await drop_generation(connection, view.name, other)

    async def rows(self, view: ViewType, generation: int, keys: Sequence[Any]) -> list[tuple[Any, ...]]:
        table = self._table(view, generation)
        values = table.keys(keys)
        async with self._pool.connection() as connection:
            try:
                return table.rows(await connection.fetch(fitting(table.select, values), *values))
            except UNFIT as error:
                raise Invalid(
                    f"what is asked for cannot be a key of the view {view.name}: {error}"
                ) from error
            except asyncpg.UndefinedTableError as error:
                raise no_generation(view, generation) from error

    async def project(
        self,
        view: ViewType,
        generation: int,
        *,
        before: int,
        checkpoint: int,
        written: Sequence[tuple[Any, ...]],
        deleted: Sequence[Any],
        aside: AsideChanges = NOTHING_ASIDE,
        can_wait: bool = False,
    ) -> None:
        table = self._table(view, generation)
        keys, columns = table.keys(deleted), table.columns(await with_words(view, written))
        values = (*self._fence.values, checkpoint, view.name, generation, before, *keys, *columns)
        lend = self._pool.connection if aside is NOTHING_ASIDE else self._pool.transaction
        async with lend() as connection:
            try:
                statement = fitting(table.project(self._fence.held), values)
                is_held, moved = await connection.fetchrow(statement, *values)
            except asyncpg.UndefinedTableError as error:
                raise no_generation(view, generation) from error
            except UNFIT as error:
                raise AuthorError(f"view {view.name}: a row does not fit its columns: {error}") from error
            if moved and aside is not NOTHING_ASIDE:
                await change_aside(connection, view.name, generation, aside)
        await self._fence.check(is_held, self._pool)
        if not moved:
            raise moved_view(view, generation, before)

    async def refusals(self, view: ViewType, generation: int, rows: Sequence[tuple[Any, ...]]) -> list[str]:
        table = self._table(view, generation)
        tried = await with_words(view, rows)
        async with self._pool.transaction() as connection:
            return [await self._refusal(connection, table, view, generation, row) for row in tried]

    async def _refusal(
        self, connection: Any, table: PostgresTable, view: ViewType, generation: int, row: tuple[Any, ...]
    ) -> str:
        await connection.execute("SAVEPOINT trial")
        try:
            await connection.execute(table.insert, *table.columns([row]))
        except asyncpg.UndefinedTableError as error:
            raise no_generation(view, generation) from error
        except UNFIT as error:
            return f"view {view.name}: the row does not fit its columns: {error}"
        finally:
            await connection.execute("ROLLBACK TO SAVEPOINT trial; RELEASE SAVEPOINT trial")
        return ""

    async def views(self) -> list[ViewState]:
        rows = await self._pool.fetch(f"SELECT {STATE} FROM actum_views ORDER BY name, generation")
        return [ViewState(*row) for row in rows]

    async def request_rebuild(self, name: str) -> None:
        await self._pool.fetch("INSERT INTO actum_rebuilds VALUES ($1) ON CONFLICT DO NOTHING", name)

    async def rebuild_requests(self) -> set[str]:
        return {name for (name,) in await self._pool.fetch("SELECT name FROM actum_rebuilds")}

    async def ask(
        self,
        sql: str,
        parameters: Mapping[str, Any],
        *,
        most: int,
        limit: timedelta = MAX_QUERY_TIME,
        most_bytes: int = MAX_ANSWER_BYTES,
    ) -> Answer:
        def begin() -> asyncio.Task[Answer]:
            return asyncio.create_task(self._ask(sql, parameters, most, limit, most_bytes))

        return await self._pool.queries.run(begin, lambda task: task.cancel(), limit)

    async def _ask(
        self, sql: str, parameters: Mapping[str, Any], most: int, limit: timedelta, most_bytes: int
    ) -> Answer:
        longest = max(1, limit // timedelta(milliseconds=1))
        async with self._pool.transaction("READ ONLY") as connection:
            try:
                query = await self._execution.translated(connection, sql, parameters, longest)
                values = self._execution.values(query, parameters)
                # The statement has no name, because the view may have other columns the next time.
                statement = await connection.prepare(guarded(query, most_bytes), name="")
                cursor = await statement.cursor(*values)
                rows = await _fetched(cursor, AnswerSize(query.kinds, most, most_bytes), most)
            except asyncpg.NumericValueOutOfRangeError as error:
                raise out_of_range(sql, parameters, error) from error
            except asyncpg.QueryCanceledError as error:
                refuse_as_too_long(limit, error)
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OverflowError) as error:
                raise _explain(error) from error
        return Answer(query.columns, answered(rows, query.kinds), query.kinds)

    def _table(self, view: ViewType, generation: int) -> PostgresTable:
        name = (view.name, generation, view.fingerprint)
        table = self._tables.get(name)
        if table is None:
            self._execution.learn(view)
            table = self._tables[name] = PostgresTable(view, generation)
        return table

    async def _create(self, connection: Any, view: ViewType) -> ViewState:
        generation = await connection.fetchval(COUNT, view.name)
        live = "SELECT EXISTS (SELECT FROM actum_views WHERE name = $1 AND is_live)"
        is_live = not await connection.fetchval(live, view.name)
        for statement in self._table(view, generation).create:
            await connection.execute(statement)
        row = (view.name, generation, view.fingerprint, 0, is_live)
        await connection.execute("INSERT INTO actum_views VALUES ($1, $2, $3, $4, $5)", *row)
        if is_live:
            await self._publish(connection, view, generation)
        return ViewState(*row)

    async def _publish(self, connection: Any, view: ViewType, generation: int) -> None:
        if await connection.fetchval(TAKEN, view.name) is not None:
            raise DefinitionError(
                f"the view {view.name!r} has the name of another table in {self._pool.name}: use name="
            )
        table = self._table(view, generation)
        for statement in table.names:
            await connection.execute(statement)
        live = "UPDATE actum_views SET is_live = (generation = $2) WHERE name = $1"
        await connection.execute(live, view.name, generation)


async def _fetched(cursor: Any, size: AnswerSize, most: int) -> list[Any]:
    """Gives the rows of an answer; fetches them in parts if they may be large."""
    if not size.places:
        rows = list(await cursor.fetch(most + 1))
        size.count(len(rows))
        return rows
    rows, asked = [], min(FIRST_PART, most + 1)
    while part := await cursor.fetch(asked):
        if len(part[0]) > size.width:  # It is guarded, and says whether it was cut.
            if part[-1][-1]:
                size.refuse()
            part = [tuple(row)[:-1] for row in part]
        rows += size.check(part)
        if len(part) < asked:
            break
        asked = size.next_part()
    return rows


async def drop_generation(connection: Any, name: str, generation: int) -> None:
    """Drops a generation with everything that is stored for it."""
    await connection.execute("DELETE FROM actum_views WHERE name = $1 AND generation = $2", name, generation)
    await drop_aside(connection, name, generation)
    await connection.execute(f'DROP TABLE IF EXISTS "{table_name(name, generation)}"')


def _explain(error: Exception) -> Exception:
    """Translates the error of a query into one for the caller, or for those who run the views."""
    if isinstance(error, asyncpg.UndefinedTableError | asyncpg.UndefinedColumnError):
        return Unavailable(
            f"{error} (yet): a view is built by the application that declares it. "
            "Start that, wait until it has caught up, or fix the name"
        )
    if isinstance(error, asyncpg.ReadOnlySQLTransactionError):
        return Invalid("a query reads and never writes: change state by commands")
    is_callers = isinstance(error, asyncpg.DataError | asyncpg.SyntaxOrAccessError | OverflowError)
    return Invalid(f"the query failed: {error}") if is_callers else error
