"""A view of every kind of column, and queries over it that are made at random from a seed."""
# ruff: noqa: E501

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from actum.conformance.database.tables import write
from actum.model.event import Event
from actum.model.handler import reducer
from actum.model.view import View, view_type
from actum.ports.database import Database


class Noted(Event):
    """Something for a reducer to take."""

    n: int


class Mixed(View, indexes=["price", ("flag", "whole")]):
    id: str
    word: str = ""
    maybe: str | None = None
    whole: int = 0
    other: int | None = None
    part: float = 0.0
    price: Decimal = Decimal(0)
    cost: Decimal | None = None
    flag: bool = False
    moment: datetime | None = None
    raw: bytes = b""

    @reducer
    def noted(self, event: Noted) -> None: ...


MIXED = view_type(Mixed)
MOMENT = datetime(2024, 2, 29, 23, 59, 59, 123456, tzinfo=UTC)
WORDS = [
    "",
    "a",
    "A",
    "ann",
    "Ann",
    "straße",
    "ÄPFEL",
    "äpfel",
    "  x ",
    "7",
    "-3.5abc",
    "100%",
    "a_b",
    "😀z",
    "[x]",
]
WHOLE = [0, 1, -1, 2, -7, 3, 10, 2**40, -(2**40), 13]
PARTS = [0.0, 0.5, -0.75, 1.0, 2.5, -2.5, 7.5, 1e20, 1e-7, 0.1, 123456.789, -1e15, 3.0]
# One number each, since of equal ones either may stand for a group.
PRICES = ["9", "10.50", "100", "1E+3", "-2", "-10.00", "0.0", "-0.001", "99999999999999999999.99", "0.1"]


async def fill(database: Database) -> None:
    """Writes forty rows, the same ones every time."""
    chance = random.Random(7)
    rows = []
    for number in range(40):
        row = Mixed(
            f"r{number:02}",
            word=chance.choice(WORDS),
            maybe=chance.choice([None, *WORDS]),
            whole=chance.choice(WHOLE),
            other=chance.choice([None, *WHOLE]),
            part=chance.choice(PARTS),
            price=Decimal(chance.choice(PRICES)),
            cost=chance.choice([None, *map(Decimal, PRICES)]),
            flag=chance.random() < 0.5,
            moment=chance.choice([None, MOMENT + timedelta(seconds=chance.randint(-(10**8), 10**8))]),
            raw=chance.choice([b"", b"\0", b"ab", b"\xff"]),
        )
        MIXED.settle(row)
        rows.append(row)
    await write(database, MIXED, *rows)


class Grammar:
    """Writes expressions of a kind that a query may hold."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def query(self) -> str:
        """Writes a whole query."""
        return self.chance.choice([self._rows, self._groups, self._windows, self._union, self._nested])()

    def _rows(self) -> str:
        listed = ", ".join(f"{self.any(2)} AS c{number}" for number in range(self.chance.randint(1, 3)))
        order = f"{self.ordered(1)} {self.chance.choice(['', 'DESC', 'ASC NULLS LAST', 'DESC NULLS FIRST'])}"
        return f"SELECT id, {listed} FROM mixed WHERE {self.boolean(2)} ORDER BY {order}, id"

    def _groups(self) -> str:
        by = self.chance.choice(["word", "flag", "price", "cost", "whole % 3", "maybe", "lower(word)"])
        sums = ", ".join(f"{self.aggregate()} AS s{number}" for number in range(2))
        return (
            f"SELECT {by} AS k, {sums} FROM mixed WHERE {self.boolean(1)} "
            f"GROUP BY {by} HAVING count(*) >= 1 ORDER BY k"
        )

    def _windows(self) -> str:
        function = self.chance.choice(
            ["row_number()", "rank()", "dense_rank()", "lag(whole)", "lead(price, 1, 0)", "first_value(word)",
             "sum(price)", "sum(whole)", "count(cost)", "max(cost)", "avg(price)", "ntile(3)"]
        )  # fmt: skip
        order = self.chance.choice(["id", "price, id", "word DESC, id", "cost, id"])
        return f"SELECT id, {function} OVER (PARTITION BY flag ORDER BY {order}) AS w FROM mixed ORDER BY id"

    def _union(self) -> str:
        kind = self.chance.choice([self.text, self.integer, self.decimal])
        word = self.chance.choice(["UNION", "UNION ALL", "EXCEPT", "INTERSECT"])
        return f"SELECT {kind(1)} AS u FROM mixed {word} SELECT {kind(1)} FROM mixed ORDER BY u"

    def _nested(self) -> str:
        return (
            f"WITH t AS (SELECT id, {self.decimal(1)} AS d, {self.text(1)} AS x FROM mixed) "
            f"SELECT DISTINCT m.id, t.d FROM mixed m JOIN t ON t.d = m.price OR t.x = m.maybe "
            f"WHERE t.d IN (SELECT price FROM mixed WHERE {self.boolean(1)}) ORDER BY 1, 2"
        )

    def any(self, depth: int) -> str:
        """An expression of any kind."""
        kinds = [self.integer, self.real, self.decimal, self.text, self.boolean]
        return self.chance.choice(kinds)(depth)

    def ordered(self, depth: int) -> str:
        """An expression that rows are ordered by."""
        kinds = [self.integer, self.decimal, self.text, self.boolean, lambda _: "moment", lambda _: "raw"]
        return self.chance.choice(kinds)(depth)

    def aggregate(self) -> str:
        """An expression over a group."""
        return self.chance.choice(
            ["count(*)", "count(maybe)", "count(DISTINCT price)", "count(DISTINCT word)", "sum(whole)", "sum(price)",
             "sum(cost)", "avg(price)", "avg(whole)", "avg(cost)", "min(price)", "max(cost)", "min(word)", "max(maybe)",
             "sum(DISTINCT cost)", "sum(price * 2)", "total(whole)", "max(moment)", "sum(flag)", "sum(whole * whole)",
             "sum(whole) FILTER (WHERE flag)", "max(price) FILTER (WHERE NOT flag)", "sum(price) / count(*)"]
        )  # fmt: skip

    def integer(self, depth: int) -> str:
        """A whole number."""
        pick = self.chance.choice
        if depth <= 0:
            return pick(["whole", "other", "7", "-3", "0", "length(word)", "2"])
        a, b = self.integer(depth - 1), self.integer(depth - 1)
        return pick([
            f"({a} + {b})", f"({a} - {b})", f"({a} * {b})", f"({a} / {b})", f"({a} % {b})", f"abs({a})", f"-({a})",
            f"CAST({self.real(depth - 1)} AS INTEGER)", f"CAST({self.text(depth - 1)} AS INTEGER)",
            f"CAST({self.decimal(depth - 1)} AS INTEGER)", f"coalesce({a}, {b})", f"max({a}, {b})",
            f"instr({self.text(depth - 1)}, 'a')", f"length({self.text(depth - 1)})", f"nullif({a}, {b})",
            f"CASE WHEN {self.boolean(depth - 1)} THEN {a} ELSE {b} END", f"(flag + {a})", f"({a} & 6)",
        ])  # fmt: skip

    def real(self, depth: int) -> str:
        """A number with a fraction."""
        pick = self.chance.choice
        if depth <= 0:
            return pick(["part", "0.5", "2.0", "part / 4"])
        a = self.real(depth - 1)
        return pick([
            f"({a} + {self.integer(depth - 1)})", f"({a} * 0.5)", f"({a} / {self.integer(depth - 1)})", f"round({a}, 2)",
            f"round({a})", f"CAST({self.integer(depth - 1)} AS REAL)", f"abs({a})", f"coalesce({a}, 1)",
            f"CAST({self.text(depth - 1)} AS REAL)", f"min({a}, {self.integer(depth - 1)})",
            f"iif({self.boolean(depth - 1)}, {a}, 1)",
        ])  # fmt: skip

    def decimal(self, depth: int) -> str:
        """A Decimal."""
        pick = self.chance.choice
        if depth <= 0:
            return pick(["price", "cost", "CAST(whole AS DECIMAL)", "price"])
        a, b = self.decimal(depth - 1), self.decimal(depth - 1)
        return pick([
            f"({a} + {b})", f"({a} - {b})", f"({a} * 1.05)", f"({a} / {b})", f"abs({a})", f"-({a})", f"round({a}, 1)",
            f"coalesce({a}, 0)", f"max({a}, {b})", f"CASE WHEN {self.boolean(depth - 1)} THEN {a} ELSE 0.10 END",
            f"nullif({a}, {b})", f"({a} + {self.integer(depth - 1)})", f"(SELECT max(price) FROM mixed WHERE price < {b})",
        ])  # fmt: skip

    def text(self, depth: int) -> str:
        """A text."""
        pick = self.chance.choice
        if depth <= 0:
            return pick(["word", "maybe", "'Ann'", "''", "id"])
        a, b = self.text(depth - 1), self.text(depth - 1)
        n, m = self.chance.randint(-4, 4), self.chance.randint(-3, 4)
        return pick([
            f"({a} || {b})", f"upper({a})", f"lower({a})", f"trim({a})", f"substr({a}, {n})", f"substr({a}, {n}, {m})",
            f"replace({a}, 'a', 'xy')", f"({a} || {self.integer(depth - 1)})", f"({a} || {self.real(depth - 1)})",
            f"CAST({self.integer(depth - 1)} AS TEXT)", f"CAST({self.real(depth - 1)} AS TEXT)", f"ltrim({a}, ' a')",
            f"({a} || {self.boolean(depth - 1)})", f"coalesce({a}, {b})", f"min({a}, {b})", "CAST(moment AS TEXT)",
            "date(moment)", "strftime('%Y-%m', moment)", f"printf('%s:%d', {a}, {self.integer(depth - 1)})",
            f"('' || {self.decimal(0)})",
        ])  # fmt: skip

    def boolean(self, depth: int) -> str:
        """A condition."""
        pick = self.chance.choice
        if depth <= 0:
            return pick(
                ["flag", "whole > 1", "maybe IS NULL", "NOT flag", "TRUE", "price > 10", "cost = 10.50"]
            )
        kind = pick([self.integer, self.real, self.decimal, self.text, self.integer])
        a, b = kind(depth - 1), kind(depth - 1)
        sign = pick(["=", "<>", "<", "<=", ">", ">=", "IS", "IS NOT"])
        return pick([
            f"({a} {sign} {b})", f"({self.boolean(depth - 1)} AND {self.boolean(depth - 1)})",
            f"({self.boolean(depth - 1)} OR {self.boolean(depth - 1)})", f"(NOT {self.boolean(depth - 1)})",
            f"({a} BETWEEN {b} AND {kind(depth - 1)})", f"({a} IN ({b}, {kind(depth - 1)}))",
            f"({self.text(depth - 1)} LIKE '%A%')", f"({self.text(depth - 1)} LIKE 'a!_%' ESCAPE '!')",
            f"({self.text(depth - 1)} GLOB '*[a-n]*')", f"({a} NOT IN (SELECT {kind(0)} FROM mixed WHERE whole > 2))",
            f"({a} IS NULL)", "(flag = 1)", f"(flag <> ({self.boolean(depth - 1)}))", f"(price > {self.integer(depth - 1)})",
            f"({self.decimal(depth - 1)} <= {self.real(depth - 1)})", f"({self.integer(depth - 1)} < {self.real(depth - 1)})",
            "(moment > '2024-01-01')", "(raw = x'6162')", f"({self.text(depth - 1)} = 'ann' COLLATE NOCASE)",
        ])  # fmt: skip
