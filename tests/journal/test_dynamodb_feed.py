"""The feed in DynamoDB while several processes write: complete and in order, whoever lands first (R5)."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from actum.conformance.journal.bank import amounts, deposit, follow, positions, versions
from actum.model.event import Stored
from actum.ports.journal import EventRange, Landed
from actum.stores.dynamodb.connection.client import DynamoTable, Item
from actum.stores.dynamodb.journal import chain, streams
from actum.stores.dynamodb.journal.append_transaction import AppendTransaction
from actum.stores.dynamodb.journal.journal import DynamoJournal

WRITERS = 3
WRITES = 8


class SlowTable(DynamoTable):
    """Sends transactions after a while, so that slots are taken in one order and filled in another."""

    pauses = random.Random(0)

    async def transact(self, operations: Sequence[Item], token: str | None = None) -> None:
        await asyncio.sleep(self.pauses.choice([0.0, 0.01, 0.06]))
        await super().transact(operations, token)


@pytest.fixture
async def journal(dynamodb_table: DynamoTable) -> AsyncIterator[DynamoJournal]:
    journal = DynamoJournal(dynamodb_table)
    yield journal
    await journal.close()


async def opened(url: str) -> DynamoJournal:
    return DynamoJournal(await DynamoTable.connect(url))


async def write_slowly(url: str, writer: int, chance: random.Random) -> None:
    """Deposits on an account of its own, and on one that all writers share."""
    table = await SlowTable.connect(url)
    assert isinstance(table, SlowTable)
    table.pauses = chance
    journal = DynamoJournal(table)
    shared = 0
    for version in range(WRITES):
        await journal.append([deposit(f"a{writer}", version, 100 * writer + version)])
        while not isinstance((await journal.append([deposit("shared", shared, 9_000 + writer)]))[0], Landed):
            [loaded] = await journal.load([("Account", "shared")], {})
            shared = len(loaded.events)
        shared += 1
    await journal.close()


async def tail(journal: DynamoJournal, limit: int, writing: "asyncio.Future[Any]") -> list[Stored]:
    """Gives what a reader sees that reads on and on, until nobody writes and nothing comes."""
    seen: list[Stored] = []
    async with asyncio.timeout(60):
        while True:
            is_over = writing.done()
            events = await journal.feed(seen[-1].position if seen else 0, limit)
            seen += events
            if is_over and not events:
                return seen


async def tail_writers(url: str, seed: int) -> list[list[Stored]]:
    """Gives what each of two readers saw while writers filled their slots out of order."""
    chance = random.Random(seed)
    readers = [await opened(url) for _ in range(2)]
    writing = asyncio.gather(*(write_slowly(url, writer, chance) for writer in range(WRITERS)))
    found = await asyncio.gather(
        *(tail(reader, limit, writing) for reader, limit in zip(readers, (3, 500), strict=True))
    )
    await writing
    for reader in readers:
        await reader.close()
    return found


@pytest.mark.parametrize("seed", [1, 2])
async def test_readers_see_each_event_once_and_in_order(dynamodb_url: str, seed: int) -> None:
    """Several processes land out of order, and race for one stream; no reader skips or repeats an event."""
    for events in await tail_writers(dynamodb_url, seed):
        assert positions(events) == sorted(set(positions(events)))
        for writer in range(WRITERS):
            mine = [amount for amount in amounts(events) if amount // 100 == writer]
            assert mine == [100 * writer + version for version in range(WRITES)]
        shared = [event for event in events if event.id == "shared"]
        assert versions(shared) == list(range(1, WRITERS * WRITES + 1))


async def test_without_stopping_at_a_missing_slot_readers_skip_events(
    journal: DynamoJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tests here see what they are for: with every chunk read that is there, an event is lost."""
    monkeypatch.setattr(streams, "is_next", lambda chunk, slot: True)
    monkeypatch.setattr(chain, "PATIENCE", 3_600.0)
    appender = journal._appender
    [early] = await appender.reserve(1)
    await journal.append([deposit("b", 0, 2)])

    before = await journal.feed(0, 10)
    await appender.send(AppendTransaction([0], [deposit("a", 0, 1)], 0), early)
    after = await journal.feed(before[-1].position, 10)

    assert amounts([*before, *after]) == [2]


async def test_what_lands_behind_a_missing_slot_is_hidden_until_that_is_filled(
    journal: DynamoJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slot that was taken earlier and is filled later comes first in the feed."""
    monkeypatch.setattr(chain, "PATIENCE", 3_600.0)
    appender = journal._appender
    [early] = await appender.reserve(1)
    [late] = await journal.append([deposit("b", 0, 2)])

    hidden = await journal.feed(0, 10), await journal.head()
    await appender.send(AppendTransaction([0], [deposit("a", 0, 1)], 0), early)

    events = await follow(journal, 2)
    assert hidden == ([], 0)
    assert amounts(events) == [1, 2]
    assert isinstance(late, Landed)
    assert late.position == events[1].position == await journal.head()


async def test_a_slot_whose_writer_is_gone_holds_readers_up_for_a_moment_only(
    journal: DynamoJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever waits fills it, and the transaction it was meant for lands no more, should it ever come."""
    monkeypatch.setattr(chain, "PATIENCE", 0.05)
    appender = journal._appender
    [lost] = await appender.reserve(1)
    await journal.append([deposit("b", 0, 2)])

    events = await follow(journal, 1)
    landed = await appender.send(AppendTransaction([0], [deposit("a", 0, 1)], 0), lost)

    assert amounts(events) == [2]
    assert landed is None
    assert lost.is_taken
    assert await journal.read(EventRange("Account", "a")) == []


async def test_an_append_whose_slot_was_filled_meanwhile_takes_another(
    journal: DynamoJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that was paused between taking a slot and using it still writes, behind what came since."""
    appender = journal._appender
    reserve = appender.reserve

    async def reserve_and_sleep(count: int) -> Any:
        berths = await reserve(count)
        monkeypatch.setattr(appender, "reserve", reserve)
        for reserved in berths:
            await journal._chain.settle(reserved.slot)
        return berths

    monkeypatch.setattr(appender, "reserve", reserve_and_sleep)

    [outcome] = await journal.append([deposit("a", 0, 1)])

    [event] = await follow(journal, 1)
    assert outcome == Landed(event.position)


async def test_a_stream_is_in_order_in_the_feed_though_a_slot_was_taken_before(
    journal: DynamoJournal,
) -> None:
    """A later version is not put into an earlier slot: it takes one behind what the stream has."""
    appender = journal._appender
    [early] = await appender.reserve(1)
    await journal.append([deposit("a", 0, 1)])

    landed = await appender.send(AppendTransaction([0], [deposit("a", 1, 2)], 0), early)
    await journal.append([deposit("a", 1, 3)])
    await appender.settle(early)

    assert landed is None
    assert amounts(await follow(journal, 2)) == [1, 3]


async def test_a_journal_that_is_opened_begins_where_the_chain_was_whole(
    journal: DynamoJournal, dynamodb_url: str
) -> None:
    """However long the history, the head is found without reading it all."""
    for version in range(12):
        await journal.append([deposit("a", version, version)])
    again = await opened(dynamodb_url)
    asked: list[str] = []
    query = again._table.query

    def counted(partition: str, first: str, last: str, **named: Any) -> Any:
        asked.append(first)
        return query(partition, first, last, **named)

    again._table.query = counted  # type: ignore[method-assign]

    head = await again.head()

    await again.close()
    assert head == (await journal.feed(0, 100))[-1].position
    assert int(asked[1], 16) >= 12


async def test_records_of_an_event_that_shows_late_are_waited_for(
    journal: DynamoJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A chunk that shows before its record, as transactions may while they land, hides nothing for ever."""
    await journal.append([deposit("a", 0, 1), deposit("b", 0, 2)])
    get_many = journal._table.get_many

    async def without_the_first(keys: Any) -> Any:
        found = await get_many(keys)
        found.pop(next(iter(found)))
        return found

    monkeypatch.setattr(journal._table, "get_many", without_the_first)

    assert amounts(await journal.feed(0, 10)) == [1, 2]


async def test_a_stream_that_shows_with_a_hole_is_read_again(
    journal: DynamoJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading a stream while it is written never leaves out a version in the middle."""
    for version in range(3):
        await journal.append([deposit("a", version, version)])
    forwards = journal._reader._forwards
    looks = 0

    async def with_a_hole(*asked: Any) -> tuple[list[Stored], bool]:
        nonlocal looks
        looks += 1
        events, is_cut = await forwards(*asked)
        return (events if looks > 1 else [events[0], *events[2:]]), is_cut

    monkeypatch.setattr(journal._reader, "_forwards", with_a_hole)

    assert versions(await journal.read(EventRange("Account", "a"))) == [1, 2, 3]
    assert looks == 2


async def test_a_stream_that_is_erased_and_begun_anew_while_it_is_read_is_not_read_twice(
    journal: DynamoJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between a chunk and its record the stream may become another one, with other events at its versions."""
    await journal.append([deposit("a", 0, 1)])
    await journal.append([deposit("b", 0, 2)])
    get_many = journal._table.get_many

    async def another_stream(keys: Any) -> Any:
        monkeypatch.setattr(journal._table, "get_many", get_many)
        await journal.erase("Account", "a", time=0)
        await journal.append([deposit("c", 0, 3)])
        await journal.append([deposit("a", 0, 4)])
        return await get_many(keys)

    monkeypatch.setattr(journal._table, "get_many", another_stream)

    first = await journal.feed(0, 10)
    rest = await journal.feed(first[-1].position, 10)

    assert amounts([*first, *rest]) == [2, 3, 4]
