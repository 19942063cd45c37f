"""Values that JSON would give back as others: refused where they are made, with the place and the reason."""

import math
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import IntEnum
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from msgspec import Struct, field

from actum import Actions, App, Context, Entity, Event, Rejected, View, command, query, reducer
from actum.errors import Invalid, WrongEvent, WrongReply, WrongState
from actum.model.view import view_type
from actum.testing import testing

PARIS = ZoneInfo("Europe/Paris")


class Shape(Struct):
    name: str = ""


class Circle(Shape):
    radius: int = 0


class Level(IntEnum):
    LOW = 1


class Node(Struct):
    inside: "list[Node]" = []


class Said(Event):
    anything: Any = None
    number: float | None = None
    shape: Shape | None = None
    text: str = ""
    time: datetime | None = None


class Speaker(Entity, emits=[Said]):
    """Emits what it is told to, which the caller gives by name, for arguments are checked by themselves."""

    @command
    def say(self, what: str, value: str) -> None:
        self.emit(Said(**{what: odd(value)}))

    @query
    def reply(self, value: str) -> Any:
        return odd(value)

    @query
    def number(self) -> float | None:
        return math.inf

    @query
    def half(self) -> str:
        return "\ud800"

    @command
    def take(self, anything: Any) -> None:
        pass

    @command
    def measure(self, number: float, text: str = "", shape: Shape | None = None) -> None:
        pass

    @command
    def refuse(self) -> None:
        raise Rejected("no", limit=math.inf)


class Did(Event):
    value: str


class Holder(Entity, snapshot_every=2):
    anything: dict[str, Any] = field(default_factory=dict)
    number: float = 0.0
    shape: Shape = field(default_factory=Shape)
    counts: dict[str, int] = field(default_factory=dict)
    node: Node = field(default_factory=Node)
    time: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    whole: int = 0

    @command
    def do(self, value: str) -> int:
        self.emit(Did(value))
        return self.whole

    @reducer
    def did(self, event: Did) -> None:
        self.whole += 1
        change(self, event.value)


class Row(View):
    id: str
    anything: dict[str, Any] = field(default_factory=dict)
    shape: Shape | None = None
    whole: int = 0

    @reducer
    def did(self, event: Did) -> None:
        self.whole += 1
        if event.value in ODD:
            self.anything["it"] = odd(event.value)


taken: list[Any] = []
queues = Actions()


@queues.queue("anything")
async def take(ctx: Context, message: dict[str, Any]) -> None:
    taken.append(message)


@queues.queue("shapes")
async def draw(ctx: Context, message: Shape) -> None:
    taken.append(message)


DEEP = "3,000 lists in lists"
ODD: dict[str, Any] = {
    "infinity": math.inf,
    "not a number": math.nan,
    "a date": date(2026, 1, 2),
    "a time": datetime(2026, 1, 2, tzinfo=UTC),
    "a decimal": Decimal("1.50"),
    "a tuple": (1, 2),
    "a set": {1},
    "bytes": b"x",
    "an id": UUID(int=7),
    "a key that is no text": {1: "a"},
    "an enum": Level.LOW,
    "a struct": Circle("c", 3),
    "deeper down": {"a": [{"b": (1,)}]},
    "half a character": "\ud800",
    "an object": object(),
    DEEP: None,
}


def odd(name: str) -> Any:
    """Gives the value of that name; what lies 3,000 deep is made anew, for pytest looks into modules."""
    if name != DEEP:
        return ODD[name]
    value: list[Any] = []
    for _ in range(3_000):
        value = [value]
    return value


FINE: list[Any] = [
    None, True, -0.0, 1e308, 2**70, -(2**63), "a\0b", "é😀", {"a": [1, 2.5, {"b": None}]}, "", [], {},
]  # fmt: skip


def change(holder: Holder, value: str) -> None:
    match value:
        case "a subclass":
            holder.shape = Circle("c", 3)
        case "a default of its own":
            holder.counts = defaultdict(int)
        case "infinity in a number":
            holder.number = math.inf
        case "a zone":
            holder.time = datetime(2026, 1, 2, tzinfo=PARIS)
        case "seconds in an offset":
            holder.time = datetime(2026, 1, 2, tzinfo=timezone(timedelta(seconds=30)))
        case "3,000 structs in structs":
            for _ in range(3_000):
                holder.node = Node([holder.node])
        case _ if value in ODD:
            holder.anything["it"] = odd(value)


IN_STATES = [
    *ODD,
    "a subclass",
    "a default of its own",
    "infinity in a number",
    "a zone",
    "seconds in an offset",
    "3,000 structs in structs",
]
app = App("values", entities=[Speaker, Holder], views=[Row], actions=[queues])


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty store."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/a.db"
    url: str = request.getfixturevalue("postgres_store")
    return url


@pytest.mark.parametrize("value", ODD)
async def test_an_event_that_would_come_back_changed_is_not_written(value: str) -> None:
    async with testing(app) as t:
        with pytest.raises(WrongEvent, match="Said"):
            await t.ctx.entity(Speaker, "a").say("anything", value)

        assert await t.ctx.history(Speaker, "a") == []


@pytest.mark.parametrize(
    ("what", "value"),
    [("number", "infinity"), ("number", "not a number"), ("shape", "a struct"), ("text", "a date")],
)
async def test_neither_is_one_with_typed_fields(what: str, value: str) -> None:
    async with testing(app) as t:
        with pytest.raises(WrongEvent, match=f"Said.*{what}|does not fit"):
            await t.ctx.entity(Speaker, "a").say(what, value)


@pytest.mark.parametrize("value", IN_STATES)
async def test_a_state_that_would_come_back_changed_is_refused_at_its_turn(value: str) -> None:
    """Before the snapshot and the unit that would have changed it; the entity goes on as it was."""
    async with testing(app) as t:
        holder = t.ctx.entity(Holder, "a")
        await holder.do("nothing")
        with pytest.raises((WrongState, WrongEvent)):
            await holder.do(value)

        assert await holder.do("nothing") == 2
        assert await holder.do("nothing") == 3
        assert (await t.ctx.state(Holder, "a")).whole == 3


@pytest.mark.parametrize("value", ODD)
async def test_replies_arguments_and_messages_are_held_to_the_same(value: str) -> None:
    taken.clear()
    async with testing(app) as t:
        speaker = t.ctx.entity(Speaker, "a")
        with pytest.raises(WrongReply, match=r"Speaker\.reply"):
            await speaker.reply(value)
        with pytest.raises(Invalid, match=r"Speaker\.take"):
            await speaker.take(odd(value))
        with pytest.raises(Invalid, match="queue 'anything'"):
            await t.send("anything", {"it": odd(value)})
        with pytest.raises(Invalid, match=r"Speaker\.take"):
            await t.ctx.schedule(Speaker.take, "a", after=timedelta(hours=1))(odd(value))

        async def unit(within: Context) -> Any:
            return odd(value)

        with pytest.raises(WrongReply, match="an atomic unit"):
            await t.ctx.atomic(unit, idempotency_key=value)

    assert taken == []


async def test_typed_arguments_replies_messages_and_facts_are_too() -> None:
    async with testing(app) as t:
        speaker = t.ctx.entity(Speaker, "a")
        for number in (math.inf, -math.inf, math.nan):
            with pytest.raises(Invalid, match=r"Speaker\.measure: number"):
                await speaker.measure(number)
        with pytest.raises(Invalid, match=r"Speaker\.measure: text"):
            await speaker.measure(1.5, "\ud800")
        with pytest.raises(Invalid, match=r"Speaker\.measure: shape"):
            await speaker.measure(1.5, "", Circle("c", 3))
        with pytest.raises(WrongReply, match=r"Speaker\.number .*inf"):
            await speaker.number()
        with pytest.raises(WrongReply, match=r"Speaker\.half"):
            await speaker.half()
        with pytest.raises(WrongReply, match="the facts"):
            await speaker.refuse()
        with pytest.raises(Invalid, match="queue 'shapes'"):
            await t.send("shapes", Circle("c", 3))


async def test_what_json_gives_back_is_taken_everywhere() -> None:
    taken.clear()
    async with testing(app) as t:
        speaker = t.ctx.entity(Speaker, "a")
        for value in FINE:
            ODD["fine"] = value
            await speaker.say("anything", "fine")
            assert await speaker.reply("fine") == value
            await speaker.take(value)
            await t.send("anything", {"it": value})
        del ODD["fine"]
        await t.settle()

        assert [one.event.anything for one in await t.ctx.history(Speaker, "a")] == FINE  # type: ignore[attr-defined]
        assert [message["it"] for message in taken] == FINE


@pytest.mark.parametrize("value", ["a date", "a tuple", "a struct", "infinity", "a key that is no text"])
def test_a_row_that_would_come_back_changed_is_not_written(value: str) -> None:
    row = Row(id="a", anything={"it": odd(value)})

    with pytest.raises(Exception, match="the column 'anything' of the view row cannot hold"):
        view_type(Row).row_to_sql(row)


async def test_texts_with_any_character_come_back_from_every_store(store: str) -> None:
    async with testing(app, store=store) as t:
        await t.ctx.entity(Speaker, "a").say("text", "text")
        await t.ctx.entity(Holder, "a").do("a\0b é😀")
    async with testing(app, store=store) as t:
        [said] = await t.ctx.history(Speaker, "a")
        [did] = await t.ctx.history(Holder, "a")

    assert said.event.text == TEXT  # type: ignore[attr-defined]
    assert did.event.value == "a\0b é😀"  # type: ignore[attr-defined]


TEXT = "\x00\x01\x7f\u2028é😀\uffff"
ODD_TEXTS = {"text": TEXT}


@pytest.fixture(autouse=True)
def texts() -> Any:
    ODD.update(ODD_TEXTS)
    yield
    for name in ODD_TEXTS:
        ODD.pop(name, None)
