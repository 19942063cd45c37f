"""The command that makes what a store needs, and how the others take a database beside the store."""

import asyncio
import shutil
import sqlite3
import uuid
from contextlib import closing
from pathlib import Path

import asyncpg
import pytest

from tests.cli.commands import CommandLine
from tests.cli.filling import fill
from tests.servers.dynamodb import url_of

FIRST_STORE = Path(__file__).parents[1] / "stores_of_versions/stores/shop/2026-11-28/store.sqlite"


@pytest.fixture
def table_url(dynamodb: str) -> str:
    return url_of(dynamodb, f"t-{uuid.uuid4().hex}")


def test_a_file_is_made_and_made_again(shop: Path, actum: CommandLine) -> None:
    """It says what it is up to date with, and twice does no harm."""
    results = [actum("migrate", "shop", "--store", "sqlite:///new.db") for _ in range(2)]

    assert [(result.code, result.out) for result in results] == [
        (0, "sqlite:///new.db: made, and ready\n"),
        (0, "sqlite:///new.db: up to date\n"),
    ]
    assert (shop / "new.db").exists()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("text.db", "text.db is not an Actum store, nor any SQLite file: name another file"),
        ("other.db", "other.db is a SQLite file of another program: name another file"),
        (".", ". is a directory: name a file, as in sqlite:///./app.db"),
        ("none/a.db", "there is no directory none: create it, or name another file"),
    ],
)
def test_what_is_no_store_is_said_in_our_own_words(
    shop: Path, actum: CommandLine, name: str, expected: str
) -> None:
    (shop / "text.db").write_text("no database, and long enough to be one. " * 50)
    with closing(sqlite3.connect(shop / "other.db")) as other:
        other.execute("CREATE TABLE theirs (id)")

    result = actum("migrate", "shop", "--store", f"sqlite:///{name}")

    assert (result.code, result.err) == (1, f"error: {expected}\n")


def test_a_schema_in_postgres_is_made(shop: Path, actum: CommandLine, postgres_store: str) -> None:
    """The tables are there before the application first starts."""
    asyncio.run(_drop(postgres_store))

    results = [actum("migrate", "shop", "--store", postgres_store) for _ in range(2)]

    assert [(result.code, result.err) for result in results] == [(0, "")] * 2
    assert results[0].out.endswith(": made, and ready\n")
    assert results[1].out.endswith(": up to date\n")


async def _drop(url: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute("DROP SCHEMA store CASCADE; CREATE SCHEMA store")
    await connection.close()


def test_a_file_of_an_earlier_version_is_said_to_have_been_brought_up_to_date(
    shop: Path, actum: CommandLine
) -> None:
    shutil.copy(FIRST_STORE, shop / "old.db")
    connection = sqlite3.connect(shop / "old.db")
    is_older = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'actum_schema'").fetchone()
    connection.close()

    results = [actum("migrate", "shop", "--store", "sqlite:///old.db").out for _ in range(2)]

    assert is_older == (0,)
    assert results[0].startswith("sqlite:///old.db: brought up to date (")
    assert results[1] == "sqlite:///old.db: up to date\n"


def test_a_table_in_dynamodb_is_made_once(shop: Path, actum: CommandLine, table_url: str) -> None:
    """The first time it is made, the second time it is there; then the other commands run on it."""
    beside = ["--store", table_url, "--database", "sqlite:///views.db"]

    before = actum("events", "shop", *beside)
    results = [actum("migrate", "shop", *beside) for _ in range(2)]
    after = actum("events", "shop", *beside)

    assert before.code == 1
    assert "create it with `actum migrate`" in before.err
    assert [result.code for result in results] == [0, 0]
    assert results[0].out.splitlines() == [
        f"{table_url}: made, and ready",
        "sqlite:///views.db: made, and ready",
    ]
    assert results[1].out.splitlines() == [f"{table_url}: up to date", "sqlite:///views.db: up to date"]
    assert (after.code, after.out) == (0, "")


def test_the_environment_names_the_database(
    shop: Path, actum: CommandLine, table_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ACTUM_STORE and ACTUM_DATABASE stand for the options; a file leaves the second alone."""
    monkeypatch.setenv("ACTUM_STORE", table_url)
    monkeypatch.setenv("ACTUM_DATABASE", "sqlite:///views.db")

    made = actum("migrate", "shop")
    file = actum("migrate", "shop", "--store", "sqlite:///own.db")
    listed = actum("views", "list", "shop", "--json")

    assert made.out.splitlines()[1:] == ["sqlite:///views.db: made, and ready"]
    assert file.out == "sqlite:///own.db: made, and ready\n"
    assert (listed.code, listed.err) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--store", "dynamodb://bank"], "name a database for views, queues and timers with --database"),
        (["--store", "dynamodb://bank?regio=eu", "--database", "sqlite:///a.db"], "no option 'regio'"),
        (["--store", "sqlite:///a.db", "--database", "sqlite:///b.db"], "leave out the database"),
        (["--database", "sqlite:///b.db"], "leave out the database"),
        (["--store", "memory:"], "a store in memory needs no tables"),
        (["--store", "dynamodb://bank", "--database", "mysql://host"], "names no database that Actum knows"),
    ],
)
def test_what_cannot_be_made_is_said_in_one_line(
    shop: Path, actum: CommandLine, arguments: list[str], said: str
) -> None:
    """A slip in the options makes nothing."""
    result = actum("migrate", "shop", *arguments)

    assert result.code == 1
    assert said in result.err
    assert len(result.err.splitlines()) == 1
    assert not list(shop.glob("*.db"))


def test_every_command_takes_the_database(shop: Path, actum: CommandLine) -> None:
    """A database beside a file is refused by each command, and not overlooked by any."""
    fill(("a", 3))
    commands = [
        ["run", "shop", "--port", "0"],
        ["events", "shop"],
        ["entity", "shop", "Order", "a"],
        ["ids", "shop", "Order"],
        ["views", "list", "shop"],
        ["views", "rebuild", "shop", "sales"],
        ["dead-letters", "list", "shop"],
        ["dead-letters", "show", "shop", "1"],
        ["dead-letters", "retry", "shop", "1"],
        ["dead-letters", "skip", "shop", "1"],
    ]

    results = [actum(*command, "--database", "sqlite:///b.db") for command in commands]

    assert [result.code for result in results] == [1] * len(commands)
    assert all("leave out the database" in result.err for result in results)
