"""The suite for searches: which rows have the words, in which order, and that words go with their rows."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from actum.conformance.database.tables import (
    ARTICLES,
    PLAIN_ARTICLES,
    REVIEWS,
    SEARCHED_PURSES,
    Articles,
    PlainArticles,
    Reviews,
    write,
)
from actum.errors import Invalid, StaleWrite, Unavailable
from actum.ports.database import Database, ViewState

FOUND = "SELECT id FROM articles WHERE search(articles, :words) ORDER BY id"
BEST = """SELECT id FROM articles a WHERE search(a, :words) ORDER BY relevance(a, :words) DESC, id"""
TEXTS: list[tuple[str, str, bool]] = [
    ("a whole word", "the quick fox", True),
    ("quick", "the quick fox", True),
    ("fox the", "the quick fox", True),
    ("fox fox", "the quick fox", True),
    ("fox wolf", "the quick fox", False),
    ("qui", "the quick fox", False),
    ("qui*", "the quick fox", True),
    ("qui* the", "the quick fox", True),
    ("quick*", "the quick fox", True),
    ("quicker*", "the quick fox", False),
    ("uick*", "the quick fox", False),
    ("qui *", "the quick fox", False),
    ("q*k", "the quick fox", False),
    ("*", "the quick fox", True),
    ("", "the quick fox", True),
    (" ?! ", "the quick fox", True),
    ("\N{PARTY POPPER}", "the quick fox", True),
    ("\N{PARTY POPPER} fox", "the quick fox", True),
    ("QUICK", "the quick fox", True),
    ("quick", "The QUICK fox", True),
    ("ecole", "\N{LATIN CAPITAL LETTER E WITH ACUTE}cole", True),
    ("e\N{COMBINING ACUTE ACCENT}cole", "ECOLE", True),
    ("strasse", "Stra\N{LATIN SMALL LETTER SHARP S}e", True),
    ("fish", "\N{LATIN SMALL LIGATURE FI}sh", True),
    ("x2", "x\N{SUPERSCRIPT TWO}", True),
    ("don't", "I don't know", True),
    ("well-known", "a well known fox", True),
    ("4711", "order 4711", True),
    ("47*", "order 4711", True),
    ("282", "fox", False),
    ("_fox", "fox", True),
    ("snake_case", "case of a snake", True),
    ("\u6771\u4eac", "\u6771\u4eac\u306e\u5929\u6c17", True),
    ("\u5929", "\u6771\u4eac\u306e\u5929\u6c17", True),
    ("\u5317", "\u6771\u4eac\u306e\u5929\u6c17", False),
    ("\u0645\u062f\u0631\u0633\u0629", "\u0645\u064e\u062f\u0631\u064e\u0633\u0629", True),
    ("x" * 100, "x" * 100, True),
    (" ".join(f"word{number}" for number in range(3_000)), "nothing of this", False),
]
HOSTILE = [
    "'", '"', "''", '"fox', "fox'", "fox AND", "NOT fox", "fox OR wolf", "NEAR(fox wolf)", "title:fox",
    "-fox", "^fox",
    "fox + wolf", "(fox", "fox)", "fox & !wolf", "fox <-> wolf", "fox:*", "fox:ABC", "\\", "\\'", "%",
    "_", "fox\x00wolf", "\ud800", "{fox}", "$1", ":words", "fox; DROP TABLE articles", "\u202efox", "\n\t",
    "***", "fox**", "'fox'", "fox\N{PARTY POPPER}",
]  # fmt: skip


async def found(database: Database, words: str | None, sql: str = FOUND) -> list[Any]:
    """Gives the ids that a search finds."""
    answer = await database.ask(sql, {"words": words}, most=1_000)
    return [id for (id,) in answer.rows]


async def change(
    database: Database, state: ViewState, *rows: Articles, before: int = 10, deleted: Sequence[str] = ()
) -> None:
    """Projects rows over others, and deletes some."""
    await database.project(
        ARTICLES,
        state.generation,
        before=before,
        checkpoint=before + 1,
        written=[ARTICLES.row_to_sql(row) for row in rows],
        deleted=deleted,
    )


class SearchConformance:
    """A search finds the rows with all words, and knows the words of each row as it is now."""

    @pytest.mark.parametrize(("words", "text", "is_found"), TEXTS, ids=range(len(TEXTS)))
    async def test_rows_with_all_words_are_found(
        self,
        database: Database,
        words: str,
        text: str,
        is_found: bool,  # noqa: FBT001
    ) -> None:
        await write(database, ARTICLES, Articles("a", "a whole word", text), Articles("b", "nothing", None))

        assert ("a" in await found(database, words)) == is_found

    async def test_a_search_without_words_finds_every_row(self, database: Database) -> None:
        await write(database, ARTICLES, Articles("a", "fox", ""), Articles("b", "", None))

        assert [await found(database, words) for words in ("", "?!", "*", None)] == [["a", "b"]] * 4

    @pytest.mark.parametrize("words", HOSTILE)
    async def test_whatever_is_typed_is_looked_for_and_never_understood(
        self, database: Database, words: str
    ) -> None:
        await write(database, ARTICLES, Articles("a", "fox and or not near wolf title drop table abc"))
        await write(database, REVIEWS, Reviews("a", 1, Decimal(1), "words articles"))

        for sql in (FOUND, BEST):
            assert await found(database, words, sql) in ([], ["a"])

    async def test_words_may_be_in_different_columns(self, database: Database) -> None:
        await write(
            database,
            ARTICLES,
            Articles("a", "quick", "fox"),
            Articles("b", "quick", None),
            Articles("c", "", "fox"),
        )

        assert await found(database, "quick fox") == ["a"]
        assert await found(database, "fox") == ["a", "c"]

    async def test_an_earlier_column_counts_more_and_a_shorter_text_and_more_mentions(
        self, database: Database
    ) -> None:
        await write(
            database,
            ARTICLES,
            Articles("in a long text", "x", f"fox {'other ' * 300}"),
            Articles("in a short text", "x", "the fox"),
            Articles("in the title", "fox"),
            Articles("often in a long text", "x", f"fox fox fox fox {'other ' * 300}"),
            Articles("nowhere", "wolf"),
        )

        assert await found(database, "fox", BEST) == [
            "in the title",
            "in a short text",
            "often in a long text",
            "in a long text",
        ]

    async def test_of_a_beginning_the_best_word_counts(self, database: Database) -> None:
        await write(
            database, ARTICLES, Articles("a", "foxes", "fox fox foxglove"), Articles("b", "none", "foxes")
        )
        relevance = "SELECT relevance(a, :words) FROM articles a WHERE id = 'a'"

        [beginning, title, glove] = [
            (await database.ask(relevance, {"words": words}, most=1)).rows
            for words in ("fox*", "foxes", "foxgl*")
        ]

        assert beginning == title > glove
        assert await found(database, "fox*", BEST) == ["a", "b"]

    async def test_relevance_is_the_sum_over_the_words_and_zero_without_any(self, database: Database) -> None:
        await write(database, ARTICLES, Articles("a", "quick fox", "the fox"), Articles("b", "wolf"))
        sql = """SELECT relevance(a, 'fox') + relevance(a, 'quick') - relevance(a, :words), relevance(a, ''),
            relevance(a, 'wolf') FROM articles a WHERE id = 'a'"""

        answer = await database.ask(sql, {"words": "fox quick"}, most=1)

        assert answer.rows == [(0, 0, 0)]
        assert answer.kinds == ("integer",) * 3

    async def test_a_row_is_found_by_its_new_words_only(self, database: Database) -> None:
        state = await write(database, ARTICLES, Articles("a", "fox", "den"), Articles("b", "fox"))

        await change(database, state, Articles("a", "wolf", "den"))

        assert await found(database, "fox") == ["b"]
        assert await found(database, "wolf den") == ["a"]

    async def test_a_row_that_changes_beside_its_words_is_still_found(self, database: Database) -> None:
        state = await write(database, ARTICLES, Articles("a", "fox"))

        await change(database, state, Articles("a", "fox", reads=7))

        assert await found(database, "fox") == ["a"]

    async def test_a_deleted_row_is_not_found_and_may_come_again(self, database: Database) -> None:
        state = await write(database, ARTICLES, Articles("a", "fox"), Articles("b", "fox"))

        await change(database, state, deleted=["a"])
        first = await found(database, "fox")
        await change(database, state, Articles("a", "fox"), before=11)

        assert first == ["b"]
        assert await found(database, "fox") == ["a", "b"]

    async def test_a_write_that_is_refused_changes_no_words(self, database: Database) -> None:
        state = await write(database, ARTICLES, Articles("a", "fox"))

        with pytest.raises(StaleWrite):
            await change(database, state, Articles("a", "wolf"), before=9, deleted=["b"])

        assert await found(database, "fox") == ["a"]
        assert await found(database, "wolf") == []

    async def test_a_row_that_is_only_tried_is_not_found(self, database: Database) -> None:
        state = await write(database, ARTICLES, Articles("a", "fox"))

        refusals = await database.refusals(
            ARTICLES, state.generation, [ARTICLES.row_to_sql(Articles("b", "wolf"))]
        )

        assert refusals == [""]
        assert await found(database, "wolf") == []

    async def test_many_rows_are_written_and_found(self, database: Database) -> None:
        rows = [Articles(f"{number:04}", f"row {number}", f"{number % 7} days") for number in range(1_000)]
        await write(database, ARTICLES, *rows)

        assert await found(database, "row 700") == ["0700"]
        assert len(await found(database, "days 7*")) == 100 + 11

    async def test_a_row_with_more_words_than_an_index_takes_is_stored(self, database: Database) -> None:
        text = " ".join(f"{number:x}" * 12 for number in range(60_000))
        state = await write(database, ARTICLES, Articles("a", "fox", text))

        assert len(await database.rows(ARTICLES, state.generation, ["a"])) == 1
        assert await found(database, f"fox {'5' * 12}") == ["a"]

    async def test_words_of_a_generation_are_found_once_it_is_live(self, database: Database) -> None:
        await write(database, ARTICLES, Articles("a", "fox"))
        building = await database.rebuild_view(ARTICLES)
        await write(database, ARTICLES, Articles("a", "wolf"), state=building)
        before = [await found(database, words) for words in ("fox", "wolf")]

        await database.promote_view(ARTICLES, building.generation)

        assert before == [["a"], []]
        assert [await found(database, words) for words in ("fox", "wolf")] == [[], ["a"]]

    async def test_a_view_can_be_searched_once_the_generation_with_its_words_is_live(
        self, database: Database
    ) -> None:
        await write(database, PLAIN_ARTICLES, PlainArticles("a", "fox"))
        building = await write(database, ARTICLES, Articles("a", "fox"))

        with pytest.raises(Unavailable, match=r"articles cannot be searched: add search=\[…\]"):
            await found(database, "fox")
        await database.promote_view(ARTICLES, building.generation)

        assert await found(database, "fox") == ["a"]

    async def test_a_view_that_is_no_longer_searched_answers_as_any_other(self, database: Database) -> None:
        await write(database, ARTICLES, Articles("a", "fox"))
        building = await write(database, PLAIN_ARTICLES, PlainArticles("a", "fox"))

        await database.promote_view(PLAIN_ARTICLES, building.generation)

        with pytest.raises(Unavailable, match="articles"):
            await found(database, "fox")
        assert (await database.ask("SELECT title FROM articles", {}, most=5)).rows == [("fox",)]

    async def test_no_query_sees_the_words(self, database: Database) -> None:
        await write(database, ARTICLES, Articles("a", "fox", None, 7))

        answer = await database.ask("SELECT * FROM articles", {}, most=5)

        assert answer.columns == ("id", "title", "text", "reads")
        assert answer.rows == [("a", "fox", None, 7)]
        with pytest.raises((Unavailable, Invalid)):
            await database.ask('SELECT "$words" FROM articles', {}, most=5)

    async def test_rows_of_a_key_of_several_columns_are_found(self, database: Database) -> None:
        state = await write(
            database,
            REVIEWS,
            Reviews("a", 1, Decimal("1.50"), "good fox"),
            Reviews("a", 2, Decimal("1.50"), "bad fox"),
        )
        await database.project(
            REVIEWS,
            state.generation,
            before=10,
            checkpoint=11,
            written=[REVIEWS.row_to_sql(Reviews("a", 1, Decimal("1.5"), "good wolf"))],
            deleted=[("a", 2, Decimal("1.5"))],
        )

        answer = await database.ask(
            "SELECT number, price FROM reviews WHERE search(reviews, 'good')", {}, most=5
        )
        gone = await database.ask("SELECT number FROM reviews r WHERE search(r, 'fox')", {}, most=5)

        assert [(number, Decimal(price)) for number, price in answer.rows] == [(1, Decimal("1.5"))]
        assert gone.rows == []

    async def test_a_view_that_mirrors_an_entity_is_searched(self, database: Database) -> None:
        state = await database.prepare_view(SEARCHED_PURSES)
        await database.project(
            SEARCHED_PURSES,
            state.generation,
            before=0,
            checkpoint=1,
            written=[("a", "Ann Fox", "1 {}"), ("b", "Bob Wolf", "1 {}")],
            deleted=(),
        )

        answer = await database.ask(
            "SELECT id, owner FROM searched_purses p WHERE search(p, 'FOX')", {}, most=5
        )

        assert answer.rows == [("a", "Ann Fox")]

    async def test_searches_go_with_joins_groups_and_queries_in_queries(self, database: Database) -> None:
        await write(
            database, ARTICLES, Articles("a", "fox"), Articles("b", "fox", "wolf"), Articles("c", "wolf")
        )
        await write(
            database,
            REVIEWS,
            Reviews("a", 1, Decimal(1), "good"),
            Reviews("a", 2, Decimal(1), "bad"),
            Reviews("c", 1, Decimal(1), "good"),
        )
        queries = {
            """SELECT a.id, r.number FROM articles a JOIN reviews r ON r.article = a.id AND search(r, 'good')
                WHERE search(a, 'fox')""": [("a", 1)],
            """SELECT a.id FROM articles a LEFT JOIN reviews r ON r.article = a.id
                WHERE NOT search(r, 'good') ORDER BY a.id""": [("a",), ("b",)],
            """SELECT a.id FROM articles a LEFT JOIN reviews r ON r.article = a.id
                WHERE NOT search(r, '') ORDER BY a.id""": [("b",)],
            """SELECT a.id, relevance(r, 'good') > 0 FROM articles a LEFT JOIN reviews r
                ON r.article = a.id AND r.number = 1 ORDER BY a.id""": [("a", 1), ("b", 0), ("c", 1)],
            """SELECT n.id FROM articles n WHERE search(n, 'fox') ORDER BY relevance(n, 'fox') DESC, id
                LIMIT 1""": [("a",)],
            "SELECT count(*) FROM articles WHERE search(articles, 'fox')": [(2,)],
            """SELECT search(a, 'fox'), count(*) FROM articles a GROUP BY search(a, 'fox')
                ORDER BY 1""": [(0, 1), (1, 2)],
            """SELECT max(relevance(a, 'wolf')) = (SELECT relevance(b, 'wolf') FROM articles b WHERE id = 'c')
                FROM articles a""": [(1,)],
            """SELECT id FROM articles a WHERE EXISTS (SELECT 1 FROM reviews r
                WHERE r.article = a.id AND search(r, 'bad') AND search(a, 'fox'))""": [("a",)],
            """SELECT id FROM (SELECT a.id FROM articles a WHERE search(a, 'wolf')) x
                ORDER BY id""": [("b",), ("c",)],
            """WITH w AS (SELECT id, relevance(articles, 'fox') AS best FROM articles)
                SELECT id FROM w WHERE best > 0 ORDER BY best DESC, id""": [("a",), ("b",)],
            """SELECT id FROM articles WHERE search(articles, 'fox') UNION
                SELECT id FROM articles WHERE search(articles, 'wolf') ORDER BY id
                LIMIT 2""": [("a",), ("b",)],
            """SELECT DISTINCT relevance(a, 'fox') > 0 AS has FROM articles a ORDER BY has""": [(0,), (1,)],
            """SELECT id, row_number() OVER (ORDER BY relevance(a, 'fox') DESC, id) FROM articles a
                ORDER BY 2 LIMIT 1""": [("a", 1)],
            """SELECT CASE WHEN search(a, 'fox') THEN 'y' ELSE 'n' END FROM articles a
                WHERE id = 'c'""": [("n",)],
        }  # fmt: skip

        for sql, rows in queries.items():
            assert (await database.ask(sql, {}, most=9)).rows == rows, sql
