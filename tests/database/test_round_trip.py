"""Random rows of every type of column: what is written is what is read, and what a query answers."""

import asyncio
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actum.conformance.database.tables import EVERYTHING, Colour, Everything, Level, Point
from actum.model.handler import Query
from actum.model.view import ViewQuery
from actum.queries.answers import read_answer
from actum.stores.sqlite.connection.file import SqliteFile
from actum.stores.sqlite.database.database import SCHEMA, SqliteDatabase

IN_JSON = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
"""In a column of JSON, NUL is refused on every database, since PostgreSQL cannot hold it."""
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=ZONES)  # noqa: DTZ001
DECIMALS = st.builds(
    lambda sign, digits, places: Decimal((sign, digits, -places)),
    st.sampled_from([0, 1]),
    st.lists(st.integers(0, 9), min_size=1, max_size=40).map(tuple),
    st.integers(0, 60),
).filter(lambda number: number or not number.is_signed())
INTEGERS = st.integers(-(2**63), 2**63 - 1)

ROWS = st.builds(
    Everything,
    id=IN_JSON,
    text=IN_JSON,
    maybe=st.none() | IN_JSON,
    whole=INTEGERS,
    part=st.floats(allow_nan=False),
    flag=st.booleans(),
    maybe_flag=st.none() | st.booleans(),
    raw=st.binary(max_size=40),
    moment=st.none() | MOMENTS,
    day=st.none() | st.dates(date(1, 1, 1)),
    hour=st.none() | st.times(time(0)),
    number=st.none() | st.uuids(),
    price=DECIMALS,
    colour=st.sampled_from(Colour),
    level=st.sampled_from(Level),
    size=st.sampled_from(["s", "m"]),
    words=st.lists(IN_JSON, max_size=5),
    counts=st.none() | st.dictionaries(IN_JSON, INTEGERS, max_size=5),
    place=st.none() | st.builds(Point, INTEGERS, IN_JSON),
)


def _whole(self: Any, id: str) -> list[Everything]: ...  # type: ignore[empty-body]


QUERY = ViewQuery("Everything", Query(_whole, "SELECT * FROM everything WHERE id = :id"))


async def _round_trip(rows: list[Everything]) -> tuple[list[Any], list[Any]]:
    """Gives the rows as they are read by key, and as a query answers them."""
    database = SqliteDatabase(await SqliteFile.open(":memory:", (SCHEMA,)))
    try:
        state = await database.prepare_view(EVERYTHING)
        for row in rows:
            EVERYTHING.settle(row)
        written = [EVERYTHING.row_to_sql(row) for row in rows]
        await database.project(
            EVERYTHING, state.generation, before=0, checkpoint=1, written=written, deleted=()
        )
        keys = [row.id for row in rows]
        by_key = {}
        for values in await database.rows(EVERYTHING, state.generation, keys):
            found = EVERYTHING.row_from_sql(values)
            assert isinstance(found, Everything)
            by_key[found.id] = found
        answers = [read_answer(QUERY, await database.ask(QUERY.sql, {"id": key}, most=2)) for key in keys]
        return [by_key[key] for key in keys], [answer[0] for answer in answers]
    finally:
        await database.close()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ROWS, min_size=1, max_size=8, unique_by=lambda row: row.id))
def test_what_is_written_is_what_is_read_and_what_a_query_answers(rows: list[Everything]) -> None:
    by_key, answered = asyncio.run(_round_trip(rows))

    assert by_key == rows
    assert answered == rows
    for row, back in zip(rows, by_key, strict=True):
        assert [type(getattr(row, name)) for name in row.__struct_fields__] == [
            type(getattr(back, name)) for name in row.__struct_fields__
        ]


@settings(max_examples=100, deadline=None)
@given(MOMENTS, MOMENTS)
def test_times_as_text_compare_as_times_do(one: datetime, other: datetime) -> None:
    place = [column.name for column in EVERYTHING.columns].index("moment")

    first, second = (EVERYTHING.row_to_sql(Everything("a", moment=moment))[place] for moment in (one, other))

    assert (first < second) == (one < other)
    assert (first == second) == (one.astimezone(UTC) == other.astimezone(UTC))


@settings(max_examples=100, deadline=None)
@given(DECIMALS)
def test_decimals_keep_every_digit(price: Decimal) -> None:
    view = EVERYTHING

    back = view.row_from_sql(view.row_to_sql(Everything("a", price=price)))

    assert isinstance(back, Everything)
    assert str(back.price) == str(price)
