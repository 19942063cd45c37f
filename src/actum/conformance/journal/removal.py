"""The suite for pruning and erasing: what is removed is gone everywhere, and nothing else is."""

import asyncio
from typing import Any

import pytest

from actum.conformance.journal.bank import (
    OPENING,
    SECOND,
    amounts,
    claim,
    deposit,
    erase,
    fill,
    follow,
    following,
    have_landed,
    positions,
    versions,
)
from actum.model.deletion import DELETED, deletion
from actum.ports.journal import (
    Collided,
    Erased,
    EventRange,
    Journal,
    Landed,
    Loaded,
    Snapshot,
    StreamInfo,
    StreamListing,
)

CODE = {"Account": "account-1"}


def balance(version: int) -> Snapshot:
    """Gives a snapshot of an account at that version."""
    return Snapshot(version, OPENING, "account-1", b'{"balance":7}')


class Pruning:
    """The beginning of a stream may be removed; its versions continue."""

    async def test_pruning_removes_events_up_to_a_version(self, journal: Journal) -> None:
        """The given version is removed too, and what follows does not change."""
        await fill(journal, "a", 6)
        before = await journal.read(EventRange("Account", "a", after=4))

        removed = await journal.prune("Account", "a", 4)

        assert removed == 4
        assert await journal.read(EventRange("Account", "a")) == before
        assert versions(before) == [5, 6]

    @pytest.mark.parametrize("up_to", [5, 6, 99])
    async def test_the_last_event_is_never_pruned(self, journal: Journal, up_to: int) -> None:
        """A stream keeps at least one event, and with it its version."""
        await fill(journal, "a", 6)

        removed = await journal.prune("Account", "a", up_to)

        assert removed == 5
        assert versions(await journal.read(EventRange("Account", "a"))) == [6]

    @pytest.mark.parametrize(("id", "up_to"), [("missing", 3), ("a", 0), ("a", -1), ("single", 1)])
    async def test_where_nothing_can_be_pruned_nothing_is(
        self, journal: Journal, id: str, up_to: int
    ) -> None:
        """For a missing stream, no version or a single event, 0 are removed."""
        await fill(journal, "a", 3)
        await fill(journal, "single", 1)

        assert await journal.prune("Account", id, up_to) == 0
        assert len(await follow(journal, 4)) == 4

    async def test_a_stream_may_be_pruned_again(self, journal: Journal) -> None:
        """Each time, only existing events are removed and counted."""
        await fill(journal, "a", 10)

        removed = [await journal.prune("Account", "a", up_to) for up_to in (3, 3, 2, 7)]

        [loaded] = await journal.load([("Account", "a")], {})
        assert removed == [3, 0, 0, 4]
        assert (loaded.pruned, versions(loaded.events)) == (7, [8, 9, 10])

    async def test_versions_go_on_after_pruning(self, journal: Journal) -> None:
        """The next write expects the version that the stream had."""
        await fill(journal, "a", 5)
        await journal.prune("Account", "a", 4)

        outcomes = [(await journal.append([deposit("a", expected, 60)]))[0] for expected in (1, 0, 5)]

        assert outcomes[:2] == [Collided(5), Collided(5)]
        assert isinstance(outcomes[2], Landed)
        assert versions(await journal.read(EventRange("Account", "a"))) == [5, 6]

    async def test_a_load_says_what_was_pruned(self, journal: Journal) -> None:
        """The first version of the remaining events is known."""
        await fill(journal, "a", 5)

        await journal.prune("Account", "a", 3)

        [loaded] = await journal.load([("Account", "a")], {})
        assert loaded == Loaded(None, 3, await journal.read(EventRange("Account", "a")), True, loaded.first)

    @pytest.mark.parametrize(
        ("after", "up_to", "limit", "reverse", "expected"),
        [
            (0, None, None, False, [5, 6, 7, 8, 9]),
            (2, 6, None, False, [5, 6]),
            (0, 4, None, False, []),
            (6, None, 2, False, [7, 8]),
            (0, None, 2, False, [5, 6]),
            (0, 7, 2, True, [7, 6]),
            (3, 5, 9, True, [5]),
        ],
    )
    async def test_a_pruned_stream_is_read_by_its_versions(
        self,
        journal: Journal,
        *,
        after: int,
        up_to: int | None,
        limit: int | None,
        reverse: bool,
        expected: list[int],
    ) -> None:
        """Removed versions are left out; the others keep their numbers."""
        await fill(journal, "a", 9)
        await journal.prune("Account", "a", 4)

        events = await journal.read(
            EventRange("Account", "a", after=after, up_to=up_to, limit=limit, reverse=reverse)
        )

        assert versions(events) == expected
        assert amounts(events) == expected

    async def test_a_long_stream_is_pruned(self, journal: Journal) -> None:
        """However many events are removed, the rest is complete."""
        await fill(journal, "a", 1_300)

        removed = await journal.prune("Account", "a", 1_250)

        assert removed == 1_250
        assert amounts(await journal.read(EventRange("Account", "a"))) == list(range(1_251, 1_301))

    async def test_a_pruned_stream_keeps_its_place_in_a_listing(self, journal: Journal) -> None:
        """It is listed by the first event it ever had, with that event's time."""
        await journal.append([deposit(f"a{n}", 0, 1, 2, 3, time=OPENING + n * SECOND) for n in range(3)])
        await journal.append([deposit("a0", 3, 4, time=OPENING + 50 * SECOND)])
        before = await journal.streams(StreamListing("Account"))

        await journal.prune("Account", "a0", 3)
        await journal.prune("Account", "a1", 2)

        page = await journal.streams(StreamListing("Account", limit=1))
        second = await journal.streams(following(page))
        assert await journal.streams(StreamListing("Account")) == before
        assert page.items == [StreamInfo("a0", 4, OPENING, OPENING + 50 * SECOND)]
        assert second.items == [StreamInfo("a1", 3, OPENING + SECOND, OPENING + SECOND)]

    async def test_pruned_events_leave_the_feed(self, journal: Journal) -> None:
        """A new reader gets the remaining events, at their old positions."""
        await journal.append([deposit("a", 0, 1, 2), deposit("b", 0, 3), deposit("a", 2, 4)])
        before = await follow(journal, 4)

        await journal.prune("Account", "a", 2)

        assert await journal.feed(0, 10) == before[2:]

    async def test_pruning_keeps_replies(self, journal: Journal) -> None:
        """A key is answered although the events of its call were removed."""
        await journal.append([deposit("a", 0, 1, key="k-1", reply=b"1"), deposit("a", 1, 2)])
        before = await journal.replies([("Account", "a", "k-1")])

        await journal.prune("Account", "a", 1)

        assert await journal.replies([("Account", "a", "k-1")]) == before
        assert await journal.append([deposit("a", 0, 1, key="k-1")]) == before

    @pytest.mark.parametrize("version", [1, 3, 5])
    async def test_pruning_removes_the_snapshot(self, journal: Journal, version: int) -> None:
        """A snapshot of any version holds what the removed events said, and is removed too."""
        await fill(journal, "a", 5)
        await journal.save_snapshot("Account", "a", balance(version))

        await journal.prune("Account", "a", 3)

        [loaded] = await journal.load([("Account", "a")], CODE)
        assert loaded.snapshot is None
        assert versions(loaded.events) == [4, 5]

    async def test_a_snapshot_of_pruned_events_comes_too_late(self, journal: Journal) -> None:
        """A snapshot of a removed version is not stored; one of a later version is."""
        await fill(journal, "a", 5)
        await journal.prune("Account", "a", 3)

        await journal.save_snapshot("Account", "a", balance(2))
        [without] = await journal.load([("Account", "a")], CODE)
        await journal.save_snapshot("Account", "a", balance(5))
        [loaded] = await journal.load([("Account", "a")], CODE)

        assert without.snapshot is None
        assert loaded == Loaded(balance(5), 3, [], True, loaded.first)


class Erasing:
    """A stream may be erased, and the feed shows it."""

    looks_at_first_events = False

    async def test_an_erased_stream_is_gone(self, journal: Journal) -> None:
        """No event, snapshot, reply or listing shows it any more."""
        await journal.append([deposit("a", 0, 1, 2, key="k-1"), deposit("b", 0, 3)])
        await journal.save_snapshot("Account", "a", balance(2))

        removed = await erase(journal, "a")

        assert removed == 2
        assert await journal.read(EventRange("Account", "a")) == []
        assert await journal.load([("Account", "a")], CODE) == [Loaded(None, 0, [], True)]
        assert await journal.replies([("Account", "a", "k-1")]) == [None]
        assert [info.id for info in (await journal.streams(StreamListing("Account"))).items] == ["b"]
        assert [event.id for event in await follow(journal, 2)] == ["b", "a"]
        assert [fact.type for fact in await follow(journal, 2)] == ["Deposited", DELETED]

    async def test_a_missing_stream_cannot_be_erased(self, journal: Journal) -> None:
        """Erasing a missing stream removes 0 events."""
        await fill(journal, "a", 2)

        assert await erase(journal, "b") == 0
        assert await erase(journal, "a", kind="Loan") == 0
        assert len(await follow(journal, 2)) == 2

    async def test_erasing_leaves_other_streams_alone(self, journal: Journal) -> None:
        """Neither the same id of another kind nor a similar id is affected."""
        await journal.append(
            [
                deposit("a", 0, 1, key="k"),
                deposit("ab", 0, 2, key="k"),
                deposit("a", 0, 3, kind="Loan", key="k"),
            ]
        )
        await journal.save_snapshot("Account", "ab", balance(1))

        await erase(journal, "a")

        keys = [("Account", "ab", "k"), ("Loan", "a", "k")]
        assert amounts((await follow(journal, 3))[:2]) == [2, 3]
        assert [reply is not None for reply in await journal.replies(keys)] == [True, True]
        assert (await journal.load([("Account", "ab")], CODE))[0].snapshot == balance(1)

    async def test_an_erased_stream_may_begin_anew(self, journal: Journal) -> None:
        """Its versions start at 1, it is listed by its new first event, and its keys are free."""
        await journal.append([deposit("a", 0, 1, 2, 3, key="k-1", time=OPENING), deposit("b", 0, 4)])
        await erase(journal, "a")

        refused = await journal.append([deposit("a", 3, 5)])
        outcomes = await journal.append([deposit("a", 0, 6, key="k-1", time=OPENING + 9 * SECOND)])

        assert refused == [Collided(0)]
        assert have_landed(outcomes) == [True]
        assert versions(await journal.read(EventRange("Account", "a"))) == [1]
        assert [info.id for info in (await journal.streams(StreamListing("Account"))).items] == ["b", "a"]

    async def test_a_pruned_stream_may_be_erased_and_begin_anew(self, journal: Journal) -> None:
        """No trace of the pruning remains."""
        await fill(journal, "a", 4)
        await journal.prune("Account", "a", 3)

        removed = await erase(journal, "a")
        await journal.append([deposit("a", 0, 9)])

        assert removed == 1
        [loaded] = await journal.load([("Account", "a")], {})
        assert (loaded.pruned, amounts(loaded.events)) == (0, [9])

    async def test_positions_of_erased_events_are_never_used_again(self, journal: Journal) -> None:
        """A reader that has seen the newest event finds what comes after it, although it is erased."""
        await journal.append([deposit("a", 0, 1), deposit("b", 0, 2, 3)])
        seen = await follow(journal, 3)

        await erase(journal, "b")
        await journal.append([deposit("b", 0, 4), deposit("c", 0, 5)])

        following = await follow(journal, 3, after=seen[-1].position)
        assert amounts(following[1:]) == [4, 5]
        assert min(positions(following)) > max(positions(seen))

    async def test_the_head_is_that_it_was_erased(self, journal: Journal) -> None:
        """When the newest events are erased, a reader can still reach the head."""
        await journal.append([deposit("a", 0, 1), deposit("b", 0, 2)])
        await follow(journal, 2)

        erased = await journal.erase("Account", "b", time=OPENING)

        await follow(journal, 2)
        assert await journal.head() == erased.position

    async def test_a_call_without_events_lands_where_readers_can_come(self, journal: Journal) -> None:
        """No outcome has the position of an event that was erased."""
        await journal.append([deposit("a", 0, 1), deposit("b", 0, 2)])
        await follow(journal, 2)
        await erase(journal, "b")
        await follow(journal, 2)

        [outcome] = await journal.append([deposit("a", 1, key="k-1")])

        assert isinstance(outcome, Landed)
        assert outcome.position == await journal.head()

    async def test_an_old_snapshot_does_not_bring_an_erased_stream_back(self, journal: Journal) -> None:
        """A snapshot that was being saved when its stream was erased is not stored."""
        await fill(journal, "a", 5)
        await erase(journal, "a")

        await journal.save_snapshot("Account", "a", balance(5))

        assert await journal.load([("Account", "a")], CODE) == [Loaded(None, 0, [], True)]

    @pytest.mark.parametrize(
        ("amounts", "options"),
        [
            ((7,), {}),
            ((), {}),
            ((7,), {"key": "k-1"}),
            ((), {"key": "k-1"}),
            ((7,), {"group": 1}),
            ((), {"group": 1}),
            ((7,), {"claims": [claim("a@x")]}),
        ],
        ids=["events", "none", "key", "key alone", "group", "group of none", "claim"],
    )
    async def test_what_was_decided_before_an_erasure_does_not_land_after_it(
        self, journal: Journal, amounts: tuple[int, ...], options: dict[str, Any]
    ) -> None:
        """Also where the stream has begun anew and is at the same version, if other processes may write."""
        await fill(journal, "a", 3)
        await fill(journal, "b", 1)
        [before] = await journal.load([("Account", "a")], {})
        await erase(journal, "a")
        await fill(journal, "a", 3)
        [after] = await journal.load([("Account", "a")], {})

        old = deposit("a", 3, *amounts, **options)
        old.first = before.first
        assert after.first == (after.events[0].position if self.looks_at_first_events else 0)
        if not self.looks_at_first_events:
            return
        outcomes = await journal.append([old, deposit("b", 1, 8)])
        new = deposit("a", 3, *amounts, **options)
        new.first = after.first
        again = await journal.append([new])

        assert outcomes[0] == Collided(0)
        assert have_landed([outcomes[1], *again]) == [True, True]

    async def test_a_long_stream_is_erased(self, journal: Journal) -> None:
        """However long it was, no event remains."""
        await fill(journal, "a", 1_300)
        await fill(journal, "b", 2)

        removed = await erase(journal, "a")

        assert removed == 1_300
        assert [event.id for event in await follow(journal, 3, limit=2_000)] == ["b", "b", "a"]

    async def test_the_feed_shows_an_erasure(self, journal: Journal) -> None:
        """A reader finds, beyond all it has seen, that the stream is gone, and no other event of it."""
        await journal.append([deposit("a", 0, 1, 2), deposit("b", 0, 3)])
        seen = await follow(journal, 3)

        erased = await journal.erase("Account", "a", time=OPENING + SECOND)

        fact = deletion(erased.position, "Account", "a", OPENING + SECOND)
        assert erased.events == 2
        assert erased.position > max(positions(seen))
        assert await follow(journal, 1, after=seen[-1].position) == [fact]
        assert await follow(journal, 2) == [seen[2], fact]

    async def test_a_reader_is_woken_by_an_erasure(self, journal: Journal) -> None:
        """A reader that waits beyond the newest event is woken, and needs no other event."""
        await fill(journal, "a", 2)
        last = (await follow(journal, 2))[-1].position
        waiting = asyncio.create_task(follow(journal, 1, after=last))

        erased = await journal.erase("Account", "a", time=OPENING)

        assert positions(await waiting) == [erased.position]

    async def test_the_feed_shows_erasures_one_by_one(self, journal: Journal) -> None:
        """However few are read at a time, none is skipped, and none is read twice."""
        for id in ("a", "b", "c"):
            await fill(journal, id, 2)
        for id in ("a", "c"):
            await erase(journal, id)
        await fill(journal, "d", 1)

        seen = await follow(journal, 5, limit=1)

        assert [(event.id, event.version) for event in seen] == [
            ("b", 1),
            ("b", 2),
            ("a", 0),
            ("c", 0),
            ("d", 1),
        ]
        assert positions(seen) == sorted(set(positions(seen)))

    async def test_what_begins_anew_comes_behind_its_erasure(self, journal: Journal) -> None:
        """A reader sees the `Deleted` of the old stream before the first event of the new one."""
        await fill(journal, "a", 2)
        await erase(journal, "a")

        await fill(journal, "a", 2)

        assert [event.version for event in await follow(journal, 3)] == [0, 1, 2]
        assert versions(await journal.read(EventRange("Account", "a"))) == [1, 2]

    async def test_only_the_last_erasure_of_a_stream_is_kept(self, journal: Journal) -> None:
        """What came before is gone, so that a reader from the beginning needs no other."""
        await fill(journal, "a", 2)
        await erase(journal, "a")
        await fill(journal, "a", 3)
        await fill(journal, "b", 1)

        last = await journal.erase("Account", "a", time=OPENING + SECOND)

        assert last.events == 3
        assert [(event.id, event.version) for event in await follow(journal, 2)] == [("b", 1), ("a", 0)]

    async def test_erasing_again_says_where_it_was_erased(self, journal: Journal) -> None:
        """Nothing is added, and a caller that lost the first answer gets the same position."""
        await fill(journal, "a", 2)
        first = await journal.erase("Account", "a", time=OPENING)

        again = await journal.erase("Account", "a", time=OPENING + SECOND)

        assert again == Erased(0, first.position)
        assert len(await follow(journal, 1)) == 1

    async def test_an_erasure_that_was_interrupted_spares_what_has_come_since(self, journal: Journal) -> None:
        """It is called again with the head from before; a stream that began after it stays."""
        await fill(journal, "a", 2)
        [*_, newest] = await follow(journal, 2)
        first = await journal.erase("Account", "a", time=OPENING, since=newest.position)
        await fill(journal, "a", 1)

        again = await journal.erase("Account", "a", time=OPENING, since=newest.position)
        anew = await journal.erase("Account", "a", time=OPENING, since=first.position)

        assert (first.events, again) == (2, Erased(0, first.position))
        assert anew.events == 1

    async def test_the_feed_says_why_a_stream_was_erased(self, journal: Journal) -> None:
        """As the caller said it, whatever characters are in it; the last reason counts."""
        await fill(journal, "a", 2)
        first = await journal.erase("Account", "a", time=OPENING, why="first")
        [seen] = await follow(journal, 1)
        await fill(journal, "a", 1)

        last = await journal.erase("Account", "a", time=OPENING + SECOND, why='it\'s "ü" 🙂')

        assert seen == deletion(first.position, "Account", "a", OPENING, "first")
        fact = deletion(last.position, "Account", "a", OPENING + SECOND, 'it\'s "ü" 🙂')
        assert await follow(journal, 1) == [fact]

    async def test_a_stream_is_erased_at_the_version_that_was_asked_for(self, journal: Journal) -> None:
        """What was written meanwhile is spared, and the answer says where it was erased before, if ever."""
        await fill(journal, "a", 2)

        earlier = await journal.erase("Account", "a", time=OPENING, version=1)
        later = await journal.erase("Account", "a", time=OPENING, version=3)
        none = await journal.erase("Account", "b", time=OPENING, version=1)
        erased = await journal.erase("Account", "a", time=OPENING, version=2)
        await fill(journal, "a", 2)
        spared = await journal.erase("Account", "a", time=OPENING, version=0)

        assert (earlier, later, none) == (Erased(0, 0), Erased(0, 0), Erased(0, 0))
        assert (erased.events, spared) == (2, Erased(0, erased.position))
        assert [event.version for event in await follow(journal, 3)] == [0, 1, 2]

    async def test_an_erasure_is_no_event_of_the_stream(self, journal: Journal) -> None:
        """Pruning counts versions from 1, and leaves the `Deleted` in the feed."""
        await fill(journal, "a", 1)
        await erase(journal, "a")
        await fill(journal, "a", 5)

        removed = await journal.prune("Account", "a", 3)

        assert removed == 3
        assert [event.version for event in await follow(journal, 3)] == [0, 4, 5]

    async def test_a_snapshot_of_another_life_comes_too_late(self, journal: Journal) -> None:
        """It was being saved when its stream was erased, and the new stream is already as long."""
        await fill(journal, "a", 5)
        await erase(journal, "a")
        await journal.append([deposit("a", 0, 1, 2, 3, 4, 5, time=OPENING + 9 * SECOND)])

        await journal.save_snapshot("Account", "a", balance(5))

        assert (await journal.load([("Account", "a")], CODE))[0].snapshot is None
