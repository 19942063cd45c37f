"""Bounds in bytes: large events are refused or let go of; what no store takes harms its writer alone."""

import asyncio
import string
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from actum import (
    Actions,
    App,
    Context,
    DefinitionError,
    Entity,
    Event,
    Invalid,
    Overloaded,
    Retries,
    command,
    reducer,
)
from actum.model import turn
from actum.ports.database import Database, Progress
from actum.ports.journal import Outcome, Write
from actum.runtime import feed
from actum.runtime.actions import unsaved_letters, worker
from actum.runtime.context import outgoing
from actum.runtime.entities import batch_cut, committer
from actum.stores.memory import MemoryJournal
from actum.testing.faults import FaultyJournal
from tests.runtime.nodes import running
from tests.runtime.waiting import begun

KILOBYTE = "x" * 1_000


class Written(Event):
    text: str


class Note(Entity):
    count: int = 0

    @command
    def write(self, text: str) -> int:
        self.emit(Written(text))
        return self.count

    @command
    def write_each(self, texts: list[str]) -> int:
        for text in texts:
            self.emit(Written(text))
        return self.count

    @reducer
    def written(self, event: Written) -> None:
        self.count += 1


reading = Actions()
read: list[int] = []
last = asyncio.Event()


@reading.on(Written)
async def look(ctx: Context, event: Written) -> None:
    read.append(len(event.text))
    if ctx.event.id == "last":
        last.set()


plain = App("notes", entities=[Note])
followed = App("notes", entities=[Note], actions=[reading])


class ParticularJournal(FaultyJournal):
    """Cannot keep a text with a bell in it, and says so of the whole append."""

    sizes: list[int]

    async def append(self, writes: Sequence[Write]) -> list[Outcome]:
        payloads = [payload for write in writes for _, _, payload in write.events]
        if any(b"bell" in payload for payload in payloads):
            raise Invalid("no bells, please")
        self.sizes.append(sum(map(len, payloads)))
        return await super().append(writes)


@pytest.fixture
def journal() -> ParticularJournal:
    journal = ParticularJournal(MemoryJournal())
    journal.sizes = []
    return journal


async def together(journal: FaultyJournal, ctx: Context, texts: dict[str, str]) -> list[Any]:
    """Has commands written in one batch, and gives what they answer."""
    journal.hold("append")
    first = await begun(ctx.entity(Note, "first").write("x"))
    await journal.held("append")
    sent = [await begun(ctx.entity(Note, id).write(text)) for id, text in texts.items()]
    journal.release("append")
    await first
    return await asyncio.gather(*sent, return_exceptions=True)


async def test_what_a_store_cannot_keep_is_its_own_writers_fault_alone(journal: ParticularJournal) -> None:
    async with running(plain, journal) as ctx:
        texts = {id: "bell" if id == "m" else "x" for id in string.ascii_lowercase}

        answers = await together(journal, ctx, texts)

        refused = answers.pop(12)
        assert isinstance(refused, Invalid)
        assert str(refused) == "no bells, please"
        assert answers == [1] * 25
        assert await ctx.entity(Note, "m").write("x") == 1


async def test_a_unit_that_a_store_cannot_keep_lands_not_even_in_part(journal: ParticularJournal) -> None:
    async def write(ctx: Context) -> None:
        await ctx.entity(Note, "a").write("x")
        await ctx.entity(Note, "b").write("bell")

    async with running(plain, journal) as ctx:
        journal.hold("append")
        first = await begun(ctx.entity(Note, "first").write("x"))
        await journal.held("append")
        unit = await begun(ctx.atomic(write))
        beside = await begun(ctx.entity(Note, "c").write("x"))
        journal.release("append")
        await first

        with pytest.raises(Invalid, match="no bells"):
            await unit
        assert await beside == 1
        assert (await ctx.state(Note, "a")).count == 0


async def test_an_event_too_large_for_the_stores_is_refused_before_it_is_sent(
    journal: ParticularJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turn, "MAX_EVENT_BYTES", 1_000)
    monkeypatch.setattr(turn, "LARGE", 100)
    async with running(plain, journal) as ctx:
        with pytest.raises(Invalid, match=r"Written with 1,011 bytes.*a reference to it"):
            await ctx.entity(Note, "a").write(KILOBYTE)

        assert journal.sizes == []
        assert await ctx.entity(Note, "a").write("x") == 1


async def test_a_command_too_large_to_be_written_is_refused_before_it_is_sent_and_harms_nobody(
    journal: ParticularJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither those who are written with it nor those who come while it waits."""
    monkeypatch.setattr(committer, "MAX_WRITE_BYTES", 5_000)
    monkeypatch.setattr(batch_cut, "MAX_WRITE_BYTES", 5_000)
    monkeypatch.setattr(committer, "MAX_STAGED_BYTES", 20_000)
    async with running(plain, journal) as ctx:
        journal.hold("append")
        first = await begun(ctx.entity(Note, "first").write("x"))
        await journal.held("append")
        before = [await begun(ctx.entity(Note, id).write("x")) for id in "abc"]
        large = await begun(ctx.entity(Note, "large").write_each([KILOBYTE] * 30))
        behind = await begun(ctx.entity(Note, "large").write("x"))
        after = [await begun(ctx.entity(Note, id).write("x")) for id in "def"]
        journal.release("append")

        with pytest.raises(
            Invalid, match="30,334 bytes, and 5,000 are written at once: do it in several steps"
        ):
            await large
        assert [await first, await behind, *[await one for one in (*before, *after)]] == [1] * 8
        assert max(journal.sizes) < 5_000
        assert await ctx.entity(Note, "large").write_each([KILOBYTE] * 4) == 5


async def test_a_unit_too_large_to_be_written_lands_not_even_in_part(
    journal: ParticularJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def write(ctx: Context) -> None:
        await ctx.entity(Note, "a").write("x")
        await ctx.entity(Note, "b").write_each([KILOBYTE] * 6)

    monkeypatch.setattr(committer, "MAX_WRITE_BYTES", 5_000)
    monkeypatch.setattr(batch_cut, "MAX_WRITE_BYTES", 5_000)
    async with running(plain, journal) as ctx:
        journal.hold("append")
        first = await begun(ctx.entity(Note, "first").write("x"))
        await journal.held("append")
        beside = [await begun(ctx.entity(Note, "c").write("x"))]
        unit = await begun(ctx.atomic(write))
        beside.append(await begun(ctx.entity(Note, "d").write("x")))
        journal.release("append")
        await first

        with pytest.raises(Invalid, match="the writes of one unit take"):
            await unit
        assert [await one for one in beside] == [1, 1]
        assert (await ctx.state(Note, "a")).count == 0


async def test_bytes_that_wait_to_be_written_are_bounded(
    journal: ParticularJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(committer, "MAX_STAGED_BYTES", 4_000)
    monkeypatch.setattr(turn, "LARGE", 100)
    async with running(plain, journal) as ctx:
        journal.hold("append")
        first = await begun(ctx.entity(Note, "a").write("x"))
        await journal.held("append")
        waiting = [await begun(ctx.entity(Note, "a").write(KILOBYTE)) for _ in range(4)]

        with pytest.raises(Overloaded, match="of events are waiting to be written: send again later"):
            await ctx.entity(Note, "b").write("x")
        journal.release("append")

        assert [await first, *[await one for one in waiting]] == [1, 2, 3, 4, 5]
        assert await ctx.entity(Note, "b").write("x") == 1


async def test_many_small_events_of_one_command_count_by_their_bytes(
    journal: ParticularJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(committer, "MAX_STAGED_BYTES", 4_000)
    async with running(plain, journal) as ctx:
        journal.hold("append")
        first = await begun(ctx.entity(Note, "a").write("x"))
        await journal.held("append")
        waiting = await begun(ctx.entity(Note, "a").write_each(["small"] * 400))

        with pytest.raises(Overloaded, match="of events are waiting to be written: send again later"):
            await ctx.entity(Note, "b").write("x")
        journal.release("append")

        assert [await first, await waiting] == [1, 401]
        assert await ctx.entity(Note, "b").write("x") == 1


async def test_the_bytes_of_a_batch_are_bounded(
    journal: ParticularJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(committer, "MAX_BATCH_BYTES", 2_500)
    monkeypatch.setattr(turn, "LARGE", 100)
    async with running(plain, journal) as ctx:
        texts = dict.fromkeys("abcde", KILOBYTE) | {"large": KILOBYTE * 3}

        assert await together(journal, ctx, texts) == [1] * 6

        assert journal.sizes[1:] == [2_022, 2_022, 1_011, 3_011]


async def test_the_feed_remembers_events_up_to_a_bound_in_bytes(
    journal: ParticularJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "MAX_REMEMBERED_BYTES", 5_000)
    read.clear()
    last.clear()
    async with running(followed, journal) as ctx:
        await asyncio.gather(*(ctx.entity(Note, f"n{number}").write(KILOBYTE) for number in range(50)))

        remembered = ctx._services.feed._recent
        assert 0 < sum(len(stored.payload) for stored in remembered) <= 5_000
        await ctx.entity(Note, "last").write("x" * 9_000)
        await asyncio.wait_for(last.wait(), 20)
        assert read == [1_000] * 50 + [9_000]


async def test_the_feed_gives_the_same_from_memory_and_from_the_journal(
    journal: ParticularJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "MAX_REMEMBERED", 8)
    async with running(followed, journal) as ctx:
        followed_feed = ctx._services.feed
        for number in range(40):
            await ctx.entity(Note, f"n{number % 3}").write("x" * (1 + number))
            kept = followed_feed._recent
            assert len(kept) <= 8
            assert kept[-1].position == number + 1
            for after in range(number + 2):
                for limit in (1, 3, 500):
                    assert await followed_feed.read(after, limit) == await journal.feed(after, limit)


@pytest.mark.parametrize("id", ["é" * 501, "x" * 1_001, "a\0b", "\ud83d"])
async def test_an_id_or_key_that_not_every_store_keeps_is_refused_on_every_store(
    journal: ParticularJournal, id: str
) -> None:
    async with running(plain, journal) as ctx:
        with pytest.raises(Invalid, match="1 to 1,000 bytes"):
            await ctx.entity(Note, id).write("x")
        with pytest.raises(Invalid, match="1 to 1,000 bytes"):
            await ctx.entity(Note, "a", idempotency_key=id).write("x")
        assert await ctx.entity(Note, "é" * 500, idempotency_key="x" * 1_000).write("x") == 1


async def test_a_key_that_was_made_of_long_names_is_short_enough_for_every_store(
    journal: ParticularJournal,
) -> None:
    async def write(ctx: Context) -> None:
        await ctx.entity(Note, "x" * 1_000).write("x")

    async with running(plain, journal) as ctx:
        await ctx.atomic(write, idempotency_key="k" * 1_000)
        await ctx.atomic(write, idempotency_key="k" * 1_000)

        assert (await ctx.state(Note, "x" * 1_000)).count == 1


def test_a_declared_name_that_not_every_store_keeps_is_refused() -> None:
    long = "n" * 201
    with pytest.raises(DefinitionError, match="an entity's name: use text of 1 to 200 bytes"):
        type(Note)("Long", (Entity,), {}, name=long)
    with pytest.raises(DefinitionError, match="an event's name"):
        type(Written)("Long", (Event,), {}, name=long)
    with pytest.raises(DefinitionError, match="a queue's name"):
        Actions().queue(long)
    group = Actions()

    async def act(ctx: Context) -> None: ...

    act.__name__ = long
    group.every(hours=1)(act)
    with pytest.raises(DefinitionError, match=r"an action's name \(give it another by name=\): use text of"):
        App("notes", actions=[group])


jammed = Actions()
taken: list[int] = []


@jammed.queue("scans", retries=Retries(attempts=1))
async def scan(ctx: Context, text: str) -> None:
    taken.append(len(text))
    raise ValueError("jammed")


scanning = App("scans", actions=[jammed])


@pytest.fixture
async def scans(tmp_path: Path) -> AsyncIterator[Context]:
    async with scanning.running(f"sqlite:///{tmp_path}/scans.db") as ctx:
        yield ctx


async def test_a_message_too_large_is_refused_before_it_is_sent(
    scans: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One by itself, and many that are sent at once."""
    monkeypatch.setattr(outgoing, "MAX_EVENT_BYTES", 1_500)
    monkeypatch.setattr(outgoing, "MAX_SENT_BYTES", 5_000)

    with pytest.raises(Invalid, match="a message for queue 'scans' has 2,002 bytes, and holds 1,500: keep"):
        await scans.queue("scans").send("x" * 2_000)
    with pytest.raises(Invalid, match=r"messages of 6,012 bytes .* 5,000 are: send them in several"):
        await scans.queue("scans").send_all([KILOBYTE] * 6)


async def test_messages_that_wait_to_be_written_are_bounded_in_bytes(
    scans: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outgoing, "MAX_OUTGOING_BYTES", 5_000)
    queue = scans.queue("scans")

    sent = await asyncio.gather(*(queue.send(KILOBYTE) for _ in range(50)), return_exceptions=True)

    refused = [one for one in sent if one is not None]
    assert len(sent) - len(refused) == 4
    assert all(isinstance(one, Overloaded) and "messages are waiting" in str(one) for one in refused)
    await queue.send(KILOBYTE)


async def until_letters(database: Database, count: int) -> None:
    async with asyncio.timeout(60):
        while len(await database.letters(limit=1_000)) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_letters_that_wait_to_be_written_are_bounded_in_bytes(
    scans: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What comes behind a dead letter of its key becomes one too, and no more is taken in than is written."""
    monkeypatch.setattr(unsaved_letters, "MAX_BYTES", 3_000)
    monkeypatch.setattr(worker, "BATCH", 4)
    queue, database = scans.queue("scans"), scans._services.database
    most = 0
    save = database.save

    async def saved(progress: Progress) -> None:
        nonlocal most
        most = max(most, sum(len(letter.body) for letter in progress.letters))
        await save(progress)

    monkeypatch.setattr(database, "save", saved)
    await queue.send(KILOBYTE, key="one")
    await until_letters(database, 1)
    for _ in range(5):
        await queue.send_all([KILOBYTE] * 20, key="one")
    await until_letters(database, 101)

    assert most <= 3_000 + 5 * 1_200
