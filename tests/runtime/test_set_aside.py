"""G6: a row that cannot be folded is set aside with its last good state, and every other row goes on."""

import asyncio
import logging
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec import field

from actum import App, Context, Entity, Event, View, command, reducer
from actum.errors import TryLater
from actum.ports.database import SetAside
from actum.runtime.clock import SystemClock
from actum.stores.open import open_stores
from actum.testing import testing
from actum.testing.application import Running
from actum.testing.faults import Fault, Faults
from actum.testing.faulty_database import faulty_database
from tests.runtime.nodes import node_on
from tests.servers.postgres import empty, url_of

broken: dict[str, Callable[["Seen"], None]] = {}
"""What a word does to the row that is given it."""


class Said(Event):
    word: str


class Tagged(Event):
    tags: list[str]


class Thing(Entity, emits=[Said, Tagged]):
    @command
    def say(self, words: list[str]) -> None:
        for word in words:
            self.emit(Said(word))

    @command
    def tag(self, tags: list[str]) -> None:
        self.emit(Tagged(tags))


class Seen(View, indexes=["text"]):
    id: str
    words: int = 0
    text: str = ""
    part: float = 0.0
    notes: dict[str, Any] | None = None

    @reducer
    def said(self, event: Said) -> None:
        self.words += 1
        self.text = event.word
        if event.word in broken:
            broken[event.word](self)
        if event.word == "end":
            self.delete()


class Tags(View):
    id: str
    count: int = 0

    @reducer(key="tags")
    def tagged(self, event: Tagged) -> None:
        if self.id in broken:
            raise ValueError(self.id)
        self.count += 1


class Greedy(View):
    """Changes the event that it is given, and keeps its list."""

    id: str
    others: int = 0
    tags: list[str] = field(default_factory=list)

    @reducer(key="tags")
    def tagged(self, event: Tagged) -> None:
        if self.id in broken:
            raise ValueError(self.id)
        event.tags.remove(self.id)
        self.others, self.tags = len(event.tags), event.tags


def word_of(event: Said) -> str:
    if event.word in broken:
        raise LookupError(f"nobody knows {event.word}")
    return event.word


class Words(View, key="word"):
    word: str
    count: int = 0

    @reducer(key=word_of)
    def said(self, event: Said) -> None:
        self.count += 1


class Shy(Exception):
    def __str__(self) -> str:
        raise RuntimeError("not shown")


def raises(error: BaseException) -> Callable[[Seen], None]:
    def fail(row: Seen) -> None:
        raise error

    return fail


def sets(**values: Any) -> Callable[[Seen], None]:
    def change(row: Seen) -> None:
        for name, value in values.items():
            setattr(row, name, value)

    return change


BAD: dict[str, Callable[[Seen], None]] = {
    "an error": raises(ValueError("thirteen")),
    "an error without a text": raises(Shy()),
    "a panic": raises(BaseException("rust panicked")),
    "an exit": raises(SystemExit(3)),
    "the end of a generator": raises(GeneratorExit()),
    "a cancellation": raises(asyncio.CancelledError()),
    "a group": raises(BaseExceptionGroup("several", [KeyError("a"), GeneratorExit()])),
    "a whole number beyond its column": sets(words=10**22),
    "text in a number's column": sets(words="five"),
    "NaN": sets(part=float("nan")),
    "half a character": sets(text="\ud800"),
    "NUL": sets(text="a\0b"),
    "what is no column": sets(beside=7),
    "half a character within": sets(notes={"a": "\udfff"}),
    "what JSON cannot hold": sets(notes={"a": object()}),
    "another key": sets(id="z"),
}
app = App("things", entities=[Thing], views=[Seen, Tags, Words, Greedy])


@pytest.fixture(autouse=True)
def all_well() -> None:
    broken.clear()


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty store of each kind."""
    if request.param == "postgres":
        server: Any = request.getfixturevalue("postgres")
        await empty(server)
        return url_of(server, schema="store")
    return f"sqlite:///{tmp_path / 'things.db'}" if request.param == "sqlite" else "memory:"


async def say(t: Running, *said: tuple[str, str]) -> None:
    """Has things say words, one command for each."""
    for id, word in said:
        await t.ctx.entity(Thing, id).say([word])
    await t.node.settle()


async def aside(t: Running, name: str = "seen") -> list[SetAside]:
    return await t.node.services.database.set_aside(name)


async def when_shown(ctx: Context, id: str) -> Seen | None:
    """Gives a row once the view shows all that the context wrote, however long that takes."""
    while True:
        try:
            return await ctx.view(Seen).get(id)
        except TryLater:
            await asyncio.sleep(0.001)


async def place(t: Running, id: str, version: int) -> int:
    """The position of an event of a thing."""
    return (await t.ctx.history(Thing, id))[version - 1].position


@pytest.mark.parametrize("bad", BAD)
async def test_whatever_a_reducer_does_its_row_alone_is_set_aside(store: str, bad: str) -> None:
    """Raised or left in the row: the last good state stays, and what follows goes on or waits."""
    broken["bad"] = BAD[bad]
    async with testing(app, store=store) as t:
        await say(t, ("a", "one"), ("a", "bad"))
        await say(t, ("b", "two"), ("a", "three"), ("b", "four"))

        rows = t.ctx.view(Seen)
        assert (await rows.get("a"), await rows.get("b")) == (Seen("a", 1, "one"), Seen("b", 2, "four"))
        [row] = await aside(t)
        assert (row.view, row.generation, row.key, row.waiting) == ("seen", 1, '"a"', 2)
        assert row.position == await place(t, "a", 2)
        assert "seen" in row.error
        projectors = t.node.services.views.projectors()
        assert [projector.failure for projector in projectors] == [None] * len(projectors)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"text": "é" * 1_251}, "an index entry with it has 2,502 bytes, and may have 2,500"),
        ({"notes": {"a": "x" * 2**24}}, "and may have 16,777,216: keep large content elsewhere"),
    ],
)
async def test_a_row_too_large_for_a_database_is_set_aside_on_every_store(
    store: str, changed: dict[str, Any], why: str
) -> None:
    """Also where its store alone would have taken it."""
    broken["bad"] = sets(**changed)
    async with testing(app, store=store) as t:
        await say(t, ("a", "one"), ("a", "bad"))
        await say(t, ("b", "two"), ("a", "three"))

        assert await t.ctx.view(Seen).get("a") == Seen("a", 1, "one")
        assert await t.ctx.view(Seen).get("b") == Seen("b", 1, "two")
        [row] = await aside(t)
        assert (row.key, row.waiting) == ('"a"', 2)
        assert why in row.error


async def test_a_key_too_long_for_an_index_is_set_aside_on_every_store(store: str) -> None:
    """Whatever of it could be made shorter; the longest that is not too long is kept."""
    long = "".join(map(str, random.Random(7).randbytes(2_000)))
    async with testing(app, store=store) as t:
        await t.ctx.entity(Thing, "a").tag(["x", long[:2_500], long[:2_501]])
        await t.node.settle()

        assert await t.ctx.view(Tags).get(long[:2_500]) == Tags(long[:2_500], 1)
        assert await t.ctx.view(Tags).get(long[:2_501]) is None
        [row] = await aside(t, "tags")
        assert row.key == f'"{long[:2_501]}"'
        assert "an index entry with it has 2,501 bytes" in row.error


async def test_a_key_that_no_column_holds_is_set_aside(store: str) -> None:
    """No other tag of the event is held up by it."""
    async with testing(app, store=store) as t:
        await t.ctx.entity(Thing, "a").tag(["x", "a\0b", "y"])
        await t.ctx.entity(Thing, "a").tag(["x", "a\0b"])
        await t.node.settle()

        assert await t.ctx.view(Tags).get("x") == Tags("x", 2)
        assert await t.ctx.view(Tags).get("y") == Tags("y", 1)
        assert [(row.key, row.waiting) for row in await aside(t, "tags")] == [('"a\\u0000b"', 2)]


async def test_of_several_rows_of_an_event_one_is_set_aside(store: str) -> None:
    broken["bad"] = raises(ValueError())
    async with testing(app, store=store) as t:
        await t.ctx.entity(Thing, "a").tag(["x", "bad", "y"])
        await t.ctx.entity(Thing, "a").tag(["bad", "y"])
        await t.node.settle()

        tags = t.ctx.view(Tags)
        assert [await tags.get(key) for key in ("x", "bad", "y")] == [Tags("x", 1), None, Tags("y", 2)]
        [row] = await aside(t, "tags")
        assert (row.key, row.position, row.waiting) == ('"bad"', await place(t, "a", 1), 2)


@pytest.mark.parametrize("count", [3, 40])
async def test_a_reducer_that_changes_its_event_changes_it_for_no_other_row(store: str, count: int) -> None:
    """However many rows an event has, and whether one of them fails or none."""
    tags = [f"t{number}" for number in range(count)]
    async with testing(app, store=store) as t:
        for failing in ((), ("t1",)):
            broken.update(dict.fromkeys(failing, raises(ValueError())))
            await t.ctx.entity(Thing, "a").tag(tags)
            await t.node.settle()

            for tag in tags:
                row = await t.ctx.view(Greedy).get(tag)
                assert row == Greedy(tag, count - 1, [other for other in tags if other != tag])
        assert [row.key for row in await aside(t, "greedy")] == ['"t1"']


async def test_waiting_events_are_folded_when_somebody_asks_and_the_code_is_fixed(store: str) -> None:
    """However many they are: more than are folded at once."""
    broken["bad"] = raises(ValueError("thirteen"))
    async with testing(app, store=store) as t:
        await say(t, ("a", "one"), ("a", "bad"), ("c", "bad"))
        await t.ctx.entity(Thing, "a").say([f"w{number}" for number in range(450)])
        await say(t, ("b", "two"))
        database, views = t.node.services.database, t.node.services.views

        asked = await database.request_retry("seen", '"a"')
        await views.works["seen"].retry_rows()
        still = [(row.key, row.waiting, row.is_asked) for row in await aside(t)]
        broken.clear()
        await database.request_retry("seen", '"a"')
        await views.works["seen"].retry_rows()
        await say(t, ("a", "last"))

        assert asked == 1
        assert still == [('"a"', 451, False), ('"c"', 1, False)]
        assert await t.ctx.view(Seen).get("a") == Seen("a", 453, "last")
        assert [row.key for row in await aside(t)] == ['"c"']


async def test_an_event_that_fails_behind_a_fixed_one_is_the_one_that_holds_up(store: str) -> None:
    broken.update(bad=raises(ValueError("first")), worse=raises(ValueError("second")))
    async with testing(app, store=store) as t:
        await say(t, *(("a", word) for word in ("one", "bad", "two", "worse", "three")))
        del broken["bad"]

        assert await t.node.services.database.request_retry("seen") == 1
        await t.node.services.views.works["seen"].retry_rows()

        assert await t.ctx.view(Seen).get("a") == Seen("a", 3, "two")
        [row] = await aside(t)
        assert (row.position, row.waiting) == (await place(t, "a", 4), 2)
        assert "second" in row.error


@pytest.mark.parametrize("is_fixed", [True, False])
async def test_a_restart_tries_what_was_set_aside_again(store: str, is_fixed: bool) -> None:
    """A function that a reducer calls may have been fixed, which no fingerprint shows."""
    broken["bad"] = raises(ValueError())
    async with testing(app, store=store) as t:
        await say(t, ("a", "one"), ("a", "bad"), ("b", "two"), ("a", "three"))
        since = (await aside(t))[0].since
        if is_fixed:
            broken.clear()
        await t.restart()
        await say(t, ("b", "four"), ("a", "five"))

        expected = Seen("a", 4, "five") if is_fixed else Seen("a", 1, "one")
        assert await t.ctx.view(Seen).get("a") == expected
        assert await t.ctx.view(Seen).get("b") == Seen("b", 2, "four")
        left = [(row.key, row.position, row.waiting, row.since) for row in await aside(t)]
        assert left == ([] if is_fixed else [('"a"', await place(t, "a", 2), 3, since)])


async def test_a_row_that_is_set_aside_may_be_one_that_was_never_there_or_was_deleted(store: str) -> None:
    broken["bad"] = raises(ValueError())
    async with testing(app, store=store) as t:
        await say(t, ("a", "bad"), ("b", "one"), ("b", "end"), ("b", "bad"), ("c", "one"))
        before = [await t.ctx.view(Seen).get(id) for id in "abc"]
        broken.clear()
        await t.restart()
        await t.node.settle()

        assert before == [None, None, Seen("c", 1, "one")]
        assert await t.ctx.view(Seen).get("a") == Seen("a", 1, "bad")
        assert await t.ctx.view(Seen).get("b") == Seen("b", 1, "bad")
        assert await aside(t) == []


async def test_a_row_that_is_set_aside_goes_with_its_entity_when_that_is_erased(store: str) -> None:
    """Nothing of it waits any more; what the entity does anew has a row as any other."""
    broken["bad"] = BAD["an error"]
    async with testing(app, store=store) as t:
        await say(t, ("a", "one"), ("a", "bad"), ("b", "two"))
        await t.ctx.delete(Thing, "a", erase=True)
        await t.node.settle()
        rows = t.ctx.view(Seen)
        at_first = await rows.get("a"), await aside(t)
        await say(t, ("a", "three"))

        assert at_first == (None, [])
        assert (await rows.get("a"), await rows.get("b")) == (Seen("a", 1, "three"), Seen("b", 1, "two"))


async def test_a_rebuild_sets_aside_on_its_own_account(store: str) -> None:
    """What the generation before had set aside goes with it."""
    broken["bad"] = raises(ValueError())
    async with testing(app, store=store) as t:
        await say(t, ("a", "one"), ("a", "bad"), ("b", "two"))
        broken["two"] = raises(ValueError())
        del broken["bad"]

        await t.node.services.views.rebuild("seen")
        await t.node.settle()

        assert await t.ctx.view(Seen).get("a") == Seen("a", 2, "bad")
        assert await t.ctx.view(Seen).get("b") is None
        assert [(row.key, row.generation) for row in await aside(t)] == [('"b"', 2)]


async def test_an_event_that_does_not_say_its_row_is_listed_and_has_the_view_built_anew_when_it_does(
    store: str,
) -> None:
    """Its rows have gone on without it, and only a fold from the beginning sets that right."""
    broken["who"] = raises(ValueError())
    async with testing(app, store=store) as t:
        await say(t, ("a", "one"), ("a", "who"), ("a", "two"))
        before = await t.ctx.view(Words).get("two")
        [row] = await aside(t, "words")
        del broken["who"]
        await t.node.services.database.request_retry("words")
        work = t.node.services.views.works["words"]
        await work.retry_rows()
        await work.rebuild()
        await t.node.settle()

        assert before == Words("two", 1)
        position = await place(t, "a", 2)
        assert (row.key, row.position, row.waiting) == (f"@{position}", position, 1)
        assert "nobody knows who" in row.error
        assert await t.ctx.view(Words).get("who") == Words("who", 1)
        assert await aside(t, "words") == []


async def test_what_waits_and_is_erased_holds_up_nobody_any_more(store: str) -> None:
    broken["bad"] = raises(ValueError())
    async with testing(app, store=store) as t:
        await say(t, ("a", "bad"), ("a", "one"), ("b", "two"))
        await t.ctx.delete(Thing, "a", erase=True)
        await t.node.settle()

        await t.node.services.database.request_retry("seen")
        await t.node.services.views.works["seen"].retry_rows()
        await say(t, ("b", "three"))

        assert await aside(t) == []
        assert await t.ctx.view(Seen).get("a") is None
        assert await t.ctx.view(Seen).get("b") == Seen("b", 2, "three")


async def test_others_are_the_fold_of_their_events_whatever_fails_among_them() -> None:
    """A long history in batches of any size, with many rows that fail, built anew."""
    chance = random.Random(20)
    words = [(f"t{chance.randrange(40)}", "bad" if chance.random() < 0.01 else "w") for _ in range(3_000)]
    broken["bad"] = raises(ValueError())
    async with testing(app) as t:
        await asyncio.gather(*(t.ctx.entity(Thing, id).say([word]) for id, word in words))
        await t.node.settle()
        history = {f"t{n}": [r.event.word for r in await t.ctx.history(Thing, f"t{n}")] for n in range(40)}
        await t.node.services.views.rebuild("seen")
        await t.node.settle()

        for id, said in history.items():
            good = said.index("bad") if "bad" in said else len(said)
            assert await t.ctx.view(Seen).get(id) == (Seen(id, good, "w") if good else None)
        failing = {f'"{id}"': len(said) - said.index("bad") for id, said in history.items() if "bad" in said}
        assert {row.key: row.waiting for row in await aside(t)} == failing


@pytest.mark.parametrize("fails", ["look", "views"])
async def test_a_row_is_set_aside_though_the_write_of_that_is_said_to_have_failed(
    store: str, fails: str
) -> None:
    """Its later events wait, whatever else fails before the view has found out."""
    broken["bad"] = raises(ValueError("thirteen"))
    faults, one = Faults(), App("things", entities=[Thing], views=[Seen])
    async with open_stores(store) as stores:
        database = faulty_database(stores.database, faults)
        async with node_on(one, stores.journal, database, clock=SystemClock()) as node:
            ctx = Context(node.services)
            await ctx.entity(Thing, "a").say(["one"])
            await node.settle()
            faults.plan("project", Fault.AFTER)
            faults.plan("count_set_aside" if fails == "look" else "views", Fault.BEFORE)
            await ctx.entity(Thing, "a").say(["bad"])
            async with asyncio.timeout(60):
                while not await stores.database.set_aside("seen"):  # noqa: ASYNC110
                    await asyncio.sleep(0.001)
            await ctx.entity(Thing, "a").say(["later"])
            await ctx.entity(Thing, "b").say(["other"])
            other, row = await when_shown(ctx, "b"), await when_shown(ctx, "a")
            [waits] = await stores.database.set_aside("seen")

    assert len(faults.met) == 2
    assert other == Seen("b", 1, "other")
    assert row == Seen("a", 1, "one")
    assert waits.waiting == 2


class Marks(View):
    id: str

    @reducer(key="tags")
    def tagged(self, event: Tagged) -> None:
        raise ValueError("no such mark")


async def test_the_log_says_in_one_line_for_each_cause_where_and_what_to_do(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.ERROR, "actum.projector")
    async with testing(App("marks", entities=[Thing], views=[Marks])) as running:
        await running.ctx.entity(Thing, "t").tag(["a", "b", "c"])
        with pytest.raises(AssertionError, match="set aside"):
            await running.settle()

    lines = [record.getMessage() for record in caplog.records]
    place = rf"\(.*test_set_aside\.py:{Marks.tagged.__code__.co_firstlineno + 2}\)"
    assert re.fullmatch(
        r'view marks has set aside the row "[abc]" and 2 more: Marks\.tagged failed on Tagged of Thing/t at '
        rf"position 1: ValueError: no such mark {place}\. Correct the reducer: .* `actum views retry` .*",
        "\n".join(lines),
    ), lines
