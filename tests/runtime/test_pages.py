"""Pages of queries: nothing is skipped and nothing comes twice, whatever is written between two of them."""

import asyncio
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from actum import Context, DefinitionError, Invalid, Page, TooLarge
from actum.model.rows.page import MAX_PAGE_SIZE
from tests.runtime.shelves import (
    FORMS,
    MOMENTS,
    PARTS,
    PRICES,
    TOLD_APART,
    WHOLES,
    WORDS,
    Colour,
    Found,
    Thing,
    Things,
    Values,
    app,
)

VALUES = st.builds(
    Values,
    whole=st.sampled_from(WHOLES),
    part=st.sampled_from(PARTS),
    price=st.sampled_from(PRICES),
    word=st.sampled_from(WORDS),
    moment=st.sampled_from(MOMENTS),
    flag=st.booleans(),
    colour=st.sampled_from(Colour),
    tags=st.lists(st.sampled_from(["x", "y", "ü"]), max_size=2),
    note=st.integers(0, 9),
)
THINGS = [f"t{number}" for number in range(12)]
WRITES = st.dictionaries(st.sampled_from(THINGS), st.none() | VALUES, max_size=3)
"""What is written between two pages: other values for a thing, or None to remove it."""

shelves = iter(range(1, 1_000_000))


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres_store"))
    return f"sqlite:///{tmp_path}/shelves.db" if request.param == "sqlite" else "memory:"


class Shelf:
    """The things of one example, apart from those of all others."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx
        self.number = next(shelves)

    async def write(self, changes: dict[str, Values | None]) -> None:
        for name, values in changes.items():
            thing = self.ctx.entity(Thing, f"{self.number}/{name}")
            await (thing.remove() if values is None else thing.put(self.number, values))

    async def whole(self, form: str) -> list[Found]:
        found: list[Found] = await getattr(self.ctx.view(Things), form)(self.number)
        return found

    async def page(self, form: str, after: str | None, size: int, *, total: bool = False) -> Page[Found]:
        view = self.ctx.view(Things, after=after, page_size=size, with_total=total)
        found: Page[Found] = await getattr(view, f"{form}_paged")(self.number)
        return found


def told_apart(form: str, rows: Sequence[Found]) -> list[Any]:
    return [tuple(getattr(row, name) for name in TOLD_APART.get(form, ("key",))) for row in rows]


def examples(count: int) -> Any:
    return settings(
        max_examples=count,
        deadline=None,
        phases=(Phase.explicit, Phase.reuse, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )


@pytest.mark.slow
def test_pages_skip_and_repeat_nothing_while_rows_change(store: str) -> None:
    """A row that is in the answer throughout, and is not moved in its order, comes exactly once.

    No page shows what is not in the answer when it is asked for, and no row comes again unless it was moved.
    """

    @examples(60)
    @given(
        st.sampled_from(sorted(FORMS)),
        st.dictionaries(st.sampled_from(THINGS), VALUES, min_size=4),
        st.lists(WRITES, max_size=6),
        st.integers(1, 4),
    )
    def check(form: str, first: Any, writes: list[Any], size: int) -> None:
        runner.run(read_while_written(Shelf(ctx), form, first, writes, size))

    with asyncio.Runner() as runner:
        running = app.running(store=store)
        ctx = runner.run(running.__aenter__())
        try:
            check()
        finally:
            runner.run(running.__aexit__(None, None, None))


async def read_while_written(shelf: Shelf, form: str, first: Any, writes: list[Any], size: int) -> None:
    await shelf.write(first)
    steady = set(await shelf.whole(form))
    seen: list[Found] = []
    after, left = None, list(writes)
    while True:
        page = await shelf.page(form, after, size)
        now = await shelf.whole(form)
        assert len(page.items) <= size
        assert set(page.items) <= set(now)
        places = [now.index(row) for row in page.items]
        assert len(set(places)) == len(places)
        seen += page.items
        if page.next is None:
            break
        after = page.next
        if left:
            await shelf.write(left.pop(0))
            steady &= set(await shelf.whole(form))

    counted = Counter(seen)
    assert max(counted.values(), default=1) == 1
    assert {row: counted[row] for row in steady} == dict.fromkeys(steady, 1)
    if not writes:
        assert len(told_apart(form, seen)) == len(set(told_apart(form, seen)))
        assert len(seen) == len(now)


@pytest.mark.parametrize("form", sorted(FORMS))
async def test_pages_of_any_size_are_the_whole_answer(store: str, form: str) -> None:
    """Every kind of value that rows are ordered by, and NULL, is where it is in the whole answer."""
    async with app.running(store=store) as ctx:
        shelf = Shelf(ctx)
        await shelf.write({f"t{number}": value for number, value in enumerate(assorted())})
        whole = await shelf.whole(form)
        for size in (1, 3, MAX_PAGE_SIZE):
            seen: list[Found] = []
            page = await shelf.page(form, None, size, total=True)
            assert page.total == len(whole)
            while page.next is not None:
                seen += page.items
                page = await shelf.page(form, page.next, size)
                assert page.total is None
            seen += page.items
            assert Counter(seen) == Counter(whole)
            assert list(map(ordered_by, seen)) == list(map(ordered_by, whole)) or form in OTHERWISE


NUMBER = re.compile(r"-?[0-9.]+")
OTHERWISE = {"computed", "collated", "two"}
"""Forms that are not ordered by the values that they show."""


def ordered_by(row: Found) -> Any:
    return [float(value) if NUMBER.fullmatch(str(value)) else value for value in (row.a, row.b)]


def assorted() -> list[Values]:
    listed = []
    for number in range(24):
        whole = WHOLES[number % len(WHOLES)]
        listed.append(
            Values(
                whole,
                PARTS[number * 5 % len(PARTS)],
                PRICES[number * 3 % len(PRICES)],
                WORDS[number * 7 % len(WORDS)],
                MOMENTS[number % len(MOMENTS)],
                number % 3 == 0,
                Colour.BLUE if number % 2 else Colour.RED,
                ["x", "ü"] if number % 4 else [],
            )
        )
    return listed


async def test_a_token_belongs_to_one_query_and_its_parameters() -> None:
    async with app.running(store="memory:") as ctx:
        shelf, other = Shelf(ctx), Shelf(ctx)
        await shelf.write({f"t{number}": Values(number) for number in range(5)})
        token = (await shelf.page("down", None, 2)).next
        assert token is not None
        assert [row.a for row in (await shelf.page("down", token, 2)).items] == [2, 1]

        for form, number in (("mixed", shelf), ("down", other)):
            with pytest.raises(Invalid, match="belongs to another query") as caught:
                await number.page(form, token, 2)
            assert caught.value.field == "after"


@pytest.mark.parametrize(
    "token",
    [
        "x",
        "a" * 8_000,
        "é",
        "%",
        "WzFd",
        "bnVsbA",
        "WzEsIiIsW11d",
        "WzEsMSwxLDFd",
        "//",
        "'; DROP TABLE things; --",
    ],
)
async def test_what_is_no_token_is_refused(token: str) -> None:
    async with app.running(store="memory:") as ctx:
        with pytest.raises(Invalid) as caught:
            await ctx.view(Things, after=token).down_paged(1)  # type: ignore[attr-defined]
        assert caught.value.field == "after"


@pytest.mark.parametrize(
    "options", [{"after": ""}, {"after": "a" * 8_001}, {"page_size": 0}, {"page_size": 1_001}]
)
async def test_a_page_has_bounds(options: dict[str, Any]) -> None:
    async with app.running(store="memory:") as ctx:
        with pytest.raises(Invalid):
            ctx.view(Things, **options)


async def test_the_options_of_a_page_are_refused_where_there_is_none() -> None:
    async with app.running(store="memory:") as ctx:
        view = ctx.view(Things, page_size=5)
        with pytest.raises(
            DefinitionError, match=r"returns list\[.*Found\], and after=, page_size= and with_total="
        ):
            await view.down(1)  # type: ignore[attr-defined]
        with pytest.raises(DefinitionError, match="get returns one row"):
            await view.get("t1")


async def test_a_value_too_long_for_an_address_is_refused_with_the_fix(store: str) -> None:
    async with app.running(store=store) as ctx:
        shelf = Shelf(ctx)
        await shelf.write({f"t{number}": Values(word="w" * 10_000 + str(number)) for number in range(3)})

        with pytest.raises(TooLarge, match="ORDER BY substr"):
            await shelf.page("distinct", None, 1)
        assert len((await shelf.page("distinct", None, 3)).items) == 3
