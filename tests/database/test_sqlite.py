"""The database on SQLite: all that every database must do, in a file and in memory, and what a file adds."""

import sqlite3
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from actum.conformance.database import DatabaseConformance
from actum.conformance.database.decimals import PRICES
from actum.conformance.database.tables import BALANCES, Balances, kept, owners, write
from actum.errors import DefinitionError, OutdatedView, Overloaded, Unavailable
from actum.ports.database import Database, NewTimer, ViewState
from actum.ports.journal import Write
from actum.ports.message import NewMessage
from actum.stores.schema import Part
from actum.stores.sqlite.connection.file import IN_MEMORY, SqliteFile
from actum.stores.sqlite.database.database import SCHEMA, SqliteDatabase
from actum.stores.sqlite.journal.journal import SqliteJournal
from actum.stores.sqlite.journal.statements import SCHEMA as JOURNAL_SCHEMA


async def open_database(path: str) -> SqliteDatabase:
    return SqliteDatabase(await SqliteFile.open(path, (SCHEMA,)))


class TestSqliteFile(DatabaseConformance):
    @pytest.fixture
    async def database(self, tmp_path: Path) -> AsyncIterator[Database]:
        database = await open_database(str(tmp_path / "app.db"))
        yield database
        await database.close()


class TestSqliteBesideFailingWork(DatabaseConformance):
    """Whatever the database writes is undone and written again, because work beside it fails."""

    @pytest.fixture
    async def database(self, tmp_path: Path, beside_failing_work: None) -> AsyncIterator[Database]:
        database = await open_database(str(tmp_path / "app.db"))
        yield database
        await database.close()


class TestSqliteInMemory(DatabaseConformance):
    @pytest.fixture
    async def database(self) -> AsyncIterator[Database]:
        database = await open_database(IN_MEMORY)
        yield database
        await database.close()


async def test_what_was_written_is_there_when_the_file_is_opened_again(tmp_path: Path) -> None:
    path = str(tmp_path / "app.db")
    first = await open_database(path)
    state = await write(first, BALANCES, Balances("a", "ann", 3), checkpoint=17)
    await first.send([NewMessage("payments", "k", b"x", 5, "c", "p-7")])
    await first.add_timer(NewTimer("t", 40, "Account", "a", "close", b"[]", "c"))
    await first.checkpoint("notify", at_first=8)
    await first.tick("report", at_first=9)
    await first.request_rebuild("balances")
    await first.close()

    second = await open_database(path)

    assert await second.views() == [ViewState("balances", 1, BALANCES.fingerprint, 17, True)]
    assert await kept(second, BALANCES, state, "a") == {"a": Balances("a", "ann", 3)}
    await second.send([NewMessage("payments", "k", b"y", 5, "c", "p-7")])
    assert [message.body for message in await second.messages("payments", 0, 9)] == [b"x"]
    assert await second.next_timer() == 40
    assert await second.checkpoint("notify", at_first=0) == 8
    assert await second.tick("report", at_first=0) == 9
    assert await second.rebuild_requests() == {"balances"}
    await second.close()


async def test_a_file_may_hold_the_journal_as_well(tmp_path: Path) -> None:
    file = await SqliteFile.open(str(tmp_path / "app.db"), (JOURNAL_SCHEMA, SCHEMA))
    journal, database = SqliteJournal(file), SqliteDatabase(file)

    await journal.append([Write("Account", "a", 0, [("Opened", 1, b"{}")], b"{}", 5)])
    await write(database, BALANCES, Balances("a", "ann", 3), checkpoint=1)

    assert await journal.head() == 1
    assert await owners(database) == ["ann"]
    await journal.close()
    await database.close()


async def test_the_live_view_answers_any_program_under_its_own_name(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    database = await open_database(str(path))
    await write(database, BALANCES, Balances("a", "ann", 3))

    other = sqlite3.connect(path)
    found = other.execute("SELECT owner, balance FROM balances").fetchall()
    other.close()

    assert found == [("ann", 3)]
    await database.close()


async def test_a_view_of_the_name_of_a_table_is_refused(tmp_path: Path) -> None:
    file = await SqliteFile.open(
        str(tmp_path / "app.db"), (SCHEMA, Part("other", (("CREATE TABLE balances (id TEXT)",),)))
    )
    database = SqliteDatabase(file)

    with pytest.raises(DefinitionError, match=r"has the name of another table .* use name="):
        await database.prepare_view(BALANCES)

    assert await database.views() == []
    await database.close()


async def test_a_closed_database_is_unavailable(tmp_path: Path) -> None:
    database = await open_database(str(tmp_path / "app.db"))
    await database.close()

    with pytest.raises(Unavailable, match="is closed"):
        await database.prepare_view(BALANCES)
    with pytest.raises(Unavailable, match="is closed"):
        await database.views()


async def test_a_database_says_which_file_it_is_on(tmp_path: Path) -> None:
    database = await open_database(str(tmp_path / "app.db"))

    assert repr(database) == f"<SqliteDatabase {tmp_path / 'app.db'}>"
    await database.close()


@pytest.mark.parametrize("name", ["app.db", IN_MEMORY])
async def test_a_query_that_never_ends_is_cut_off(tmp_path: Path, name: str) -> None:
    database = await open_database(name if name == IN_MEMORY else str(tmp_path / name))
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"

    with pytest.raises(Overloaded, match=r"took longer than 0\.05 s .* indexes="):
        await database.ask(endless, {}, most=5, limit=timedelta(milliseconds=50))

    await write(database, BALANCES, Balances("a", "ann", 3))
    assert await owners(database) == ["ann"]
    await database.close()


INDEXED = [
    (
        "SELECT * FROM actum_letters WHERE action = 'a' AND key = 'k' ORDER BY position, id LIMIT 1",
        "actum_letters_key",
    ),
    ("SELECT key, count(*) FROM actum_letters WHERE action = 'a' GROUP BY key", "actum_letters_key"),
    ("SELECT * FROM actum_letters WHERE action = 'a' AND id > 3 ORDER BY id LIMIT 5", "actum_letters_action"),
    (
        "SELECT * FROM actum_letters WHERE status = 'dead' AND id > 3 ORDER BY id LIMIT 5",
        "actum_letters_status",
    ),
    (
        "SELECT * FROM actum_letters WHERE action = 'a' AND request IS NOT NULL ORDER BY id",
        "actum_letters_request",
    ),
    ("SELECT * FROM actum_messages WHERE queue = 'q' AND id > 3 ORDER BY id LIMIT 5", "actum_messages_queue"),
    ("DELETE FROM actum_sent WHERE time < 5", "actum_sent_time"),
    ("SELECT * FROM actum_timers WHERE (due, id) > (1, 2) AND due <= 9 ORDER BY due, id", "actum_timers_due"),
    ("SELECT min(due) FROM actum_timers", "actum_timers_due"),
    ("SELECT * FROM balances__1 WHERE owner = 'ann'", "balances__1__1"),
]


@pytest.mark.parametrize(("sql", "index"), INDEXED)
async def test_every_way_in_has_its_index(tmp_path: Path, sql: str, index: str) -> None:
    path = tmp_path / "app.db"
    database = await open_database(str(path))
    await database.prepare_view(BALANCES)
    await database.close()

    other = sqlite3.connect(path)
    plan = " ".join(row[3] for row in other.execute(f"EXPLAIN QUERY PLAN {sql}"))
    other.close()

    assert index in plan
    assert "SCAN" not in plan or "USING COVERING INDEX" in plan or sql.startswith("SELECT key")
    assert "TEMP B-TREE" not in plan


async def test_decimals_that_an_older_version_kept_as_text_are_not_compared() -> None:
    """A table from before is never asked in part: whoever asks waits until the view is built anew."""
    file = await SqliteFile.open(":memory:", (SCHEMA,))
    database = SqliteDatabase(file)
    state = await database.prepare_view(PRICES)
    old = 'CREATE TABLE prices__1 (id TEXT PRIMARY KEY, price TEXT, maybe TEXT, "count" INTEGER)'
    for statement in ("DROP TABLE prices__1", old):
        await file.write(lambda connection, statement=statement: connection.execute(statement))

    with pytest.raises(OutdatedView, match="prices is stored in the format of an older version"):
        await database.ask("SELECT max(price) FROM prices", {}, most=5)
    rebuilt = await database.rebuild_view(PRICES)
    await database.promote_view(PRICES, rebuilt.generation)

    assert rebuilt.generation == state.generation + 1
    assert (await database.ask("SELECT max(price) FROM prices", {}, most=5)).rows == [(None,)]
    await database.close()


async def test_in_memory_a_query_is_kept_from_writing_once_and_the_store_is_written_as_before() -> None:
    file = await SqliteFile.open(IN_MEMORY, (SCHEMA,))
    database = SqliteDatabase(file)
    state = await write(database, BALANCES, Balances("a", "ann", 3), checkpoint=1)
    asked: list[str] = []
    await file.write(lambda connection: connection.set_trace_callback(asked.append))

    answers = [await database.ask("SELECT owner FROM balances", {}, most=9) for _ in range(3)]
    await file.write(lambda connection: connection.set_trace_callback(None))

    assert [answer.rows for answer in answers] == [[("ann",)]] * 3
    guards = [statement for statement in asked if "query_only" in statement]
    assert guards == ["PRAGMA query_only = ON", "PRAGMA query_only = OFF"]
    assert await kept(database, BALANCES, state, "a") == {"a": Balances("a", "ann", 3)}
    await database.request_rebuild("balances")
    assert await database.rebuild_requests() == {"balances"}
    await database.close()
