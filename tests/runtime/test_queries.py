"""Queries of views as an application asks them: names that are keywords, lists, and rows as answers."""

import asyncio
import enum
import sqlite3
from collections.abc import Coroutine
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any, Self
from uuid import UUID

import pytest

from actum import App, Context, Entity, Event, View, command, query, reducer


class Kind(enum.Enum):
    BOOK = "book"
    FILM = "film"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 7


class Placed(Event):
    price: Decimal
    kind: Kind
    level: Level
    number: UUID


class Sale(Entity, emits=[Placed]):
    @command
    def place(self, price: Decimal, kind: Kind, level: Level) -> None:
        self.emit(Placed(price, kind, level, UUID(int=int(self.id))))


class Order(View):
    """A view whose names are keywords of SQL, are not of ASCII, or have capitals."""

    id: str
    group: int = 0
    Preis: Decimal = Decimal(0)
    größe: int = 0  # noqa: PLC2401
    kind: Kind = Kind.BOOK
    level: Level = Level.LOW
    number: UUID = UUID(int=0)

    @reducer
    def placed(self, event: Placed) -> None:
        self.Preis, self.kind, self.level, self.number = event.price, event.kind, event.level, event.number
        self.group = self.größe = int(event.level)

    @query("SELECT * FROM Order WHERE id = :id")
    def one(self, id: str) -> Self | None: ...  # type: ignore[empty-body]

    @query("SELECT * FROM order ORDER BY preis DESC")
    def all(self) -> list[Self]: ...  # type: ignore[empty-body]

    @query('SELECT order.id FROM order WHERE "group" = :select AND kind = :table AND größe >= :größe')
    def named(self, select: int, table: Kind, größe: int) -> list[str]: ...  # type: ignore[empty-body]  # noqa: PLC2401

    @query("SELECT id FROM order WHERE id IN :ids ORDER BY id")
    def of(self, ids: list[str]) -> list[str]: ...  # type: ignore[empty-body]

    @query("SELECT id FROM order WHERE preis IN (:prices) ORDER BY id")
    def at(self, prices: list[Decimal]) -> list[str]: ...  # type: ignore[empty-body]

    @query("SELECT id FROM order WHERE kind IN :kinds AND level IN (:levels) AND number NOT IN :numbers")
    def among(self, kinds: list[Kind], levels: set[Level], numbers: list[UUID]) -> list[str]: ...  # type: ignore[empty-body]


APP = App("shop", entities=[Sale], views=[Order])


@pytest.fixture(params=["memory:", "sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Any) -> str:
    if request.param == "postgres":
        url: str = request.getfixturevalue("postgres_store")
        return url
    return f"sqlite:///{tmp_path}/shop.db" if request.param == "sqlite" else "memory:"


def ask(store: str, work: Any) -> Any:
    """Gives what `work` finds once three orders are placed."""

    async def run() -> Any:
        async with APP.running(store=store) as ctx:
            await ctx.entity(Sale, "1").place(Decimal("9.50"), Kind.BOOK, Level.LOW)
            await ctx.entity(Sale, "2").place(Decimal("100"), Kind.FILM, Level.HIGH)
            await ctx.entity(Sale, "3").place(Decimal("1E+3"), Kind.BOOK, Level.HIGH)
            return await work(ctx)

    return asyncio.run(run())


def test_a_query_may_answer_rows_of_its_view(store: str) -> None:
    async def work(ctx: Context) -> Any:
        view = ctx.view(Order)
        return await view.one("2"), await view.one("7"), await view.all(), await view.get("2")

    one, nobody, rows, got = ask(store, work)

    assert one == got == Order("2", 7, Decimal(100), 7, Kind.FILM, Level.HIGH, UUID(int=2))
    assert nobody is None
    assert [row.id for row in rows] == ["3", "2", "1"]
    assert str(rows[2].Preis) == "9.50"


def test_a_view_of_an_older_version_answers_once_it_is_built_anew(tmp_path: Path) -> None:
    """Decimals were text once, which nobody is shown in that order."""
    path = tmp_path / "shop.db"

    async def prices(ctx: Context) -> list[str]:
        return [str(row.Preis) for row in await ctx.view(Order).all()]

    ask(f"sqlite:///{path}", prices)
    with closing(sqlite3.connect(path)) as file:
        columns = [name for _, name, *_ in file.execute("PRAGMA table_info(order__1)")]
        listed = ", ".join(f'"{name}" TEXT' for name in columns)
        file.executescript(
            f"UPDATE actum_views SET fingerprint = 'old'; DROP TABLE order__1; "
            f"CREATE TABLE order__1 ({listed})"
        )

    async def reopened() -> list[str]:
        async with APP.running(store=f"sqlite:///{path}") as ctx:
            return await prices(ctx)

    assert asyncio.run(reopened()) == ["1000", "100", "9.50"]


def test_names_may_be_keywords_of_any_letters(store: str) -> None:
    found = ask(store, lambda ctx: ctx.view(Order).named(7, Kind.BOOK, 2))

    assert found == ["3"]


@pytest.mark.parametrize(
    ("work", "wanted"),
    [
        (lambda view: view.of(["1", "3", "nobody"]), ["1", "3"]),
        (lambda view: view.of([]), []),
        (lambda view: view.at([Decimal("9.5"), Decimal("1000.0")]), ["1", "3"]),
        (lambda view: view.at([]), []),
        (lambda view: view.among([Kind.BOOK, Kind.FILM], {Level.HIGH}, [UUID(int=3)]), ["2"]),
        (lambda view: view.among([Kind.BOOK], {Level.HIGH}, []), ["3"]),
    ],
)
def test_a_list_is_searched_by_in(store: str, work: Any, wanted: list[str]) -> None:
    """Of texts, Decimals, enums and UUIDs; with brackets or without; none at all finds nothing."""

    def asked(ctx: Context) -> Coroutine[Any, Any, Any]:
        found: Coroutine[Any, Any, Any] = work(ctx.view(Order))
        return found

    assert ask(store, asked) == wanted
