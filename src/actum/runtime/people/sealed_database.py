"""A database that seals the sealed columns of views on their way in, and has the keys open for its rows."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, cast

from actum.errors import AuthorError
from actum.model.rows.mirror import SealedMirror
from actum.model.rows.sealed_columns import SealedColumns, texts_in_answer
from actum.model.view import ViewType
from actum.ports.database import MAX_ANSWER_BYTES, MAX_QUERY_TIME, Answer, Database
from actum.ports.membership import Lease
from actum.runtime.people.keyring import Keyring

Sealing = SealedColumns | SealedMirror
"""What seals the rows of a view."""


class _SealedDatabase:
    """Passes every call on to another database; rows with sealed columns are sealed and can be opened."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self._database = database
        self._keyring = keyring

    def __repr__(self) -> str:
        return f"<SealedDatabase of {self._database!r}>"

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    def under(self, *leases: Lease) -> Database:
        return cast(Database, _SealedDatabase(self._database.under(*leases), self._keyring))

    async def rows(self, view: ViewType, generation: int, keys: Sequence[Any]) -> list[tuple[Any, ...]]:
        found = await self._database.rows(view, generation, keys)
        if view.sealed is not None:
            await self._keyring.prepare(*view.sealed.texts_in(found))
        return found

    async def project(
        self, view: ViewType, generation: int, *, written: Sequence[tuple[Any, ...]], **changes: Any
    ) -> None:
        if view.sealed is not None and written:
            written = await self._sealed(view.sealed, written)
        await self._database.project(view, generation, written=written, **changes)

    async def refusals(self, view: ViewType, generation: int, rows: Sequence[tuple[Any, ...]]) -> list[str]:
        if view.sealed is None:
            return await self._database.refusals(view, generation, rows)
        faults = [_fault_of(view.sealed, row) for row in rows]
        fine = [row for row, fault in zip(rows, faults, strict=True) if not fault]
        refused = iter(await self._database.refusals(view, generation, await self._sealed(view.sealed, fine)))
        return [fault or next(refused) for fault in faults]

    async def ask(
        self,
        sql: str,
        parameters: Mapping[str, Any],
        *,
        most: int,
        limit: timedelta = MAX_QUERY_TIME,
        most_bytes: int = MAX_ANSWER_BYTES,
    ) -> Answer:
        answer = await self._database.ask(sql, parameters, most=most, limit=limit, most_bytes=most_bytes)
        await self._keyring.prepare(*texts_in_answer(answer.rows))
        return answer

    async def _sealed(self, columns: Sealing, rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        persons = {person for row in rows for person in columns.persons(row)}
        await self._keyring.ensure(persons)
        # No await below, so that no key is closed in between.
        return [columns.seal(row, self._keyring.seal) for row in rows]


def sealed_database(database: Database, keyring: Keyring, views: Iterable[ViewType]) -> Database:
    """Returns the database with which these views are kept: itself, if none of them has sealed columns."""
    if all(view.sealed is None for view in views):
        return database
    return cast(Database, _SealedDatabase(database, keyring))


def _fault_of(columns: Sealing, row: tuple[Any, ...]) -> str:
    try:
        columns.persons(row)
    except AuthorError as error:
        return str(error)
    return ""
