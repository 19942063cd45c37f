"""SQL that SQLite and PostgreSQL share: writes rows that are set aside, and the events that wait for them."""

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

from actum.ports.database import AsideChanges

TABLES = ("actum_set_aside", "actum_waiting")


def digest_of(key: str) -> str:
    """Gives 32 hexadecimal digits for a key of any length, so that every index can hold it."""
    return hashlib.blake2b(key.encode(), digest_size=16).hexdigest()


class AsideStatements:
    """The statements of one database, which names the value with a number (from 1) by its placeholder."""

    def __init__(self, placeholder: Callable[[int], str]) -> None:
        places = [placeholder(number) for number in range(1, 8)]
        view, generation, digest, position = places[:4]
        of_view = f"view = {view} AND generation = {generation}"
        of_row = f"{of_view} AND digest = {digest}"
        self.drop: tuple[str, ...] = tuple(f"DELETE FROM {table} WHERE {of_view}" for table in TABLES)
        self._free = tuple(f"DELETE FROM {table} WHERE {of_row}" for table in TABLES)
        self._done = f"DELETE FROM actum_waiting WHERE {of_row} AND position <= {position}"
        self._set_aside = f"""INSERT INTO actum_set_aside VALUES ({", ".join(places)}, false)
            ON CONFLICT (view, generation, digest) DO UPDATE
            SET position = excluded.position, error = excluded.error, is_asked = false"""
        self._wait = f"""INSERT INTO actum_waiting VALUES ({", ".join(places[:4])})
            ON CONFLICT DO NOTHING"""

    def changes(
        self, name: str, generation: int, changes: AsideChanges
    ) -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
        """Gives the statements that write changes, in order, each with the values of its executions."""
        freed = [(name, generation, digest_of(key)) for key in changes.freed]
        for statement in self._free:
            yield statement, freed
        yield self._done, [(name, generation, digest_of(key), position) for key, position in changes.done]
        yield (
            self._set_aside,
            [
                (name, generation, digest_of(new.key), new.key, new.position, new.error, new.time)
                for new in changes.set_aside
            ],
        )
        yield self._wait, [(name, generation, digest_of(key), position) for key, position in changes.waits]
