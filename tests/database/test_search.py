"""Searches: what is refused with the fix, equal answers of all databases, and the index that answers them."""

import asyncio
import sqlite3
import unicodedata
from contextlib import closing
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from actum.conformance.database.tables import ARTICLES, Articles, write
from actum.errors import DefinitionError
from actum.model.event import Event
from actum.model.handler import query, reducer
from actum.model.rows.page import Page
from actum.model.rows.words import MAX_ASKED, asked_words, stored_words, words_of
from actum.model.view import View, view_type
from actum.ports.database import Database
from actum.queries.query_check import check_queries
from actum.queries.translate import Translated, Views, translate_call
from actum.stores.open import open_stores
from actum.stores.postgres.connection.pool import PostgresPool
from actum.stores.postgres.database.database import SCHEMA, open_database
from actum.stores.postgres.database.tables import PostgresTable
from actum.stores.sqlite.connection.file import SqliteFile
from actum.stores.sqlite.database.database import SCHEMA as SQLITE_SCHEMA
from actum.stores.sqlite.database.database import SqliteDatabase
from actum.stores.sqlite.database.tables import SqliteTable

LETTERS = (
    "aAbB \u00e9\u00c9e\u0301\u00df\ufb01 \u00c5\u00e5\u03a3\u03c3\u03c2\u0130\u0131iI x\u00b2\u00bd "
    "\u6771\u4eac\u306e\u304b\u3099\u304c \u0939\u093f\u0928\u094d\u0926\u0940 \u0e01\u0e34\u0e19 "
    "\u0645\u064e _'\"*&|!:()<->\\%$-.,\0\U0001f389\u200b\u200d\u00ad"
)
"""Letters that fold and combine in every way, and what databases might take for operators."""
TEXT = st.text(alphabet=LETTERS, max_size=20) | st.text(max_size=12)
WORDS = TEXT | st.lists(st.sampled_from(["a", "b*", "ss", "E", "fi*", "i", "\u6771", "ab*", "\u03c3"])).map(
    " ".join
)
LONG = 5_000


class Opened(Event):
    owner: str


class Found(Struct):
    id: str
    relevance: int = 0


class Plain(View):
    id: str
    title: str = ""

    @reducer
    def opened(self, event: Opened) -> None: ...


def check(sql: str, returns: Any = list[str], words: Any = str) -> None:
    """Declares a view that can be searched, with a query that has the parameter `words`."""

    def search(self: Any, words: Any) -> Any: ...

    search.__annotations__ = {"words": words, "return": returns}

    class Notes(View, search=["title"]):
        id: str
        title: str = ""

        @reducer
        def opened(self, event: Opened) -> None: ...

        find = query(sql)(search)

    check_queries([view_type(Notes), view_type(Plain)])


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT id FROM notes WHERE search(notes, :words)",
        "SELECT id FROM notes WHERE SEARCH(Notes, :words) ORDER BY Relevance(NOTES, :words) DESC",
        'SELECT id FROM notes AS "n" WHERE search("n", :words)',
        "SELECT n.id FROM notes n JOIN plain p ON p.id = n.id AND search(n, :words)",
        "SELECT title FROM notes WHERE search(notes, :words) GROUP BY title",
        "SELECT max(id) FROM notes n GROUP BY title ORDER BY max(relevance(n, :words))",
        "SELECT id FROM plain p WHERE EXISTS (SELECT 1 FROM notes n WHERE n.id = p.id AND search(n, :words))",
    ],
)
@pytest.mark.parametrize("words", [str, str | None])
def test_searches_are_accepted(sql: str, words: Any) -> None:
    check(sql, words=words)


def test_a_search_is_paged_by_relevance() -> None:
    check(
        "SELECT id, relevance(n, :words) AS relevance FROM notes n WHERE search(n, :words) ORDER BY 2 DESC",
        Page[Found],
    )


@pytest.mark.parametrize(
    ("sql", "words", "said"),
    [
        (
            "SELECT id FROM plain WHERE search(plain, :words)",
            str,
            "the view plain cannot be searched: add search=",
        ),
        (
            "SELECT p.id FROM plain p WHERE relevance(p, :words) > 0",
            str,
            "the view plain cannot be searched: add search=",
        ),
        ("SELECT id FROM notes WHERE search(:words)", str, "takes a view, or its name in"),
        (
            "SELECT id FROM notes WHERE search(notes, :words, 1)",
            str,
            "takes a view, or its name in the query",
        ),
        ("SELECT id FROM notes WHERE search('notes', :words)", str, r"write search\(articles, :words\)"),
        ("SELECT id FROM notes n WHERE search(n.title, :words)", str, "n.title is no view"),
        ("SELECT id FROM notes n WHERE search(notes, :words)", str, "there is no view 'notes' to search"),
        ("SELECT id FROM notes WHERE search(title, :words)", str, "there is no view 'title' to search"),
        (
            "SELECT id FROM (SELECT id, title FROM notes) n WHERE search(n, :words)",
            str,
            "n is no view, but a query in FROM or WITH",
        ),
        (
            "WITH n AS (SELECT id, title FROM notes) SELECT id FROM n WHERE search(n, :words)",
            str,
            "n is no view, but a query in FROM or WITH",
        ),
        (
            "SELECT id FROM notes WHERE search(notes, :words || '*')",
            str,
            "are a parameter, or a text in quotes",
        ),
        (
            "SELECT id FROM notes WHERE search(notes, title) OR id = :words",
            str,
            "are a parameter, or a text in",
        ),
        (
            "SELECT id FROM notes WHERE search(notes, :words)",
            int,
            ":words is integer.*annotate the parameter str",
        ),
        ("SELECT id FROM notes WHERE search(notes, :words)", list[str], ":words is a list"),
        (
            "SELECT relevance(n, :words) || '' FROM notes n GROUP BY id",
            str,
            r"relevance\(n, :words\) may have several values in a group",
        ),
        (
            "SELECT DISTINCT id FROM notes n ORDER BY relevance(n, :words)",
            str,
            r"relevance\(n, :words\) cannot be computed here",
        ),
        (
            "SELECT id FROM notes n UNION SELECT id FROM plain ORDER BY relevance(n, :words)",
            str,
            "there is no view 'n' to search",
        ),
    ],
)
def test_what_cannot_be_searched_is_refused_with_the_fix(sql: str, words: Any, said: str) -> None:
    with pytest.raises(DefinitionError, match=said):
        check(sql, words=words)


def test_no_word_has_a_character_that_a_database_understands() -> None:
    for number in range(0x110000):
        for word in words_of(f"a{chr(number)}b"):
            assert not set(word) & set(" _:*'\"\\\0&|!()<>,")
            assert all(unicodedata.category(one)[0] in "LNM" for one in word)


@given(TEXT)
def test_words_are_split_and_folded_the_same_whether_stored_or_asked(text: str) -> None:
    words = words_of(text)

    assert words_of(" ".join(words)) == words
    assert words_of(text.upper()) == words_of(text.upper().lower()) or not text.isascii()
    assert [one.word for one in asked_words(text)] == list(dict.fromkeys(words)) or "*" in text
    assert {one.removeprefix("_") for one in stored_words([text]).split() if one[0] == "_"} == set(words)


def test_of_a_very_long_text_the_first_words_are_asked_for() -> None:
    asked = asked_words(" ".join(f"w{number}" for number in range(10_000)))

    assert len(asked) == MAX_ASKED
    assert asked[-1].word == f"w{MAX_ASKED - 1}"


def expected(rows: list[Articles], words: str) -> set[str]:
    """The rows that have all words, by what the documentation says."""
    found = set()
    for row in rows:
        has = set(words_of(row.title) + words_of(row.text))
        if all(
            any(word.startswith(one.word) if one.is_prefix else word == one.word for word in has)
            for one in asked_words(words)
        ):
            found.add(row.id)
    return found


def test_every_database_finds_the_same_rows_in_the_same_order(postgres_store: str, tmp_path: Path) -> None:
    sql = "SELECT id, relevance(a, :words) AS r FROM articles a WHERE search(a, :words) ORDER BY r DESC, id"
    checkpoints = iter(range(1, 1_000_000))

    async def open_all() -> list[Database]:
        pool = await PostgresPool.open(postgres_store, (SCHEMA,))
        files = [
            await SqliteFile.open(path, (SQLITE_SCHEMA,)) for path in (":memory:", str(tmp_path / "a.db"))
        ]
        opened: list[Database] = [await open_database(pool), *map(SqliteDatabase, files)]
        for database in opened:
            await database.prepare_view(ARTICLES)
        return opened

    async def fill(rows: list[Articles], at: int) -> None:
        for database in databases:
            await database.project(
                ARTICLES,
                1,
                before=at - 1,
                checkpoint=at,
                written=[ARTICLES.row_to_sql(row) for row in rows],
                deleted=[str(number) for number in range(len(rows), 6)],
            )

    @settings(max_examples=150, deadline=None)
    @given(st.lists(st.tuples(TEXT, st.none() | TEXT), max_size=6), st.lists(WORDS, min_size=1, max_size=4))
    def compare(texts: list[tuple[str, str | None]], searches: list[str]) -> None:
        # What no column can hold is set aside before it comes here.
        texts = [(cleaned(title), cleaned(text)) for title, text in texts]  # type: ignore[misc]
        rows = [Articles(str(number), *pair) for number, pair in enumerate(texts)]
        runner.run(fill(rows, next(checkpoints)))
        for words in searches:
            answers = [runner.run(one.ask(sql, {"words": words}, most=9)).rows for one in databases]
            assert answers[0] == answers[1] == answers[2]
            assert {id for id, _ in answers[0]} == expected(rows, words)

    with asyncio.Runner() as runner:
        databases = runner.run(open_all())
        try:
            compare()
        finally:
            for database in databases:
                runner.run(database.close())


def cleaned(text: str | None) -> str | None:
    return None if text is None else text.replace("\0", "").encode(errors="ignore").decode()


SEARCH = "SELECT id FROM articles a WHERE search(a, :words)"


async def fill_much(database: Database) -> None:
    rows = [Articles(f"{n}", f"row {n}", "more" if n % 5 else "some") for n in range(LONG)]
    await write(database, ARTICLES, *rows)


def translated(dialect: str) -> Translated:
    columns = {column.name: column.kind for column in ARTICLES.columns}
    views = Views({"articles": columns}, searched=frozenset({"articles"}))  # type: ignore[dict-item]
    return translate_call(SEARCH, {"words": "any"}, views, dialect)


async def test_sqlite_finds_rows_by_the_index_of_words(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    async with open_stores(f"sqlite:///{path}") as stores:
        await fill_much(stores.database)

    with closing(sqlite3.connect(path)) as connection:
        explained = connection.execute(
            f"EXPLAIN QUERY PLAN {translated('sqlite').sql}", {"p1": '"_row" "_7" *'}
        )
        plan = [step for *_, step in explained]

    assert any("articles__1__search VIRTUAL TABLE INDEX" in step for step in plan), plan
    assert any("SEARCH articles__1 USING INTEGER PRIMARY KEY" in step for step in plan), plan


@pytest.mark.parametrize(("words", "count"), [("'_row' & '_77':*", 11), ("'_some'", LONG // 5)])
async def test_postgres_finds_rows_by_the_index_of_words(postgres_url: str, words: str, count: int) -> None:
    async with open_stores(postgres_url) as stores:
        await fill_much(stores.database)
    connection = await asyncpg.connect(postgres_url)
    await connection.execute("ANALYZE articles__1")

    told = await connection.fetch(f"EXPLAIN {translated('postgres').sql}", words)
    rows = await connection.fetch(translated("postgres").sql, words)
    await connection.close()

    plan = "\n".join(step for (step,) in told)
    assert "Bitmap Index Scan on articles__1__search" in plan, plan
    assert len(rows) == count


async def test_words_stay_with_their_rows_when_a_file_is_vacuumed(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    async with open_stores(f"sqlite:///{path}") as stores:
        state = await write(stores.database, ARTICLES, *(Articles(f"{n}", f"row n{n}") for n in range(50)))
        deleted = [f"{n}" for n in range(0, 50, 2)]
        await stores.database.project(
            ARTICLES, state.generation, before=10, checkpoint=11, written=(), deleted=deleted
        )
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("VACUUM")

    async with open_stores(f"sqlite:///{path}") as stores:
        row = ARTICLES.row_to_sql(Articles("7", "changed"))
        await stores.database.project(
            ARTICLES, state.generation, before=11, checkpoint=12, written=[row], deleted=["9"]
        )
        found = {
            words: (await stores.database.ask(f"{SEARCH} ORDER BY id", {"words": words}, most=99)).rows
            for words in ("n11", "n8", "n7", "n9", "changed")
        }
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        search = '"articles__1__search"'
        connection.execute(f"INSERT INTO {search} ({search}, rank) VALUES ('integrity-check', 1)")

    assert found == {"n11": [("11",)], "n8": [], "n7": [], "n9": [], "changed": [("7",)]}


def test_a_view_that_is_not_searched_has_the_statements_that_it_had() -> None:
    plain = view_type(Plain)

    table, server = SqliteTable(plain, 1), PostgresTable(plain, 1)

    assert table.create == [
        'CREATE TABLE "plain__1" ("id" TEXT NOT NULL, "title" TEXT NOT NULL, PRIMARY KEY ("id"))'
    ]
    assert table.create_names == ['CREATE VIEW "plain" AS SELECT "id", "title" FROM "plain__1"']
    assert table.upsert(1) == (
        'INSERT INTO "plain__1" ("id", "title") VALUES (?, ?) '
        'ON CONFLICT ("id") DO UPDATE SET "title" = excluded."title"'
    )
    assert len(server.create) == 1
    assert "$words" not in f"{server.create}{server.names}{server.insert}{server.project('')}"
