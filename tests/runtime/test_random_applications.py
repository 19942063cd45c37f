"""Random applications: values of random types come back as they were after a restart, or were refused.

Each example declares an application whose event, state, row, reply and message hold fields of random types,
nested, and gives it values up to the edges of those types. The examples are the same in every run.
"""

import asyncio
import dataclasses
import os
import tempfile
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, Flag, IntEnum, IntFlag
from typing import Any, Literal, NamedTuple
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from msgspec import Struct, defstruct, structs

from actum import Actions, App, Context, Entity, Event, View, command, query, reducer
from actum.errors import Invalid, WrongEvent, WrongReply, WrongState
from actum.testing import testing
from tests.servers.postgres import empty, url_of

REFUSED = (Invalid, WrongEvent, WrongReply, WrongState)
EXAMPLES = int(os.environ.get("ACTUM_EXAMPLES", "50"))
"""How many applications each run tries; more are tried by ACTUM_EXAMPLES=1000."""


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Level(IntEnum):
    LOW = 1
    HIGH = 7


class Grade(Enum):
    PASSED = 1
    FAILED = 2


class Rights(Flag):
    READ = 1
    WRITE = 2


class Bits(IntFlag):
    LEFT = 1
    RIGHT = 2


class Pair(NamedTuple):
    left: int
    right: str = "?"


@dataclasses.dataclass
class Box:
    width: float
    marks: list[int] = dataclasses.field(default_factory=list)


class Line(Struct):
    sku: str
    count: int = 1
    price: float | None = None
    colour: Colour = Colour.RED


class Card(Struct, tag="card", frozen=True):
    number: str


class Cash(Struct, tag="cash", frozen=True):
    coins: int


def unfolded(moment: Any) -> Any:
    """Takes away which of two hours alike it is, which says nothing without the rules of a zone."""
    return moment.replace(fold=0)


Kind = tuple[Any, st.SearchStrategy[Any]]
TEXT = st.text(max_size=6) | st.sampled_from(["a\0b", "\ud800", "é😀", "\u2028"])
OFFSETS = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30)), timezone(timedelta(seconds=61))])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=4,
)
WHOLE = st.integers() | st.sampled_from([0, -1, 2**63 - 1, -(2**63), 2**64, 10**25])
HASHABLE: list[Kind] = [
    (int, WHOLE),
    (str, TEXT),
    (bool, st.booleans()),
    (bytes, st.binary(max_size=4)),
    (Colour, st.sampled_from(Colour)),
    (Level, st.sampled_from(Level)),
    (Grade, st.sampled_from(Grade)),
    (Rights, st.sampled_from(Rights)),
    (Bits, st.sampled_from(Bits)),
    (Literal["a", "b"], st.sampled_from(["a", "b"])),
]
SCALARS: list[Kind] = [
    *HASHABLE,
    (float, st.floats()),
    (datetime, st.datetimes(timezones=OFFSETS).map(unfolded)),
    (datetime | None, st.none() | st.datetimes().map(unfolded)),
    (timedelta, st.timedeltas()),
    (Decimal, st.decimals(allow_nan=False)),
    (date, st.dates()),
    (time, st.times().map(unfolded)),
    (UUID, st.uuids()),
]
STRUCTS: list[Kind] = [
    (Line, st.builds(Line, TEXT, WHOLE, st.none() | st.floats(), st.sampled_from(Colour))),
    (Box, st.builds(Box, st.floats(), st.lists(WHOLE, max_size=2))),
    (Pair, st.builds(Pair, WHOLE, TEXT)),
    (Card | Cash, st.builds(Card, TEXT) | st.builds(Cash, WHOLE)),
    (Any, JSON | st.sampled_from([(1,), {1}, b"x", Level.LOW, {2: 3}, Line("x")])),
]


def nested(kinds: st.SearchStrategy[Kind]) -> st.SearchStrategy[Kind]:
    return st.one_of(
        kinds.map(lambda kind: (list[kind[0]], st.lists(kind[1], max_size=3))),  # type: ignore[name-defined]
        kinds.map(lambda kind: (dict[str, kind[0]], st.dictionaries(TEXT, kind[1], max_size=2))),  # type: ignore[name-defined]
        kinds.map(lambda kind: (dict[int, kind[0]], st.dictionaries(WHOLE, kind[1], max_size=2))),  # type: ignore[name-defined]
        kinds.map(lambda kind: (tuple[kind[0], ...], st.lists(kind[1], max_size=2).map(tuple))),  # type: ignore[name-defined]
        kinds.map(lambda kind: (kind[0] | None, st.none() | kind[1]) if kind[0] is not Any else kind),
        st.sampled_from(HASHABLE).map(lambda kind: (set[kind[0]], st.sets(kind[1], max_size=2))),  # type: ignore[name-defined]
    )


KINDS = st.recursive(st.sampled_from([*SCALARS, *STRUCTS]), nested, max_leaves=3)


class Sample(Struct):
    """The fields of an application, and values to give it, each a list with one value a field."""

    annotations: list[Any]
    values: list[list[Any]]


@st.composite
def samples(draw: st.DrawFn) -> Sample:
    kinds = draw(st.lists(KINDS, min_size=1, max_size=3))
    rows = st.lists(st.tuples(*(strategy for _, strategy in kinds)).map(list), min_size=1, max_size=3)
    return Sample([annotation for annotation, _ in kinds], draw(rows))


class Random:
    """An application with an event, a state, a row, a reply and a message of the same fields."""

    def __init__(self, annotations: list[Any]) -> None:
        self.names = [f"field_{place}" for place in range(len(annotations))]
        fields = list(zip(self.names, annotations, strict=True))
        self.values = values = defstruct("Values", fields)
        self.event = event = type(Event)(
            "Set", (Event,), {"__annotations__": dict(fields), "__module__": __name__}
        )
        self.taken: list[Any] = []

        def put(self: Any, values: Any) -> Any:
            self.emit(event(**{name: getattr(values, name) for name, _ in fields}))
            return self.held

        def held(self: Any) -> Any:
            return self.held

        def was_set(self: Any, happened: Any) -> None:
            self.held = values(**structs.asdict(happened))

        put.__annotations__ = {"values": values, "return": values | None}
        held.__annotations__ = {"return": values | None}
        was_set.__annotations__ = {"happened": event, "return": None}
        body = {"__annotations__": {"held": values | None}, "held": None, "__module__": __name__}
        methods = {"put": command(put), "ask": query(held)}
        self.entity: Any = type(Entity)(
            "Thing", (Entity,), {**body, **methods, "was_set": reducer(was_set)}, snapshot_every=1
        )
        columns = {
            "__annotations__": {"id": str, "held": values | None},
            "held": None,
            "__module__": __name__,
        }
        self.view: Any = type(View)("Things", (View,), {**columns, "was_set": reducer(was_set)})
        actions = Actions()

        async def take(ctx: Context, message: Any) -> None:
            self.taken.append(message)

        take.__annotations__["message"] = values
        actions.queue("values")(take)
        self.app = App("random", entities=[self.entity], views=[self.view], actions=[actions])


def canonical(value: Any) -> Any:
    """Gives what tells two values apart: their types and texts, whatever they compare as."""
    if isinstance(value, set | frozenset):
        return type(value), sorted(map(repr, map(canonical, value)))
    if isinstance(value, dict):
        return dict, [(canonical(key), canonical(held)) for key, held in value.items()]
    if isinstance(value, list | tuple):
        return type(value), [canonical(part) for part in value]
    if isinstance(value, Struct):
        return type(value), [canonical(part) for part in structs.astuple(value)]
    if isinstance(value, float) and not isinstance(value, bool):
        return float, value.hex()
    return type(value), repr(value)


def loosely(found: Any) -> Any:
    """Leaves out what PostgreSQL's JSON does not keep: the order of a dict's keys, and the sign of zero."""
    if found == (float, (-0.0).hex()):
        return float, (0.0).hex()
    if isinstance(found, tuple) and found[0] is dict:
        return dict, sorted(map(repr, map(loosely, found[1])))
    return type(found)(map(loosely, found)) if isinstance(found, list | tuple) else found


async def check(sample: Sample, store: str) -> None:
    random = Random(sample.annotations)
    kept: dict[str, Any] = {}
    sent: list[Any] = []
    async with testing(random.app, store=store) as t:
        for number, row in enumerate(sample.values):
            given_ = random.values(*row)
            wanted = canonical(given_)
            try:
                reply = await t.ctx.entity(random.entity, str(number)).put(given_)
            except REFUSED:
                assert await t.ctx.history(random.entity, str(number)) == []
            else:
                kept[str(number)] = wanted
                assert canonical(reply) == wanted
            try:
                await t.send("values", given_)
            except Invalid:
                continue
            sent.append(wanted)
        await t.settle(allows_failures=True)  # A row with the character NUL is set aside.
        await compare(random, t.ctx, kept)
    async with testing(random.app, store=store) as t:
        await t.settle(allows_failures=True)  # A row with the character NUL is set aside.
        await compare(random, t.ctx, kept)
    assert sorted(map(repr, map(canonical, random.taken))) == sorted(map(repr, sent))


async def compare(random: Random, ctx: Context, kept: dict[str, Any]) -> None:
    for id, wanted in kept.items():
        state = await ctx.state(random.entity, id)
        folded = await ctx.state(random.entity, id, version=1)
        row = await ctx.view(random.view).get(id)
        [recorded] = await ctx.history(random.entity, id)
        happened = random.values(**structs.asdict(recorded.event))
        answer = await ctx.entity(random.entity, id).ask()
        found = [state.held, folded.held, answer, happened]
        assert [canonical(one) for one in found] == [wanted] * 4
        if "\\x00" in repr(wanted):
            assert row is None  # It is set aside on every database, for PostgreSQL cannot hold the character.
        else:
            assert row is not None
            assert loosely(canonical(row.held)) == loosely(wanted)


def bounded(examples: int) -> Any:
    """Gives the settings of a run."""
    return settings(
        max_examples=examples,
        derandomize=True,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


@pytest.mark.timeout(600)
@bounded(EXAMPLES)
@given(samples())
def test_values_come_back_from_sqlite_as_they_were_or_were_refused(sample: Sample) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(check(sample, f"sqlite:///{folder}/a.db"))


@pytest.mark.timeout(600)
def test_values_come_back_from_postgres_as_they_were_or_were_refused(postgres: Any) -> None:
    @bounded(EXAMPLES * 2 // 5)
    @given(samples())
    def try_them(sample: Sample) -> None:
        asyncio.run(empty(postgres))
        asyncio.run(check(sample, url_of(postgres, schema="store")))

    try_them()
