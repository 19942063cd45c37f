"""Work that fails beside everything that is written to a SQLite file, so that all of it is written again."""

import sqlite3
from collections.abc import Iterator

import pytest

from actum.stores.sqlite.connection.file import SqliteFile
from actum.stores.sqlite.connection.job import Job


def fail(connection: sqlite3.Connection) -> None:
    """Fails, though nothing is wrong with the file."""
    raise ValueError("a mistake of its own")


@pytest.fixture
def beside_failing_work(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Has a work fail in every transaction, after all others of it; makes sure that all were run again."""
    commit = SqliteFile._commit
    again: list[int] = []

    def commit_beside(file: SqliteFile, jobs: list[Job]) -> None:
        future = jobs[0].future  # Of this one nothing is delivered: it is in no list but the thread's.
        before = file.undone
        commit(file, [*jobs, Job(fail, future, begins=False)])
        again.append(file.undone - before)

    monkeypatch.setattr(SqliteFile, "_commit", commit_beside)
    yield
    assert all(again)
