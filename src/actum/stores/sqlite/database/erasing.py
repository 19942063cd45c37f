"""The erasure of entities in a SQLite file: recorded while it is under way, and when it has ended."""

import json
import sqlite3
from collections.abc import Sequence
from functools import partial

from actum.ports.database import Database, Erasure
from actum.ports.workflows import OPERATOR_ACTS
from actum.stores.sqlite.connection.file import SqliteFile
from actum.stores.sqlite.database.tables import merge_words
from actum.stores.statements.workflows import OF_WORKFLOWS

ERASURE_SCHEMA = (
    """CREATE TABLE actum_erasures (
        kind TEXT NOT NULL, id TEXT NOT NULL, key TEXT NOT NULL, since INTEGER NOT NULL,
        position INTEGER NOT NULL, is_ended INTEGER NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID""",
    "CREATE INDEX actum_erasures_key ON actum_erasures (key)",
)
# Why an erasure was begun, and the position of the event that has set a deadline; 0 for other timers.
WHY_SCHEMA = (
    "ALTER TABLE actum_erasures ADD COLUMN why TEXT NOT NULL DEFAULT 'erased'",
    "ALTER TABLE actum_timers ADD COLUMN position INTEGER NOT NULL DEFAULT 0",
)
BEGIN = """INSERT INTO actum_erasures VALUES (:kind, :id, :kind || '/' || :id, :since, 0, 0, :why)
    ON CONFLICT DO UPDATE SET since = excluded.since, why = excluded.why, is_ended = 0 WHERE is_ended"""
END = """INSERT INTO actum_erasures VALUES (:kind, :id, :kind || '/' || :id, 0, :position, 1, '')
    ON CONFLICT DO UPDATE SET position = max(position, excluded.position), is_ended = 1"""
REMOVE = (
    "DELETE FROM actum_timers WHERE kind = :kind AND entity_id = :id AND position <= :position",
    "DELETE FROM actum_messages WHERE key IN (SELECT value FROM json_each(:keys))",
    """DELETE FROM actum_letters WHERE CASE WHEN instr(action, '@queue:')
        THEN key IN (SELECT value FROM json_each(:keys))
        ELSE key = :kind || '/' || :id AND (action = 'timers' OR position < :position) END""",
)

REMOVE_OF_SUBJECT = tuple(
    f"""DELETE FROM {table} WHERE {column} IN
        (SELECT number FROM actum_workflows WHERE subject = :kind || '/' || :id)"""
    for table, column in OF_WORKFLOWS
)
"""Removes the workflows that an entity's events started."""
REMOVE_OPERATOR_ACTS = f"""DELETE FROM actum_workflows
    WHERE kind = '{OPERATOR_ACTS}' AND subject IN (SELECT value FROM json_each(:keys))"""
"""Removes what operators did with messages that have an entity's keys."""

SEARCHED = """SELECT v.name, v.generation FROM actum_views v
    JOIN sqlite_master m ON m.name = v.name || '__' || v.generation || '__search'"""
"""Finds the generations that have an index of words."""


class SqliteErasing(Database):
    """The part of the database that erases what is stored for an entity."""

    _file: SqliteFile

    async def begin_erasure(self, erasure: Erasure) -> None:
        values = {"kind": erasure.kind, "id": erasure.id, "since": erasure.since, "why": erasure.why}
        await self._file.write(lambda connection: connection.execute(BEGIN, values))

    async def erasures(self) -> list[Erasure]:
        statement = "SELECT kind, id, since, why FROM actum_erasures WHERE NOT is_ended ORDER BY kind, id"
        return await self._file.read(
            lambda connection: [Erasure(*row) for row in connection.execute(statement)]
        )

    async def end_erasure(self, kind: str, id: str, position: int, *, keys: Sequence[str]) -> None:
        values = {"kind": kind, "id": id, "position": position, "keys": json.dumps(list(keys))}

        def end(connection: sqlite3.Connection) -> None:
            for statement in (*REMOVE, *REMOVE_OF_SUBJECT, REMOVE_OPERATOR_ACTS, END):
                connection.execute(statement, values)

        await self._file.write(end)
        # Rows of views, and so their words, are deleted by projectors, which scrub after that.
        await self._file.scrub()

    async def scrub(self) -> None:
        for name, generation in await self._file.read(_generations):
            await self._merge(name, generation)
        await self._file.scrub()

    async def _merge(self, name: str, generation: int) -> None:
        """Merges an index of words until nothing is left of what was deleted; others write in between."""
        is_first = True
        while await self._file.write(
            partial(merge_words, name=name, generation=generation, is_first=is_first)
        ):
            is_first = False


def _generations(connection: sqlite3.Connection) -> list[tuple[str, int]]:
    return connection.execute(SEARCHED).fetchall()
