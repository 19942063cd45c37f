"""The keys of persons in copies of a store: taken out of one, or taken over from the store in use."""

import sqlite3
from collections.abc import Collection
from contextlib import closing
from pathlib import Path

from msgspec import Struct

from actum.stores.sqlite.connection.opening import configure, part_versions
from actum.stores.sqlite.database.tables import drop_names
from actum.stores.sqlite.database.views import drop_generation

PEOPLE = "people"
"""The part of the schema that holds keys of persons; stores of an early version have none."""
TABLES = (
    "actum_application_keys",
    "actum_person_keys",
    "actum_forgettings",
    "actum_forget_requests",
)


class TakenOver(Struct, frozen=True):
    """How many keys a restored store has, and how many persons were forgotten since its backup."""

    keys: int
    forgotten: int


class KeptKeys(Struct, frozen=True):
    """What a store in use holds of keys of persons and forgettings: the rows of TABLES."""

    rows: dict[str, list[tuple[object, ...]]]


def forget_keys(connection: sqlite3.Connection, kept_views: Collection[str]) -> None:
    """Takes the keys of persons out of a copy, and the views that may hold their data as plain text."""
    if PEOPLE in part_versions(connection):
        connection.execute("DELETE FROM actum_person_keys")
        connection.execute("DELETE FROM actum_forget_requests")
    drop_views(connection, kept_views)


def drop_views(connection: sqlite3.Connection, kept: Collection[str]) -> None:
    """Drops all views but some; the application builds them anew when it starts."""
    views = connection.execute("SELECT name, generation FROM actum_views").fetchall()
    for name, generation in views:
        if name not in kept:
            for statement in drop_names(name):
                connection.execute(statement)
            drop_generation(connection, name, generation)


def read_keys(store: Path, journal: str) -> KeptKeys | None:
    """Reads what a store in use holds of keys; None if it has another journal, or cannot be read."""
    try:
        with closing(configure(str(store), must_exist=True)) as connection:
            if PEOPLE not in part_versions(connection):
                return None
            if connection.execute("SELECT id FROM actum_identity").fetchone()[0] != journal:
                return None
            return KeptKeys({name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in TABLES})
    except (sqlite3.Error, TypeError):
        return None


def take_over(file: Path, kept: KeptKeys, plain_views: Collection[str]) -> TakenOver:
    """Gives a copy the keys of the store that it replaces, so that who was forgotten since stays forgotten.

    `plain_views` are the views without personal data. The others are dropped if somebody was forgotten, or
    if the copy had no keys.
    """
    with closing(configure(str(file), must_exist=True)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        before = {id for (id,) in connection.execute("SELECT id FROM actum_person_keys")}
        of_store = {row[1] for row in kept.rows["actum_person_keys"]}
        forgotten = len(before - of_store)
        connection.execute("DELETE FROM actum_person_keys")
        for name, rows in kept.rows.items():
            if rows:
                places = ", ".join("?" * len(rows[0]))
                connection.executemany(f"INSERT OR REPLACE INTO {name} VALUES ({places})", rows)
        if forgotten:
            drop_views(connection, plain_views)
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return TakenOver(len(of_store), forgotten)
