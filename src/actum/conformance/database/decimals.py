"""The suite for Decimals: every digit is stored, and they are compared, ordered and added by value."""

from decimal import Decimal
from typing import Any

import pytest

from actum.conformance.database.tables import kept, write
from actum.errors import AuthorError, Invalid
from actum.model.event import Event
from actum.model.handler import reducer
from actum.model.view import View, view_type
from actum.ports.database import Database


class Priced(Event):
    """An event for the reducers."""

    price: Decimal


class Prices(View, indexes=["price", ("maybe", "price")]):
    """A view with Decimals in indexes."""

    id: str
    price: Decimal = Decimal(0)
    maybe: Decimal | None = None
    count: int = 0

    @reducer
    def priced(self, event: Priced) -> None:
        """Takes the price."""
        self.price = event.price


class Levels(View, key="level"):
    """A view whose key is a Decimal."""

    level: Decimal
    note: str = ""

    @reducer(key="price")
    def priced(self, event: Priced) -> None:
        """Ignores the event."""


PRICES = view_type(Prices)
LEVELS = view_type(Levels)
WRITTEN = ["9", "10.50", "100", "1E+3", "-2", "-10", "0.00", "10.5", "-0.001", "99999999999999999999.99"]
QUESTIONS: list[tuple[str, dict[str, Any], list[str | None]]] = [
    ("SELECT max(price) FROM prices", {}, ["99999999999999999999.99"]),
    ("SELECT min(price) FROM prices", {}, ["-10"]),
    ("SELECT sum(price) FROM prices", {}, ["100000000000000001117.989"]),
    ("SELECT sum(price) FROM prices WHERE id = 'nobody'", {}, [None]),
    ("SELECT avg(price) FROM prices WHERE price BETWEEN 9 AND 10.5", {}, ["10"]),
    ("SELECT sum(price) / 3 FROM prices WHERE price = 100", {}, ["33.33333333333333333333"]),
    ("SELECT price / 0 FROM prices WHERE price = 100", {}, [None]),
    ("SELECT count(*) FROM prices WHERE price = 10.5", {}, ["2"]),
    ("SELECT count(*) FROM prices WHERE price = :p", {"p": Decimal("10.500")}, ["2"]),
    ("SELECT count(*) FROM prices WHERE price = :p", {"p": Decimal("1E+3")}, ["1"]),
    ("SELECT count(*) FROM prices WHERE price > :p", {"p": Decimal(50)}, ["3"]),
    ("SELECT count(*) FROM prices WHERE price > :p", {"p": 50}, ["3"]),
    ("SELECT count(*) FROM prices WHERE price > :p", {"p": 50.5}, ["3"]),
    ("SELECT count(*) FROM prices WHERE price < 0", {}, ["3"]),
    ("SELECT count(*) FROM prices WHERE price IN (10.50, 1000)", {}, ["3"]),
    ("SELECT count(*) FROM prices WHERE price IN :p", {"p": [Decimal("10.50"), Decimal("-2.0")]}, ["3"]),
    ("SELECT count(*) FROM prices WHERE price IN (:p)", {"p": [9, 100]}, ["2"]),
    ("SELECT count(*) FROM prices WHERE price NOT IN :p", {"p": []}, ["10"]),
    ("SELECT count(*) FROM prices WHERE maybe = :p", {"p": None}, ["0"]),
    ("SELECT count(DISTINCT price) FROM prices", {}, ["9"]),
    ("SELECT count(*) FROM (SELECT DISTINCT price FROM prices) AS p", {}, ["9"]),
    ("SELECT count(*) FROM (SELECT price FROM prices GROUP BY price) AS p", {}, ["9"]),
    ("SELECT count(*) FROM (SELECT price FROM prices UNION SELECT maybe FROM prices) AS p", {}, ["10"]),
    ("SELECT count(*) FROM prices a JOIN prices b ON a.price = b.price", {}, ["12"]),
    ("SELECT count(*) FROM prices a JOIN prices b USING (price)", {}, ["12"]),
    (
        "SELECT count(*) FROM prices WHERE coalesce(maybe, price) = CASE WHEN count = 0 THEN 10.5 END",
        {},
        ["2"],
    ),
    ("WITH p AS (SELECT price * 2 AS d FROM prices) SELECT count(*) FROM p WHERE d = 21", {}, ["2"]),
    ("SELECT price * 1.1 - 0.05 + count FROM prices WHERE price = 9", {}, ["9.85"]),
    ("SELECT abs(price) FROM prices WHERE price = -2", {}, ["2"]),
    ("SELECT -price FROM prices WHERE price = -2", {}, ["2"]),
    ("SELECT round(price * 1.05, 1) FROM prices WHERE price = 9", {}, ["9.5"]),
    ("SELECT CAST(price AS TEXT) FROM prices WHERE id = '1'", {}, ["10.50"]),
    ("SELECT price || '!' FROM prices WHERE id = '3'", {}, ["1000!"]),
    ("SELECT CAST(price AS INTEGER) FROM prices WHERE price = 10.5 LIMIT 1", {}, ["10"]),
    ("SELECT CAST(price AS REAL) FROM prices WHERE price = 10.5 LIMIT 1", {}, ["10.5"]),
    ("SELECT max(price) OVER (ORDER BY price) FROM prices WHERE price = -10", {}, ["-10"]),
    ("SELECT min(price, 3) FROM prices WHERE price = 9", {}, ["3"]),
    ("SELECT id FROM prices ORDER BY price DESC LIMIT 1 OFFSET 1", {}, ["3"]),
]


class DecimalConformance:
    """A Decimal is a number, however a database stores it."""

    async def test_decimals_are_ordered_by_value(self, database: Database) -> None:
        await self._fill(database)

        rows = (await database.ask("SELECT price FROM prices ORDER BY price, id", {}, most=20)).rows

        assert [Decimal(price) for (price,) in rows] == sorted(map(Decimal, WRITTEN))

    async def test_a_row_gives_its_decimals_back_digit_for_digit(self, database: Database) -> None:
        state = await self._fill(database)

        rows = await kept(database, PRICES, state, *map(str, range(len(WRITTEN))))

        prices = [str(getattr(rows[str(place)], "price", None)) for place in range(len(WRITTEN))]
        assert prices == [*WRITTEN[:3], "1000", *WRITTEN[4:]]

    @pytest.mark.parametrize(
        ("sql", "parameters", "answer"), QUESTIONS, ids=[sql[:60] for sql, _, _ in QUESTIONS]
    )
    async def test_decimals_are_compared_and_added_by_value(
        self, database: Database, sql: str, parameters: dict[str, Any], answer: list[str | None]
    ) -> None:
        await self._fill(database)

        rows = (await database.ask(sql, parameters, most=20)).rows

        found = [_number(value) for (value,) in rows]
        assert found == [_number(value) for value in answer]

    async def test_a_decimal_is_a_key_by_value(self, database: Database) -> None:
        state = await write(
            database, LEVELS, Levels(Decimal("10.50"), "first"), Levels(Decimal("-3"), "other")
        )
        await database.project(
            LEVELS,
            state.generation,
            before=10,
            checkpoint=11,
            written=[LEVELS.row_to_sql(Levels(Decimal("10.5"), "second"))],
            deleted=[Decimal("-3.0")],
        )

        rows = await kept(database, LEVELS, state, Decimal("10.500"), Decimal(-3))

        assert [(level, getattr(row, "note", None)) for level, row in rows.items()] == [
            (Decimal("10.5"), "second")
        ]

    @pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "sNaN", "1E+1000", "1E-1001"])
    async def test_what_is_no_number_to_compare_is_refused(self, database: Database, number: str) -> None:
        with pytest.raises(AuthorError, match="price"):
            PRICES.settle(Prices("a", price=Decimal(number)))

        await database.prepare_view(PRICES)
        with pytest.raises(Invalid, match="the value for :p does not fit"):
            await database.ask("SELECT id FROM prices WHERE price = :p", {"p": Decimal(number)}, most=5)

    async def _fill(self, database: Database) -> Any:
        rows = [Prices(str(place), Decimal(price)) for place, price in enumerate(WRITTEN)]
        for row in rows:
            PRICES.settle(row)
        return await write(database, PRICES, *rows)


def _number(value: Any) -> Any:
    try:
        return None if value is None else Decimal(str(value))
    except ArithmeticError:
        return value
