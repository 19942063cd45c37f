"""What type checkers say of declarations: classes with options, triggers, resources, an App and its tests."""

from collections.abc import AsyncGenerator, Awaitable, MutableMapping
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from typing import Any, assert_type

from msgspec import Struct, field

from actum import (
    Actions,
    App,
    Changed,
    Context,
    Deleted,
    Entity,
    Event,
    Failure,
    Page,
    Recorded,
    Rejected,
    Retries,
    View,
    command,
    query,
    reducer,
)
from actum.testing import Running, testing


class Ordered(Event, name="ordered", version=2):
    goods: str
    pieces: int = 1


@Ordered.upcast(1)
def in_pieces(old: dict[str, Any]) -> dict[str, Any]:
    return {**old, "pieces": 1}


class Sent(Event):
    goods: list[str] = field(default_factory=list[str])


class Order(Entity, name="order", snapshot_every=50, emits=[Sent]):
    pieces: int = 0
    goods: list[str] = field(default_factory=list[str])

    @command
    def place(self, goods: str, pieces: int = 1) -> str:
        assert_type(self.id, str)
        assert_type(self.version, int)
        assert_type(self.exists, bool)
        if self.exists:
            raise Rejected("it has been placed", code="placed", version=self.version)
        self.emit(Ordered(goods, pieces=pieces))
        return self.id

    @command
    def send(self) -> None:
        self.emit(Sent(self.goods))

    @command(must_exist=True)
    def grow(self, pieces: int) -> int:
        self.emit(Ordered(self.goods[0], pieces))
        return self.pieces

    @command(must_be_new=True)
    def begin(self, goods: str = "tea") -> str:
        self.emit(Ordered(goods))
        return goods

    @query
    def is_large(self, least: int = 100) -> bool:
        return self.pieces >= least

    @query(must_exist=True)
    def first(self) -> str:
        return self.goods[0]

    @reducer
    def ordered(self, event: Ordered) -> None:
        self.goods.append(event.goods)
        self.pieces += event.pieces


class Preferences(Entity, keeps="state", expires_after=timedelta(days=30)):
    theme: str = "plain"

    @command
    def choose(self, theme: str) -> str:
        self.theme = theme
        return theme


class Ranked(Struct):
    goods: str
    pieces: int


class Goods(View, key="goods", name="goods", indexes=["pieces", ("goods", "pieces")], version=3):
    goods: str
    pieces: int = 0
    last: datetime | None = None

    @reducer(key="goods")
    def ordered(self, event: Ordered, recorded: Recorded[Any]) -> None:
        self.pieces += event.pieces
        self.last = recorded.time

    @reducer(key=lambda event: event.goods)
    def sent(self, event: Sent) -> None:
        self.delete()

    @query("SELECT goods, pieces FROM goods ORDER BY pieces DESC LIMIT :limit", timeout=timedelta(seconds=2))
    def ranking(self, limit: int = 10) -> list[Ranked]: ...

    @query("SELECT goods, pieces FROM goods WHERE goods >= :words ORDER BY pieces DESC")
    def best(self, words: str) -> Page[Ranked]: ...

    @query("SELECT * FROM goods WHERE goods = :goods")
    def of(self, goods: str) -> "Goods | None": ...

    @query("SELECT coalesce(sum(pieces), 0) FROM goods")
    def total(self) -> int: ...


class Placed(View, of=Order, fields=["pieces"], indexes=["pieces"]):
    pieces: int
    times: int = 0

    @reducer
    def ordered(self, event: Ordered) -> None:
        self.times += 1

    @query("SELECT * FROM placed WHERE pieces > :least ORDER BY id")
    def large(self, least: int) -> "list[Placed]": ...


class Themes(View, of=Preferences):
    pass


class PiecesADay(View, key=("goods", "day")):
    goods: str
    day: date
    pieces: int = 0

    @reducer(key=lambda event, recorded: [(event.goods, recorded.time.date())])
    def ordered(self, event: Ordered) -> None:
        self.pieces += event.pieces


class PiecesOfEach(View, key=("goods", "pieces")):
    goods: str
    pieces: int

    @reducer(key=("goods", "pieces"))
    def ordered(self, event: Ordered) -> None: ...


class Mailer:
    async def send(self, text: str) -> None: ...


@asynccontextmanager
async def open_mailer() -> AsyncGenerator[Mailer]:
    yield Mailer()


shop = Actions(path="/orders", tags=["orders"])


async def give_up(ctx: Context, failure: Failure, mailer: Mailer) -> None:
    await mailer.send(f"{failure.action} {failure.key} {failure.error}")


@shop.on(
    Ordered,
    Sent,
    retries=Retries(attempts=3, unless=(Rejected, KeyError)),
    since="beginning",
    timeout=timedelta(seconds=5),
    on_failure=give_up,
    name="confirm",
)
async def confirm(ctx: Context, event: Ordered | Sent, mailer: Mailer) -> None:
    assert_type(ctx.event.id, str)
    assert_type(ctx.event.time, datetime)
    assert_type(ctx.event.metadata.by, str)
    await mailer.send(f"{ctx.event.kind} {event.goods}")


@shop.on(Deleted, of=Order)
async def count(ctx: Context, event: Deleted) -> None:
    assert_type(event.why, str)


@shop.on(Changed[Preferences])
async def repaint(ctx: Context, event: Changed[Preferences]) -> None:
    assert_type(event.state, Preferences)
    assert_type(event.state.theme, str)
    assert_type(await ctx.entity(Preferences, "ann").choose("dark"), str)
    assert_type(await ctx.delete(Preferences, "ann", erase=True, why="gone"), int)


@shop.on(Deleted)
async def forget(ctx: Context, event: Deleted) -> None:
    print(ctx.event.id, event)


@shop.post("/", status_code=202)
async def place(ctx: Context, data: Ranked) -> str:
    ctx.by = "ann"
    return await ctx.entity(Order, ctx.new_id()).place(data.goods, data.pieces)


@shop.get("/")
async def listed(ctx: Context, page: str | None = None) -> Page:
    found = await ctx.ids(Order, limit=20, page=page)
    assert_type(found.next, str | None)
    print([info.id for info in found.items])
    return found


@shop.get("/best")
async def best(ctx: Context, words: str = "") -> Page[Ranked]:
    page = await ctx.view(Goods, after=None, page_size=20, with_total=True).best(words)
    assert_type(page, Page[Ranked])
    assert_type(page.items, list[Ranked])
    assert_type(page.total, int | None)
    return await ctx.view(Goods).best(words)


@shop.get("/{id:str}/history")
async def history(ctx: Context, id: str) -> list[Recorded[Event]]:
    return await ctx.history(Order, id, after=3, reverse=True)


@shop.queue("parcels", on_failure=give_up)
async def pack(ctx: Context, message: Ranked) -> None:
    await ctx.entity(Order, message.goods).send()


@shop.every(minutes=5)
@shop.cron("0 7 * * MON-FRI", timezone="Europe/Berlin", name="remind_at_seven")
async def remind(ctx: Context) -> None:
    names = [timer.name for timer in await ctx.timers()]
    assert_type(names, list[str])
    for name in names:
        assert_type(await ctx.cancel(name), bool)


async def actions_called_directly(ctx: Context) -> None:
    await confirm(ctx, Sent(), Mailer())
    await confirm(ctx, "sent", Mailer())  # type: ignore[arg-type]


async def marked(ctx: Context) -> None:
    order = ctx.entity(Order, "a")
    assert_type(await order.begin(), str)
    assert_type(await order.grow(3), int)
    assert_type(await order.first(), str)
    first: str = (await ctx.state(Order, "a")).first()
    print(first.upper())
    await order.grow("3")  # type: ignore[arg-type]


async def views(ctx: Context) -> None:
    goods = ctx.view(Goods)
    assert_type(await goods.ranking(), list[Ranked])
    assert_type(await goods.of("a"), Goods | None)
    assert_type(await goods.total(), int)
    assert_type(await goods.get("a"), Goods | None)
    rows = [row.pieces + 1 for row in await goods.ranking(limit=3)]
    print(rows)
    placed = await ctx.view(Placed).large(3)
    assert_type(placed, list[Placed])
    assert_type(placed[0].pieces, int)
    assert_type(await ctx.view(Themes).get("ann"), Themes | None)
    assert_type(await ctx.view(PiecesADay).get(("tea", ctx.now.date())), PiecesADay | None)


async def units(ctx: Context) -> None:
    async def move(unit: Context, source: str, pieces: int) -> list[str]:
        return [await unit.entity(Order, source).place("a", pieces)]

    assert_type(await ctx.atomic(move, "a", 3, idempotency_key="m-1"), list[str])
    await ctx.atomic(move, "a", "3")  # type: ignore[arg-type]
    await ctx.atomic(move, "a")  # type: ignore[arg-type]


async def the_past(ctx: Context) -> None:
    before = await ctx.state(Order, "a", time=ctx.now)
    assert_type(before, Order)
    large: bool = before.is_large()
    after = await ctx.what_if(Order, "a", [Ordered("a"), Sent()])
    assert_type(after.goods, list[str])
    assert_type(await ctx.delete(Order, "a", erase=True), int)
    print(large, ctx.token, ctx.correlation_id, ctx.now)


app = App(
    "shop",
    entities=[Order, Preferences],
    views=[Goods, Placed, Themes, PiecesADay, PiecesOfEach],
    actions=[shop],
    resources=[open_mailer],
    docs="/docs",
    query_timeout=timedelta(seconds=3),
)


async def receive() -> MutableMapping[str, Any]:
    return {"type": "http.disconnect"}


async def send(message: MutableMapping[str, Any]) -> None: ...


async def serving() -> None:
    await assert_type(app.asgi("memory:")({}, receive, send), Awaitable[None])
    await app({}, receive, send)


async def script() -> None:
    async with app.running("memory:") as ctx:
        assert_type(ctx, Context)


async def trial() -> tuple[int, int]:
    async with testing(app) as running:
        assert_type(running, Running)
        assert_type(running.ctx, Context)
        await running.advance(days=1)
        await running.send("parcels", Ranked("a", 1), key="a")
        answer = await running.http.post("/orders/", json={"goods": "a", "pieces": 7})
        assert_type(answer.status_code, int)
        await running.settle()
        return answer.status_code, await running.ctx.view(Goods).total()


def mistakes() -> None:
    Order().emit("ordered")  # type: ignore[arg-type]
    shop.on(Order)  # type: ignore[arg-type]
    shop.on(Ordered, since="yesterday")  # type: ignore[arg-type]
    shop.on(Ordered, timeout=5)  # type: ignore[arg-type]
    shop.queue("parcels", retires=Retries())  # type: ignore[call-arg]
    shop.every(minute=5)  # type: ignore[call-arg]
    Retries(attempts="3")  # type: ignore[arg-type]
    App("shop", entities=[Goods])  # type: ignore[list-item]
    App("shop", view=[Goods])  # type: ignore[call-arg]
