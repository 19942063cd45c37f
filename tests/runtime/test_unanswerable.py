"""A query that has no answer for the rows that there are says so, and names itself and what is at fault."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from actum import Actions, App, Context, Entity, Event, View, command, query, reducer
from actum.errors import Invalid, Unanswerable
from actum.testing import testing
from tests.servers.postgres import empty, url_of


class Counted(Event):
    count: int


class Counter(Entity, emits=[Counted]):
    @command
    def count(self, count: int) -> None:
        self.emit(Counted(count))


class Share(Struct):
    id: str
    share: int


class MaybeShare(Struct):
    id: str
    share: int | None


class Counts(View):
    id: str
    count: int = 0

    @reducer
    def counted(self, event: Counted) -> None:
        self.count = event.count

    @query("SELECT sum(count) FROM counts")
    def total(self) -> int: ...  # type: ignore[empty-body]

    @query("SELECT sum(count) FROM counts WHERE count >= :least LIMIT :most")
    def total_of(self, least: int, most: int) -> int: ...  # type: ignore[empty-body]

    @query("SELECT sum(CAST(count AS DECIMAL)) FROM counts")
    def exact(self) -> Decimal: ...  # type: ignore[empty-body]

    @query("SELECT id, count * 4 AS share FROM counts ORDER BY id")
    def times_four(self) -> list[Share]: ...  # type: ignore[empty-body]

    @query("SELECT count * :factor FROM counts WHERE count > 0 ORDER BY id LIMIT 1")
    def times(self, factor: int) -> int: ...  # type: ignore[empty-body]

    @query("SELECT id, 10 / count AS share FROM counts ORDER BY id")
    def shares(self) -> list[Share]: ...  # type: ignore[empty-body]

    @query("SELECT id, 10 / count AS share FROM counts ORDER BY id LIMIT 1")
    def maybe_shares(self) -> list[MaybeShare]: ...  # type: ignore[empty-body]

    @query("SELECT max(count) FROM counts WHERE id = 'nobody'")
    def most_of_nobody(self) -> int: ...  # type: ignore[empty-body]

    @query("SELECT id FROM counts")
    def only(self) -> str: ...  # type: ignore[empty-body]


actions = Actions()


@actions.get("/total")
async def total(ctx: Context) -> int:
    return await ctx.view(Counts).total()


@actions.get("/shares")
async def shares(ctx: Context) -> list[Share]:
    return await ctx.view(Counts).shares()


@actions.get("/times")
async def times(ctx: Context, factor: int) -> int:
    return await ctx.view(Counts).times(factor)


app = App("counts", entities=[Counter], views=[Counts], actions=[actions])


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgres":
        server: Any = request.getfixturevalue("postgres")
        await empty(server)
        return url_of(server, schema="store")
    return f"sqlite:///{tmp_path / 'counts.db'}" if request.param == "sqlite" else "memory:"


async def test_a_query_without_an_answer_names_itself_and_what_is_at_fault(store: str) -> None:
    async with testing(app, store=store) as t:
        for id, count in [("a", 0), ("b", 2**63 - 1), ("c", 2**63 - 1)]:
            await t.ctx.entity(Counter, id).count(count)
        await t.settle()
        counts = t.ctx.view(Counts)

        for asked, said in [
            (counts.total(), r"Counts\.total: SUM\(count\) is beyond 64 bits: add up CAST"),
            (counts.total_of(0, 7), r"Counts\.total_of: SUM\(count\) is beyond 64 bits"),
            (counts.times_four(), r"Counts\.times_four: count \* 4 is beyond 64 bits"),
            (
                counts.shares(),
                r"Counts\.shares returns list\[Share\].*`null` - at `\$\[0\]\.share`.*coalesce",
            ),
            (counts.most_of_nobody(), r"Counts\.most_of_nobody returns int.*null.*coalesce"),
            (counts.only(), r"Counts\.only returned 3 rows.*LIMIT 1"),
        ]:
            with pytest.raises(Unanswerable, match=said):
                await asked

        assert await counts.exact() == 2 * (2**63 - 1)
        assert await counts.maybe_shares() == [MaybeShare("a", None)]
        with pytest.raises(Invalid, match=r"count \* :factor is beyond 64 bits") as refused:
            await counts.times(4)
        assert refused.value.field == "factor"


async def test_a_client_hears_why_and_that_it_is_not_its_own_fault(store: str) -> None:
    async with testing(app, store=store) as t:
        for id, count in [("a", 0), ("b", 2**63 - 1), ("c", 2**63 - 1)]:
            await t.ctx.entity(Counter, id).count(count)
        await t.settle()

        for path, said in [("/total", "Counts.total: SUM(count)"), ("/shares", "Counts.shares returns")]:
            response = await t.http.get(path)

            assert (response.status_code, response.json()["type"]) == (500, "urn:actum:problem:unanswerable")
            assert response.json()["detail"].startswith(said)
        own = await t.http.get("/times?factor=4")
        assert (own.status_code, own.json()["field"]) == (400, "factor")
