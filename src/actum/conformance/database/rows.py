"""The suite for rows of views: they are stored exactly, and the checkpoint moves with them."""

import asyncio
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from actum.conformance.database.tables import (
    BALANCES,
    EVERYTHING,
    NUMBERS,
    ORDER,
    PLACES,
    PURSES,
    TAGGED,
    Balances,
    Colour,
    Everything,
    Level,
    Numbers,
    Order,
    Places,
    Point,
    Tagged,
    kept,
    write,
)
from actum.conformance.incompressible import incompressible
from actum.errors import AuthorError, Invalid, StaleWrite
from actum.ports.database import Database

HOSTILE = [
    "'; DROP TABLE balances; --",
    '"; DROP TABLE "balances__1"; --',
    "' OR '1'='1",
    ":owner",
    "?",
    "$1",
    "%s %(x)s",
    "{0}",
    "a\\'b\\",
    "/* comment */ -- comment",
    "line\nbreak\ttab\r",
]
TEXTS = ["", " ", "ü", "日本語", "😀👩‍👩‍👧", "e\u0301", "\u202e", "null", "0", "x" * 100_000, *HOSTILE]
VALUES: list[tuple[str, Any]] = [
    *(("text", text) for text in TEXTS),
    ("maybe", None),
    ("maybe", ""),
    ("whole", 2**63 - 1),
    ("whole", -(2**63)),
    ("whole", -1),
    ("part", 0.1),
    ("part", 1e308),
    ("part", 5e-324),
    ("part", -2.0),
    ("part", 2.0**60),
    ("part", float("inf")),
    ("flag", True),
    ("maybe_flag", None),
    ("maybe_flag", False),
    ("maybe_flag", True),
    ("raw", bytes(range(256))),
    ("raw", b"'"),
    ("moment", datetime(2024, 2, 29, 23, 59, 59, 999_999, tzinfo=UTC)),
    ("moment", datetime(2024, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=5, minutes=45)))),
    ("moment", datetime(2024, 1, 1, 0, 30, tzinfo=timezone(-timedelta(hours=11)))),
    ("moment", datetime(1969, 12, 31, 23, 59, 59, 1, tzinfo=UTC)),
    ("moment", datetime(9999, 12, 31, tzinfo=UTC)),
    ("day", date(2024, 2, 29)),
    ("hour", time(23, 59, 59, 999_999)),
    ("number", UUID(int=2**128 - 1)),
    ("price", Decimal("1.50")),
    ("price", Decimal("-123456789012345678901234567890.123456789")),
    ("colour", Colour.BLUE),
    ("level", Level.HIGH),
    ("size", "m"),
    ("words", ["a", "", "😀", "'"]),
    ("counts", None),
    ("counts", {}),
    ("counts", {"b": 1, "a": 2**60}),
    ("place", Point(-4, "null")),
]


class RowConformance:
    """Rows are stored exactly, found by key, and written together with their checkpoint or not at all."""

    @pytest.mark.parametrize(("name", "value"), VALUES, ids=lambda value: repr(value)[:24])
    async def test_a_value_comes_back_as_it_was(self, database: Database, name: str, value: Any) -> None:
        row = Everything("a", **{name: value})

        state = await write(database, EVERYTHING, row)

        back = (await kept(database, EVERYTHING, state, "a"))["a"]
        assert back == row
        assert type(getattr(back, name)) is type(value)

    @pytest.mark.parametrize(
        "key", ["", " a", "ü", "😀", "A", "a/b", *HOSTILE], ids=lambda key: repr(key)[:24]
    )
    async def test_a_key_is_itself_and_no_other(self, database: Database, key: str) -> None:
        state = await write(database, BALANCES, Balances(key, "ann", 3), Balances("a", "bob", 4))

        assert await kept(database, BALANCES, state, key) == {key: Balances(key, "ann", 3)}

    async def test_a_row_with_a_key_of_several_columns_is_found_by_all_of_them(
        self, database: Database
    ) -> None:
        rows = [
            Places(town, number, Decimal(price), f"{town} {number} {price}")
            for town in ("a", "b'")
            for number in (1, 2)
            for price in ("1.5", "2")
        ]
        state = await write(database, PLACES, *rows)

        keys = [("b'", 2, Decimal("1.50")), ("a", 1, Decimal(2)), ("a", 3, Decimal(2)), ("b'", 1, Decimal(0))]
        found = await kept(database, PLACES, state, *keys)
        assert found == {
            ("b'", 2, Decimal("1.5")): Places("b'", 2, Decimal("1.5"), "b' 2 1.5"),
            ("a", 1, Decimal(2)): Places("a", 1, Decimal(2), "a 1 2"),
        }

    async def test_a_row_with_a_key_of_several_columns_is_replaced_and_deleted_alone(
        self, database: Database
    ) -> None:
        many = [Places("a", number, Decimal(1)) for number in range(600)]
        state = await write(database, PLACES, *many)
        gone = [PLACES.key_in(row) for row in many if row.number % 3]

        await database.project(
            PLACES,
            state.generation,
            before=10,
            checkpoint=11,
            written=[PLACES.row_to_sql(Places("a", 0, Decimal("1.0"), "new"))],
            deleted=gone,
        )

        left = await kept(database, PLACES, state, *map(PLACES.key_in, many))
        assert sorted(row.number for row in left.values()) == list(range(0, 600, 3))
        assert left["a", 0, Decimal(1)].note == "new"

    async def test_the_state_behind_a_row_is_kept_with_it_and_no_query_sees_it(
        self, database: Database
    ) -> None:
        stored = [("a", "ann", '3 {"owner":"ann","coins":7}'), ("b", "bob", '1 {"owner":"bob","coins":0}')]
        state = await write(database, PURSES, *map(PURSES.row_from_sql, stored))
        changed = ("b", "bo", '2 {"owner":"bo","coins":4}')
        (after,) = await database.views()
        await write(database, PURSES, PURSES.row_from_sql(changed), state=after, checkpoint=11)

        rows = await database.rows(PURSES, state.generation, ["a", "b"])
        answer = await database.ask("SELECT * FROM purses ORDER BY id", {}, most=9)

        assert sorted(rows) == [stored[0], changed]
        assert (tuple(answer.columns), list(answer.rows)) == (("id", "owner"), [("a", "ann"), ("b", "bo")])

    async def test_hostile_values_of_a_row_stay_values(self, database: Database) -> None:
        rows = [Balances(f"{place}{text}", text, place) for place, text in enumerate(HOSTILE)]

        state = await write(database, BALANCES, *rows)

        found = await kept(database, BALANCES, state, *(row.id for row in rows))
        assert found == {row.id: row for row in rows}

    async def test_names_that_are_keywords_of_sql_work(self, database: Database) -> None:
        state = await write(database, ORDER, Order("x", 5, "t", "f"))

        assert await kept(database, ORDER, state, "x") == {"x": Order("x", 5, "t", "f")}
        answer = await database.ask('SELECT "select", "Table" FROM "order"', {}, most=5)
        assert answer.rows == [(5, "t")]

    async def test_what_is_as_long_as_an_index_may_hold_is_kept(self, database: Database) -> None:
        key, text = incompressible(2_500), incompressible(2_499)[::-1] + "z"
        words = [incompressible(9_000)] * 3

        state = await write(database, ORDER, Order(key, 2**63 - 1, text, "f"))
        tagged = await write(database, TAGGED, Tagged("a", words))

        assert await kept(database, ORDER, state, key) == {key: Order(key, 2**63 - 1, text, "f")}
        assert await kept(database, TAGGED, tagged, "a") == {"a": Tagged("a", words)}

    async def test_a_view_of_nothing_but_its_key_works(self, database: Database) -> None:
        state = await write(database, NUMBERS, Numbers(7), Numbers(-(2**63)))
        after = (await database.views())[0]
        await write(database, NUMBERS, Numbers(7), state=after, checkpoint=11)

        assert await kept(database, NUMBERS, state, 7, -(2**63), 8) == {
            7: Numbers(7),
            -(2**63): Numbers(-(2**63)),
        }

    async def test_a_written_row_replaces_the_one_of_its_key_as_a_whole(self, database: Database) -> None:
        state = await write(database, EVERYTHING, Everything("a", text="x", maybe="y", whole=5))
        (after,) = await database.views()

        await write(database, EVERYTHING, Everything("a", text="z"), state=after, checkpoint=11)

        assert await kept(database, EVERYTHING, state, "a") == {"a": Everything("a", text="z")}

    async def test_only_rows_that_exist_are_given(self, database: Database) -> None:
        state = await write(database, BALANCES, Balances("a", "ann", 3), Balances("b", "bob", 4))

        found = await database.rows(BALANCES, state.generation, ["b", "c"])

        assert [tuple(row) for row in found] == [("b", "bob", 4)]

    async def test_no_keys_give_no_rows(self, database: Database) -> None:
        state = await write(database, BALANCES, Balances("a", "ann", 3))

        assert await database.rows(BALANCES, state.generation, []) == []

    async def test_a_key_that_is_asked_for_twice_gives_its_row(self, database: Database) -> None:
        state = await write(database, BALANCES, Balances("a", "ann", 3))

        assert await kept(database, BALANCES, state, "a", "a") == {"a": Balances("a", "ann", 3)}

    @pytest.mark.parametrize("count", [1, 7, 63, 64, 65, 511, 513, 4_999])
    async def test_any_number_of_rows_is_written_read_and_deleted(
        self, database: Database, count: int
    ) -> None:
        rows = [Balances(f"account-{number}", f"owner-{number % 10}", number) for number in range(count)]
        state = await write(database, BALANCES, *rows)
        keys = [row.id for row in rows]

        found = await kept(database, BALANCES, state, *keys)
        await database.project(
            BALANCES, state.generation, before=10, checkpoint=11, written=(), deleted=keys[: count - 1]
        )

        assert found == {row.id: row for row in rows}
        assert await kept(database, BALANCES, state, *keys) == {keys[-1]: rows[-1]}

    async def test_deleted_rows_are_gone_and_others_stay(self, database: Database) -> None:
        state = await write(database, BALANCES, *(Balances(key, key, 1) for key in "abc"))

        await database.project(
            BALANCES,
            state.generation,
            before=10,
            checkpoint=11,
            written=[("d", "d", 2)],
            deleted=["a", "c", "x"],
        )

        found = await kept(database, BALANCES, state, *"abcdx")
        assert found == {"b": Balances("b", "b", 1), "d": Balances("d", "d", 2)}

    async def test_a_deleted_row_may_be_written_again(self, database: Database) -> None:
        state = await write(database, BALANCES, Balances("a", "ann", 3))
        await database.project(
            BALANCES, state.generation, before=10, checkpoint=11, written=(), deleted=["a"]
        )

        await database.project(
            BALANCES, state.generation, before=11, checkpoint=12, written=[("a", "amy", 1)], deleted=()
        )

        assert await kept(database, BALANCES, state, "a") == {"a": Balances("a", "amy", 1)}

    async def test_the_checkpoint_moves_without_rows_as_well(self, database: Database) -> None:
        state = await database.prepare_view(BALANCES)

        await database.project(BALANCES, state.generation, before=0, checkpoint=2**40, written=(), deleted=())

        assert [view.checkpoint for view in await database.views()] == [2**40]

    @pytest.mark.parametrize("before", [0, 9, 11, 10_000])
    async def test_a_projection_from_another_checkpoint_writes_nothing(
        self, database: Database, before: int
    ) -> None:
        state = await write(database, BALANCES, Balances("a", "ann", 3), checkpoint=10)

        with pytest.raises(StaleWrite):
            await database.project(
                BALANCES,
                state.generation,
                before=before,
                checkpoint=before + 5,
                written=[("a", "zed", 9), ("b", "bob", 9)],
                deleted=["a"],
            )

        assert [view.checkpoint for view in await database.views()] == [10]
        assert await kept(database, BALANCES, state, "a", "b") == {"a": Balances("a", "ann", 3)}

    async def test_of_two_projections_from_one_checkpoint_one_is_written(self, database: Database) -> None:
        state = await database.prepare_view(BALANCES)

        outcomes = await asyncio.gather(
            *(
                database.project(
                    BALANCES, state.generation, before=0, checkpoint=5, written=[(key, key, 1)], deleted=()
                )
                for key in "abcdef"
            ),
            return_exceptions=True,
        )

        assert sum(outcome is None for outcome in outcomes) == 1
        assert sum(isinstance(outcome, StaleWrite) for outcome in outcomes) == 5
        assert len(await kept(database, BALANCES, state, *"abcdef")) == 1

    async def test_a_row_that_cannot_be_kept_leaves_all_as_it_was(self, database: Database) -> None:
        state = await write(database, BALANCES, Balances("a", "ann", 3), checkpoint=10)
        rows: list[tuple[Any, ...]] = [(f"account-{number}", "x", 1) for number in range(1_000)]

        with pytest.raises(AuthorError, match="balances"):
            await database.project(
                BALANCES,
                state.generation,
                before=10,
                checkpoint=11,
                written=[*rows, ("z", None, 1)],
                deleted=["a"],
            )

        assert [view.checkpoint for view in await database.views()] == [10]
        found = await kept(database, BALANCES, state, "a", "account-0", "account-999", "z")
        assert found == {"a": Balances("a", "ann", 3)}

    async def test_generations_do_not_share_rows(self, database: Database) -> None:
        live = await write(database, BALANCES, Balances("a", "ann", 3))
        building = await database.rebuild_view(BALANCES)

        await write(database, BALANCES, Balances("b", "bob", 4), state=building)

        assert await kept(database, BALANCES, live, "a", "b") == {"a": Balances("a", "ann", 3)}
        assert await kept(database, BALANCES, building, "a", "b") == {"b": Balances("b", "bob", 4)}

    @pytest.mark.parametrize("key", [5, None, ["a"], b"a"])
    async def test_what_cannot_be_a_key_is_refused(self, database: Database, key: Any) -> None:
        state = await database.prepare_view(BALANCES)

        with pytest.raises(Invalid, match="cannot be a key"):
            await database.rows(BALANCES, state.generation, [key])
