"""The suite for queries: they are answered from the live views, within limits, and only read."""

import asyncio
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from actum.conformance.database.rows import HOSTILE
from actum.conformance.database.tables import (
    ACTIVITY,
    BALANCES,
    EVERYTHING,
    Activity,
    Balances,
    Colour,
    Everything,
    owners,
    write,
)
from actum.errors import ActumError, AuthorError, Invalid, TooLarge
from actum.ports.database import Answer, Database

WEALTHY = """
    SELECT owner, sum(balance) AS total, coalesce(sum(withdrawals), 0) AS withdrawals
    FROM balances LEFT JOIN activity USING (id)
    GROUP BY owner HAVING sum(balance) >= :least ORDER BY total DESC
"""
MOMENT = datetime(2024, 6, 1, 12, tzinfo=UTC)


@contextmanager
def holding_at_most(count: int) -> Iterator[None]:
    """Fails if the block has held more bytes at one time."""
    tracemalloc.start()
    try:
        yield
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most <= count


class QueryConformance:
    """Queries read the live views, with bound parameters, and no more rows than allowed."""

    async def test_a_query_joins_views(self, database: Database) -> None:
        await write(
            database, BALANCES, Balances("a", "ann", 5), Balances("b", "bob", 7), Balances("c", "ann", 9)
        )
        await write(database, ACTIVITY, Activity("c", 2))

        answer = await database.ask(WEALTHY, {"least": 6}, most=5)

        assert answer.columns == ("owner", "total", "withdrawals")
        assert [tuple(map(str, row)) for row in answer.rows] == [("ann", "14", "2"), ("bob", "7", "0")]

    async def test_a_query_that_finds_nothing_still_names_its_columns(self, database: Database) -> None:
        await database.prepare_view(BALANCES)

        answer = await database.ask("SELECT id, owner AS who FROM balances", {}, most=5)

        assert (answer.columns, answer.rows) == (("id", "who"), [])

    async def test_a_query_sees_what_was_written_before_it(self, database: Database) -> None:
        state = await write(database, BALANCES, Balances("a", "ann", 5), checkpoint=10)
        for checkpoint in range(11, 31):
            await database.project(
                BALANCES,
                state.generation,
                before=checkpoint - 1,
                checkpoint=checkpoint,
                written=[("a", "ann", checkpoint)],
                deleted=(),
            )

            answer = await database.ask("SELECT balance FROM balances WHERE id = 'a'", {}, most=5)

            assert answer.rows == [(checkpoint,)]

    @pytest.mark.parametrize("text", ["ann", "ü", "😀", "", *HOSTILE], ids=lambda text: repr(text)[:24])
    async def test_a_parameter_is_a_value_whatever_it_says(self, database: Database, text: str) -> None:
        await write(database, BALANCES, Balances("a", text, 5), Balances("b", "other", 7))

        answer = await database.ask(
            "SELECT id FROM balances WHERE owner = :owner ORDER BY id", {"owner": text}, most=5
        )

        assert answer.rows == [("a",)]
        assert sorted(await owners(database)) == sorted([text, "other"])

    async def test_a_parameter_may_stand_twice_and_beside_others(self, database: Database) -> None:
        await write(database, BALANCES, *(Balances(key, key, place) for place, key in enumerate("abcdef")))

        answer = await database.ask(
            "SELECT id FROM balances WHERE balance > :least AND balance <> :least + :step ORDER BY id",
            {"step": 2, "least": 1},
            most=5,
        )

        assert answer.rows == [("c",), ("e",), ("f",)]

    async def test_what_looks_like_a_parameter_in_a_string_is_text(self, database: Database) -> None:
        await write(database, BALANCES, Balances("a", ":owner", 5))

        answer = await database.ask("SELECT id FROM balances WHERE owner = ':owner'", {}, most=5)

        assert answer.rows == [("a",)]

    @pytest.mark.parametrize(
        ("where", "value"),
        [
            ("moment = :value", MOMENT.astimezone(timezone(timedelta(hours=9)))),
            ("moment > :value", MOMENT - timedelta(microseconds=1)),
            (
                "moment < :value",
                (MOMENT + timedelta(microseconds=1)).astimezone(timezone(-timedelta(hours=9))),
            ),
            ("flag = :value", True),
            ("colour = :value", Colour.BLUE),
            ("part > :value", 0.49),
            ("whole = :value", 2**60),
            ("text LIKE :value", "%ähl%"),
        ],
        ids=lambda value: str(value)[:24],
    )
    async def test_a_parameter_is_compared_as_its_column_is_kept(
        self, database: Database, where: str, value: Any
    ) -> None:
        row = Everything(
            "a", text="wählen", whole=2**60, part=0.5, flag=True, moment=MOMENT, colour=Colour.BLUE
        )
        await write(database, EVERYTHING, row, Everything("b"))

        answer = await database.ask(f"SELECT id FROM everything WHERE {where}", {"value": value}, most=5)

        assert answer.rows == [("a",)]

    async def test_times_sort_as_moments_whatever_their_zones(self, database: Database) -> None:
        zones = [timezone(timedelta(hours=hours)) for hours in (0, 11, -11, 5)]
        rows = [
            Everything(f"{place}", moment=(MOMENT + timedelta(microseconds=place)).astimezone(zone))
            for place, zone in enumerate(zones)
        ]
        await write(database, EVERYTHING, *reversed(rows))

        answer = await database.ask("SELECT id FROM everything ORDER BY moment", {}, most=5)

        assert answer.rows == [("0",), ("1",), ("2",), ("3",)]

    async def test_text_sorts_by_code_points(self, database: Database) -> None:
        words = ["Z", "a", "z", "Ä", "ä", "😀", ""]
        await write(database, BALANCES, *(Balances(word, word, 1) for word in words))

        assert await owners(database) == sorted(words)

    async def test_exactly_as_many_rows_as_allowed_are_given(self, database: Database) -> None:
        await write(database, BALANCES, *(Balances(key, key, 1) for key in "abcd"))

        assert len((await database.ask("SELECT id FROM balances", {}, most=4)).rows) == 4

    async def test_more_rows_than_allowed_are_refused(self, database: Database) -> None:
        await write(database, BALANCES, *(Balances(key, key, 1) for key in "abcd"))

        with pytest.raises(TooLarge, match="more than 3 rows: ask for one page at a time"):
            await database.ask("SELECT id FROM balances", {}, most=3)

    async def test_an_answer_with_more_bytes_than_allowed_is_refused(self, database: Database) -> None:
        texts = [f"{number:02}" + "x" * 999_998 for number in range(40)]
        rows = [Everything(text[:2], text, whole=number) for number, text in enumerate(texts)]
        await write(database, EVERYTHING, *rows)
        question = "SELECT text, whole FROM everything ORDER BY whole"

        with pytest.raises(TooLarge, match="more than 3,000,000 bytes: ask for one page at a time"):
            await database.ask(question, {}, most=1_000, most_bytes=3_000_000)

        assert len((await database.ask(f"{question} LIMIT 3", {}, most=9, most_bytes=3_000_000)).rows) == 3
        with pytest.raises(TooLarge):
            await database.ask(f"{question} LIMIT 3", {}, most=9, most_bytes=2_999_999)

    @pytest.mark.parametrize(
        "wide",
        [
            "SELECT printf('%.*c', :length, 'x') FROM balances",
            "SELECT replace(printf('%.*c', 99, 'x'), 'x', printf('%.*c', :length / 99, 'y')) FROM balances",
            "SELECT id, group_concat(printf('%.*c', :length, 'x')) FROM balances GROUP BY id",
        ],
    )
    async def test_a_value_that_a_query_makes_too_large_never_comes(
        self, database: Database, wide: str
    ) -> None:
        await write(database, BALANCES, Balances("a", "ann", 7))

        with holding_at_most(60_000_000), pytest.raises(TooLarge, match="more than 5,000,000 bytes"):
            await database.ask(wide, {"length": 200_000_000}, most=9, most_bytes=5_000_000)

        assert len((await database.ask(wide, {"length": 40_000}, most=9, most_bytes=5_000_000)).rows) == 1

    async def test_a_query_without_end_is_cut_off_at_its_bound(self, database: Database) -> None:
        endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"

        with pytest.raises(TooLarge):
            await database.ask(endless, {}, most=1_000)

    @pytest.mark.parametrize(
        "sql",
        [
            "DELETE FROM balances",
            "UPDATE balances SET owner = 'eve'",
            "INSERT INTO balances VALUES ('x', 'y', 1)",
            "DROP VIEW balances",
            "DROP TABLE balances__1",
            "CREATE TABLE evil (id TEXT)",
            "WITH gone AS (SELECT 1) DELETE FROM balances__1",
            "-- SELECT\nDELETE FROM balances__1",
            "/* SELECT */ DELETE FROM balances__1",
            "SELECT 1; DELETE FROM balances__1",
            "SELECT owner FROM balances; DROP TABLE balances__1; --",
            "BEGIN",
            "COMMIT",
            "",
            "SELEC owner FROM balances",
            "SELECT owner FROM balances WHERE",
            "SELECT nothing(owner) FROM balances",
        ],
    )
    async def test_what_is_not_one_query_is_refused_and_changes_nothing(
        self, database: Database, sql: str
    ) -> None:
        await write(database, BALANCES, Balances("a", "ann", 5))

        with pytest.raises(Invalid):
            await database.ask(sql, {}, most=5)

        assert await owners(database) == ["ann"]
        await write(database, ACTIVITY, Activity("c", 2))

    @pytest.mark.parametrize("parameters", [{}, {"other": 1}])
    async def test_a_missing_parameter_is_said(self, database: Database, parameters: dict[str, Any]) -> None:
        await database.prepare_view(BALANCES)

        with pytest.raises(Invalid, match="least"):
            await database.ask("SELECT id FROM balances WHERE balance > :least", parameters, most=5)

    @pytest.mark.parametrize("value", [2**63, datetime(2024, 1, 1)])  # noqa: DTZ001
    async def test_a_parameter_that_no_column_could_hold_is_refused(
        self, database: Database, value: Any
    ) -> None:
        await database.prepare_view(BALANCES)

        with pytest.raises(Invalid):
            await database.ask("SELECT id FROM balances WHERE balance > :value", {"value": value}, most=5)

    async def test_a_view_that_was_refused_a_query_is_promoted_as_ever(self, database: Database) -> None:
        await write(database, BALANCES, *(Balances(key, key, 1) for key in "abcd"))
        for sql in ("SELECT id FROM balances", "SELECT nothing FROM balances", "DELETE FROM balances"):
            with pytest.raises(ActumError):
                await database.ask(sql, {}, most=1)
        rebuilt = await database.rebuild_view(BALANCES)

        await database.promote_view(BALANCES, rebuilt.generation)

        assert await owners(database) == []

    async def test_a_sum_beyond_64_bits_is_exact_or_no_fault_of_the_caller(self, database: Database) -> None:
        largest = 2**63 - 1
        await write(database, BALANCES, Balances("a", "ann", largest), Balances("b", "bob", largest))

        question = database.ask("SELECT sum(balance) FROM balances", {}, most=5)
        (answer,) = await asyncio.gather(question, return_exceptions=True)

        is_exact = isinstance(answer, Answer) and [int(value) for (value,) in answer.rows] == [2 * largest]
        assert is_exact or (isinstance(answer, AuthorError) and "64 bits" in str(answer))
