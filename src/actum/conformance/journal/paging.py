"""The suite for pages: whatever is read is limited in bytes, and nothing is left out."""

from collections.abc import Iterable

from actum.conformance.incompressible import incompressible
from actum.conformance.journal.bank import OPENING, have_landed, positions, versions
from actum.model.event import Stored
from actum.ports.journal import EventRange, Journal, Loaded, Snapshot, Write
from actum.stores.page import MAX_PAGE_BYTES

LARGE = 300_000
"""Bytes of an event that every store accepts; seventy such events are more than a page."""
CODE = {"Account": "code"}
MAX_IN_A_PAGE = MAX_PAGE_BYTES + 2 * LARGE
"""The item that reaches the limit is still on the page, and so is what is stored in one record with it."""
MAX_HELD = MAX_PAGE_BYTES + MAX_IN_A_PAGE
"""The first page of a loaded stream, and what was loaded before it."""


def large(id: str, expected: int, count: int, *, key: str | None = None) -> Write:
    """Gives a write of large events, or one whose reply is large."""
    payload = b'"%s"' % incompressible(LARGE).encode()
    events = [("Scanned", 1, payload)] * count
    reply = payload if key else b"null"
    return Write("Account", id, expected, events, b"{}", OPENING, key, "", reply)


async def scan(journal: Journal, id: str, count: int) -> None:
    """Writes large events, a few at a time."""
    for first in range(0, count, 2):
        outcomes = await journal.append([large(id, first, min(2, count - first))])
        assert have_landed(outcomes) == [True]


def held(events: Iterable[Stored]) -> int:
    """Gives the bytes that a page holds."""
    return sum(len(event.payload) for event in events)


def loaded_bytes(loaded: Iterable[Loaded]) -> int:
    """Gives the bytes of loaded streams."""
    states = (len(one.snapshot.state) for one in loaded if one.snapshot)
    return sum(states) + sum(held(one.events) for one in loaded)


class Paging:
    """A page ends after a number of bytes, whatever its limit, and the next one continues after it."""

    async def test_a_page_of_a_stream_is_bounded_in_bytes(self, journal: Journal) -> None:
        """A limit, or none, counts events; large ones end the page before."""
        await scan(journal, "a", 70)

        first = await journal.read(EventRange("Account", "a"))
        rest = await journal.read(EventRange("Account", "a", after=first[-1].version, limit=1_000))
        newest = await journal.read(EventRange("Account", "a", reverse=True))
        before = await journal.read(EventRange("Account", "a", up_to=newest[-1].version - 1, reverse=True))

        assert held(first) <= MAX_IN_A_PAGE
        assert versions([*first, *rest]) == list(range(1, 71))
        assert held(newest) <= MAX_IN_A_PAGE
        assert versions([*newest, *before]) == list(range(70, 0, -1))

    async def test_a_page_of_the_feed_is_bounded_in_bytes(self, journal: Journal) -> None:
        """Pages are limited however many events are asked for, and none is left out."""
        await scan(journal, "a", 63)
        await scan(journal, "b", 7)
        seen: list[Stored] = []

        while page := await journal.feed(seen[-1].position if seen else 0, 4_000):
            assert held(page) <= MAX_IN_A_PAGE
            seen += page

        assert positions(seen) == sorted(set(positions(seen)))
        assert versions(seen) == [*range(1, 64), *range(1, 8)]

    async def test_what_is_loaded_at_once_is_bounded_in_bytes(self, journal: Journal) -> None:
        """The first of the streams are loaded, at least one; the others when they are asked for again."""
        streams = [("Account", f"a{number}") for number in range(10)]
        for _, id in streams:
            await scan(journal, id, 14)
        left = [*streams, ("Account", "nobody")]
        found: list[Loaded] = []

        while left:
            loaded = await journal.load(left, CODE)
            assert loaded
            assert loaded_bytes(loaded) <= MAX_HELD
            found += loaded
            left = left[len(loaded) :]

        for (_, id), one in zip(streams, found, strict=False):
            end = one.events[-1].version
            rest = [] if one.is_complete else await journal.read(EventRange("Account", id, after=end))
            assert versions([*one.events, *rest]) == list(range(1, 15))
        assert found[-1] == Loaded(None, 0, [], True)

    async def test_one_stream_of_any_length_is_loaded_by_its_first_page(self, journal: Journal) -> None:
        """The rest is read page by page."""
        await scan(journal, "a", 70)

        [loaded] = await journal.load([("Account", "a")], CODE)

        assert loaded_bytes([loaded]) <= MAX_IN_A_PAGE
        assert not loaded.is_complete
        assert versions(loaded.events) == list(range(1, len(loaded.events) + 1))

    async def test_a_snapshot_is_held_once_however_many_events_follow_it(self, journal: Journal) -> None:
        """Snapshots count among the bytes of what is loaded at once."""
        streams = [("Account", f"a{number}") for number in range(130)]
        state = b'"%s"' % incompressible(LARGE).encode()
        opened = [("Opened", 1, b"{}")] * 30
        await journal.append([Write("Account", id, 0, opened, b"{}", 7) for _, id in streams])
        for stream in streams:
            await journal.save_snapshot(*stream, Snapshot(3, 7, "code", state))
        left, found = streams, 0

        while left:
            loaded = await journal.load(left, CODE)
            assert loaded_bytes(loaded) <= MAX_HELD
            for one in loaded:
                assert one.snapshot is not None
                assert versions(one.events) == list(range(4, 31))[: len(one.events)]
                assert one.is_complete == (len(one.events) == 27)
            found += len(loaded)
            left = left[len(loaded) :]

        assert found == 130

    async def test_replies_that_are_asked_for_at_once_are_bounded_in_bytes(self, journal: Journal) -> None:
        """The first of them are given, at least one; the others when they are asked for again."""
        keys = [("Account", "a", f"k{number}") for number in range(130)]
        for _, _, key in keys:
            assert have_landed(await journal.append([large("a", 0, 0, key=key)])) == [True]
        left = [*keys, ("Account", "a", "unused")]
        sizes: list[int] = []

        while left:
            found = await journal.replies(left)
            page = [len(one.reply) if one else 0 for one in found]
            assert page
            assert sum(page) <= MAX_HELD
            sizes += page
            left = left[len(found) :]

        assert sizes == [LARGE + 2] * 130 + [0]
