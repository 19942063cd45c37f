"""The suite for the feed: complete, in order, each event once, and those who wait are woken."""

import asyncio

import pytest

from actum.conformance.journal.bank import (
    OPENING,
    PATIENCE,
    amounts,
    deposit,
    fill,
    follow,
    positions,
)
from actum.model.event import Stored
from actum.ports.journal import EventRange, Journal, Landed, Write


class Feeding:
    """All events are in one feed, and a reader that has seen a position never finds a new event before it."""

    async def test_an_empty_journal_has_an_empty_feed(self, journal: Journal) -> None:
        """A new journal has no events, and its head is 0."""
        assert await journal.feed(0, 10) == []
        assert await journal.head() == await journal.last() == 0

    async def test_the_feed_joins_all_streams(self, journal: Journal) -> None:
        """Events of every kind and id come in the order in which they were written."""
        await journal.append([deposit("b", 0, 1, 2), deposit("a", 0, 3, kind="Loan")])
        await journal.append([deposit("b", 2, 4), deposit("c", 0, 5)])

        events = await follow(journal, 5)

        assert amounts(events) == [1, 2, 3, 4, 5]
        assert positions(events) == sorted(set(positions(events)))
        assert [event.version for event in events] == [1, 2, 1, 3, 1]

    async def test_the_feed_gives_events_as_streams_do(self, journal: Journal) -> None:
        """An event is the same, field by field, wherever it is read."""
        await journal.append([deposit("a", 0, 1, 2, metadata=b'{"by":"Ada"}', time=OPENING + 77)])

        events = await follow(journal, 2)

        assert events == await journal.read(EventRange("Account", "a"))

    @pytest.mark.parametrize("sizes", [(3, 0, 900), (3, 5_000, 10, 70_000, 0, 20)])
    async def test_the_feed_gives_contents_of_any_size_and_character(
        self, journal: Journal, sizes: tuple[int, ...]
    ) -> None:
        """Small and large events of one page keep what they hold, beside ids and names of any characters."""
        ids = ['"quoted"', "back\\slash", "né\t€ 😀", "[1,2]", "a/b", "'"]
        written = []
        for number, (id, size) in enumerate(zip(ids, sizes, strict=False)):
            payload = b'{"scan":"' + "é".encode() * size + b'"}'
            metadata = b'{"by":"' + b"x" * (size // 2) + b'"}'
            emitted = [(f'Scänned "{number}"', number + 1, payload)]
            written.append(Write("Kïnd", id, 0, emitted, metadata, OPENING + number))
        await journal.append(written)

        events = await follow(journal, len(written))

        assert [
            (
                found.kind,
                found.id,
                [(found.type, found.type_version, found.payload)],
                found.metadata,
                found.time,
            )
            for found in events
        ] == [(write.kind, write.id, write.events, write.metadata, write.time) for write in written]

    async def test_the_position_of_a_landed_write_is_that_of_its_last_event(self, journal: Journal) -> None:
        """A reader that has seen that position has seen the write."""
        outcomes = await journal.append([deposit("a", 0, 1, 2, 3), deposit("b", 0, 4)])

        events = await follow(journal, 4)

        landed = [outcome.position for outcome in outcomes if isinstance(outcome, Landed)]
        assert landed == [events[2].position, events[3].position]

    @pytest.mark.parametrize("limit", [1, 2, 5, 11, 12, 100])
    async def test_a_page_of_the_feed_honours_its_limit(self, journal: Journal, limit: int) -> None:
        """No page is longer, and the pages together are the whole."""
        await fill(journal, "a", 12)
        await follow(journal, 12)

        page = await journal.feed(0, limit)
        rest = await journal.feed(page[-1].position, 100)

        assert len(page) == min(limit, 12)
        assert amounts([*page, *rest]) == list(range(1, 13))

    async def test_the_feed_begins_behind_the_position_that_was_seen(self, journal: Journal) -> None:
        """`after` is exclusive."""
        await fill(journal, "a", 5)
        events = await follow(journal, 5)

        following = await journal.feed(events[2].position, 10)

        assert amounts(following) == [4, 5]

    async def test_behind_the_head_there_is_nothing(self, journal: Journal) -> None:
        """A reader that has seen everything, or claims to have seen more, gets nothing."""
        await fill(journal, "a", 3)
        last = (await follow(journal, 3))[-1].position

        assert await journal.feed(last, 10) == []
        assert await journal.feed(last + 1_000, 10) == []

    async def test_the_head_is_the_last_event_of_the_feed(self, journal: Journal) -> None:
        """A reader is caught up when it has seen the head."""
        await fill(journal, "a", 3)
        await fill(journal, "b", 2)

        events = await follow(journal, 5)

        assert await journal.head() == await journal.last() == events[-1].position

    async def test_collided_writes_are_not_in_the_feed(self, journal: Journal) -> None:
        """A reader never sees what did not land."""
        await journal.append([deposit("a", 0, 1)])
        await journal.append([deposit("a", 0, 2), deposit("b", 3, 3), deposit("c", 0, 4)])
        await journal.append([deposit("c", 1, 5)])

        assert amounts(await follow(journal, 3)) == [1, 4, 5]

    async def test_a_reader_behind_writers_misses_nothing(self, journal: Journal) -> None:
        """While many append, a reader sees each event once, in growing positions and in order of versions."""
        writers, writes = 6, 15

        async def write(writer: int) -> None:
            for version in range(writes):
                await journal.append(
                    [
                        deposit(f"a{writer}", 2 * version, version, 100 + version),
                        deposit(f"b{writer}", version, 7),
                    ]
                )

        writing = asyncio.gather(*(write(writer) for writer in range(writers)))
        events = await follow(journal, writers * writes * 3, limit=7)
        await writing

        assert positions(events) == sorted(set(positions(events)))
        seen: dict[str, list[int]] = {}
        for event in events:
            seen.setdefault(event.id, []).append(event.version)
        assert seen == {
            **{f"a{writer}": list(range(1, 2 * writes + 1)) for writer in range(writers)},
            **{f"b{writer}": list(range(1, writes + 1)) for writer in range(writers)},
        }

    async def test_readers_at_once_see_the_same(self, journal: Journal) -> None:
        """The order of the feed does not depend on who reads it, when, or in which steps."""

        async def write() -> None:
            for version in range(40):
                await journal.append([deposit("a", version, version), deposit("b", version, 500 + version)])

        _, one, other = await asyncio.gather(
            write(), follow(journal, 80, limit=3), follow(journal, 80, limit=50)
        )

        assert one == other

    async def test_waiting_ends_when_an_event_comes(self, journal: Journal) -> None:
        """A reader that has caught up is woken by new events."""
        await fill(journal, "a", 2)
        last = (await follow(journal, 2))[-1].position
        reading = asyncio.create_task(follow(journal, 1, after=last))

        await journal.append([deposit("a", 2, 3)])

        assert amounts(await asyncio.wait_for(reading, PATIENCE)) == [3]

    async def test_waiting_for_what_is_there_ends_at_once(self, journal: Journal) -> None:
        """A reader that is behind does not wait."""
        await fill(journal, "a", 2)
        first = (await follow(journal, 2))[0].position

        await asyncio.wait_for(journal.wait(first), PATIENCE)

        assert amounts(await journal.feed(first, 10)) == [2]

    async def test_every_waiting_reader_hears_of_news(self, journal: Journal) -> None:
        """New events wake all who wait, not only the first."""
        reading = [asyncio.create_task(follow(journal, 1)) for _ in range(5)]

        await journal.append([deposit("a", 0, 1)])

        found: list[list[Stored]] = await asyncio.wait_for(asyncio.gather(*reading), PATIENCE)
        assert [amounts(events) for events in found] == [[1]] * 5

    async def test_a_reader_may_stop_waiting(self, journal: Journal) -> None:
        """Cancelling one waiter affects neither the journal nor the others."""
        leaving = asyncio.create_task(journal.wait(0))
        staying = asyncio.create_task(follow(journal, 1))
        await asyncio.wait([leaving], timeout=0)

        leaving.cancel()
        await journal.append([deposit("a", 0, 1)])

        assert amounts(await asyncio.wait_for(staying, PATIENCE)) == [1]
        assert (await asyncio.wait([leaving], timeout=PATIENCE))[0] == {leaving}

    async def test_the_end_of_the_feed_is_found_by_how_many_events_it_has(self, journal: Journal) -> None:
        """Positions may have gaps: a reader of the last events asks where they begin."""
        for number in range(1, 6):
            await journal.append([deposit(f"a{number}", 0, number)])
        head = positions(await follow(journal, 5))[-1]

        last_two = await journal.feed(await journal.position_before(head, 2), 10)

        assert amounts(last_two) == [4, 5]
        assert await journal.position_before(head, 5) < positions(await journal.feed(0, 1))[0]
        assert await journal.position_before(head, 99) == 0
