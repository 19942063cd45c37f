"""Views in a SQLite file: their generations, their rows, and queries over them."""

import re
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import chain, islice
from typing import Any

from actum.errors import AuthorError, DefinitionError, Invalid, Overloaded, Unavailable
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
from actum.queries.answer_size import AnswerSize
from actum.queries.overflow import out_of_range
from actum.queries.searched_rows import with_words
from actum.queries.tables import chunks
from actum.stores.query_slots import refuse_as_too_long
from actum.stores.sqlite.connection.errors import translate
from actum.stores.sqlite.connection.file import SqliteFile
from actum.stores.sqlite.connection.job import Work
from actum.stores.sqlite.connection.opening import IN_MEMORY
from actum.stores.sqlite.connection.query_deadline import STEPS_BETWEEN_LOOKS, QueryDeadline
from actum.stores.sqlite.database.decimal_columns import decoded, encoded
from actum.stores.sqlite.database.decimal_columns import encoded_keys as _keys
from actum.stores.sqlite.database.padding import padded
from actum.stores.sqlite.database.query_execution import QueryExecution
from actum.stores.sqlite.database.set_aside import change_aside, drop_aside
from actum.stores.sqlite.database.tables import SqliteTable, drop_tables
from actum.stores.stale_writes import moved_view, no_generation

VIEW_SCHEMA = (
    """CREATE TABLE IF NOT EXISTS actum_views (
        name TEXT NOT NULL, generation INTEGER NOT NULL, fingerprint TEXT NOT NULL,
        checkpoint INTEGER NOT NULL, is_live INTEGER NOT NULL,
        PRIMARY KEY (name, generation)) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS actum_generations (
        name TEXT PRIMARY KEY, highest INTEGER NOT NULL) WITHOUT ROWID""",
    "CREATE TABLE IF NOT EXISTS actum_rebuilds (name TEXT PRIMARY KEY) WITHOUT ROWID",
)
STATE = "name, generation, fingerprint, checkpoint, is_live"
KEYS_A_STATEMENT = (512, 64, 8, 1)
MAX_VARIABLES = 32_000
SPARE_BYTES = 32 * 1024 * 1024
"""How much larger than its answer a single value of a query may be, as one that is read, joined or cut."""
MAX_LENGTH = 1_000_000_000
MISSING = re.compile(r"no such (table|column): (\S+)")
UNFIT = (
    sqlite3.IntegrityError,
    sqlite3.ProgrammingError,
    sqlite3.InterfaceError,
    sqlite3.DataError,
    OverflowError,
    UnicodeEncodeError,
)
"""What the driver raises for a value that does not fit its column."""


class SqliteViews(Database):
    """The part of the database that stores views."""

    _file: SqliteFile
    _tables: dict[tuple[str, int, str], SqliteTable]
    _execution: QueryExecution

    async def prepare_view(self, view: ViewType) -> ViewState:
        self._execution.learn(view)
        newest = f"""SELECT {STATE} FROM actum_views WHERE name = ? AND fingerprint = ?
            ORDER BY generation DESC LIMIT 1"""

        def prepare(connection: sqlite3.Connection) -> ViewState:
            row = connection.execute(newest, (view.name, view.fingerprint)).fetchone()
            return self._create(connection, view) if row is None else _state(row)

        return await self._file.write(prepare)

    async def rebuild_view(self, view: ViewType) -> ViewState:
        unfinished = "SELECT generation FROM actum_views WHERE name = ? AND fingerprint = ? AND NOT is_live"

        def rebuild(connection: sqlite3.Connection) -> ViewState:
            connection.execute("DELETE FROM actum_rebuilds WHERE name = ?", (view.name,))
            for (generation,) in connection.execute(unfinished, (view.name, view.fingerprint)).fetchall():
                drop_generation(connection, view.name, generation)
            return self._create(connection, view)

        return await self._file.write(rebuild)

    async def promote_view(self, view: ViewType, generation: int) -> None:
        promote = "UPDATE actum_views SET is_live = 1 WHERE name = ? AND generation = ?"
        others = "SELECT generation FROM actum_views WHERE name = ? AND generation <> ?"

        def swap(connection: sqlite3.Connection) -> None:
            if connection.execute(promote, (view.name, generation)).rowcount == 0:
                raise no_generation(view, generation)
            self._publish(connection, view, generation)
            for (other,) in connection.execute(others, (view.name, generation)).fetchall():
                drop_generation(connection, view.name, other)

        await self._file.write(swap)

    async def rows(self, view: ViewType, generation: int, keys: Sequence[Any]) -> list[tuple[Any, ...]]:
        table = self._table(view, generation)
        pieces = chunks(_keys(view, keys), KEYS_A_STATEMENT)

        def read(connection: sqlite3.Connection) -> list[tuple[Any, ...]]:
            try:
                found = [
                    connection.execute(table.select(len(piece)), _flat(view, piece)).fetchall()
                    for piece in pieces
                ]
            except UNFIT as error:
                raise Invalid(
                    f"what is asked for cannot be a key of the view {view.name}: {error}"
                ) from error
            except sqlite3.OperationalError as error:
                if MISSING.match(str(error)):
                    raise no_generation(view, generation) from error
                raise
            return decoded(view, chain.from_iterable(found))

        return await self._file.read(read)

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
        gone = chunks(_keys(view, deleted), KEYS_A_STATEMENT)
        rows = await with_words(view, written)
        pieces = padded(encoded(view, rows), MAX_VARIABLES // table.width)
        move = "UPDATE actum_views SET checkpoint = ? WHERE name = ? AND generation = ? AND checkpoint = ?"

        def write(connection: sqlite3.Connection) -> None:
            if connection.execute(move, (checkpoint, view.name, generation, before)).rowcount == 0:
                raise moved_view(view, generation, before)
            for keys in gone:
                connection.execute(table.delete(len(keys)), _flat(view, keys))
            for piece in pieces:
                connection.execute(table.upsert(len(piece)), list(chain.from_iterable(piece)))
            if aside is not NOTHING_ASIDE:
                change_aside(connection, view.name, generation, aside)

        def write_clearly(connection: sqlite3.Connection) -> None:
            try:
                write(connection)
            except UNFIT as error:
                raise AuthorError(f"view {view.name}: a row does not fit its columns: {error}") from error

        await self._file.write(write_clearly, can_wait=can_wait)

    def hurry(self) -> None:
        self._file.hurry()

    async def refusals(self, view: ViewType, generation: int, rows: Sequence[tuple[Any, ...]]) -> list[str]:
        tried = encoded(view, await with_words(view, rows))
        statement = self._table(view, generation).upsert(1)

        def refusal(connection: sqlite3.Connection, row: tuple[Any, ...]) -> str:
            connection.execute("SAVEPOINT trial")
            try:
                connection.execute(statement, row)
            except UNFIT as error:
                return f"view {view.name}: the row does not fit its columns: {error}"
            except sqlite3.OperationalError as error:
                if MISSING.match(str(error)):
                    raise no_generation(view, generation) from error
                raise
            finally:
                connection.execute("ROLLBACK TO trial")
                connection.execute("RELEASE trial")
            return ""

        return await self._file.write(lambda connection: [refusal(connection, row) for row in tried])

    async def views(self) -> list[ViewState]:
        statement = f"SELECT {STATE} FROM actum_views ORDER BY name, generation"
        return await self._file.read(
            lambda connection: [_state(row) for row in connection.execute(statement)]
        )

    async def request_rebuild(self, name: str) -> None:
        statement = "INSERT INTO actum_rebuilds VALUES (?) ON CONFLICT DO NOTHING"
        await self._file.write(lambda connection: connection.execute(statement, (name,)))

    async def rebuild_requests(self) -> set[str]:
        statement = "SELECT name FROM actum_rebuilds"
        return await self._file.read(lambda connection: {name for (name,) in connection.execute(statement)})

    async def ask(
        self,
        sql: str,
        parameters: Mapping[str, Any],
        *,
        most: int,
        limit: timedelta = MAX_QUERY_TIME,
        most_bytes: int = MAX_ANSWER_BYTES,
    ) -> Answer:
        def make(cut: QueryDeadline) -> Work[Answer]:
            return lambda connection: self._answer(connection, cut, sql, parameters, most, most_bytes)

        try:
            return await self._file.query(make, limit)
        except _CutOff as error:
            refuse_as_too_long(limit, error)

    def _answer(
        self,
        connection: sqlite3.Connection,
        cut: QueryDeadline,
        sql: str,
        parameters: Mapping[str, Any],
        most: int,
        most_bytes: int,
    ) -> Answer:
        query = self._execution.translated(connection, sql, parameters)
        values = self._execution.values(query, parameters)
        size = AnswerSize(query.kinds, most, most_bytes)
        cursor = connection.cursor()
        try:
            rows = self._rows_within(cursor, query.sql, values, cut, size, most, most_bytes)
        except (sqlite3.Error, sqlite3.Warning, OverflowError, UnicodeEncodeError) as error:
            if str(error) == "integer overflow":
                raise out_of_range(sql, parameters, error) from error
            if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_TOOBIG:
                size.refuse()
            raise _explain(error, self._file.path) from error
        finally:
            cursor.close()
        return Answer(query.columns, self._execution.answered(query, rows), query.kinds)

    def _rows_within(
        self,
        cursor: sqlite3.Cursor,
        sql: str,
        values: dict[str, Any],
        cut: QueryDeadline,
        size: AnswerSize,
        most: int,
        most_bytes: int,
    ) -> list[tuple[Any, ...]]:
        """Runs a query that SQLite ends when its time is over, or when it makes a value beyond any answer.

        Readers never write; the only connection of a store in memory does, at other times. There SQLite says
        once of a query's text that it only reads: asked each time, it compiles every statement anew.
        """
        connection = cursor.connection
        is_kept = self._file.path == IN_MEMORY and not self._execution.is_known_to_read(sql)
        length = connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, min(most_bytes + SPARE_BYTES, MAX_LENGTH))
        connection.set_progress_handler(cut.is_due, STEPS_BETWEEN_LOOKS)
        try:
            if is_kept:
                connection.execute("PRAGMA query_only = ON")
            self._execution.execute(cursor, sql, values)
            if is_kept:
                self._execution.note_as_reading(sql)
            return _fetched(cursor, size, most)
        finally:
            connection.set_progress_handler(None, 0)
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, length)
            if is_kept:
                connection.execute("PRAGMA query_only = OFF")

    def _table(self, view: ViewType, generation: int) -> SqliteTable:
        name = (view.name, generation, view.fingerprint)
        table = self._tables.get(name)
        if table is None:
            self._execution.learn(view)
            table = self._tables[name] = SqliteTable(view, generation)
        return table

    def _create(self, connection: sqlite3.Connection, view: ViewType) -> ViewState:
        count = (
            """INSERT INTO actum_generations VALUES (?, 1) ON CONFLICT DO UPDATE SET highest = highest + 1"""
        )
        connection.execute(count, (view.name,))
        highest = "SELECT highest FROM actum_generations WHERE name = ?"
        generation = connection.execute(highest, (view.name,)).fetchone()[0]
        live = "SELECT count(*) FROM actum_views WHERE name = ? AND is_live"
        is_live = connection.execute(live, (view.name,)).fetchone()[0] == 0
        for statement in self._table(view, generation).create:
            connection.execute(statement)
        state = ViewState(view.name, generation, view.fingerprint, 0, is_live)
        row = (view.name, generation, view.fingerprint, 0, is_live)
        connection.execute("INSERT INTO actum_views VALUES (?,?,?,?,?)", row)
        if is_live:
            self._publish(connection, view, generation)
        return state

    def _publish(self, connection: sqlite3.Connection, view: ViewType, generation: int) -> None:
        taken = "SELECT type FROM sqlite_master WHERE lower(name) = ? AND type <> 'view'"
        if connection.execute(taken, (view.name,)).fetchone():
            raise DefinitionError(
                f"the view {view.name!r} has the name of another table in {self._file.path}: use name="
            )
        table = self._table(view, generation)
        for statement in (*table.drop_names, *table.create_names):
            connection.execute(statement)
        live = "UPDATE actum_views SET is_live = (generation = ?) WHERE name = ?"
        connection.execute(live, (generation, view.name))


def _flat(view: ViewType, keys: Sequence[Any]) -> Sequence[Any]:
    """Gives the values of keys, one after the other."""
    return keys if len(view.key_columns.columns) == 1 else list(chain.from_iterable(keys))


def _state(row: tuple[Any, ...]) -> ViewState:
    name, generation, fingerprint, checkpoint, is_live = row
    return ViewState(name, generation, fingerprint, checkpoint, bool(is_live))


def drop_generation(connection: sqlite3.Connection, name: str, generation: int) -> None:
    """Drops a generation with everything that is stored for it."""
    connection.execute("DELETE FROM actum_views WHERE name = ? AND generation = ?", (name, generation))
    drop_aside(connection, name, generation)
    for statement in drop_tables(name, generation):
        connection.execute(statement)


def _fetched(cursor: sqlite3.Cursor, size: AnswerSize, most: int) -> list[tuple[Any, ...]]:
    """Gives the rows of an answer; reads them one by one if they may be large."""
    if size.places:
        return size.check(islice(cursor, most + 1))
    rows = cursor.fetchmany(most + 1)
    size.count(len(rows))
    return rows


class _CutOff(Overloaded):
    """The query was cut off while it ran."""


def _explain(error: Exception, path: str) -> Exception:
    """Translates the error of a query into one for the caller, or for those who run the views."""
    text = str(error)
    found = MISSING.match(text)
    if found:
        kind, name = found.groups()
        return Unavailable(
            f"there is no {kind} {name} (yet): a view is built by the application that declares it. "
            "Start that, wait until it has caught up, or fix the name"
        )
    if text == "interrupted":
        return _CutOff("the query took too long and was cut off")
    if "readonly" in text:
        return Invalid("a query reads and never writes: change state by commands")
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if isinstance(error, sqlite3.OperationalError) and code != sqlite3.SQLITE_ERROR:
        return translate(error, path)
    return Invalid(f"the query failed: {text}")
