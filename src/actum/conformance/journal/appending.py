"""The suite for appending: contiguous versions, and collisions that affect no other stream."""

import asyncio

import msgspec
import pytest

from actum.conformance.incompressible import incompressible
from actum.conformance.journal.bank import (
    amounts,
    deposit,
    follow,
    have_landed,
    load_all,
    positions,
    versions,
)
from actum.model.name import MAX_DECLARED, MAX_NAME_BYTES
from actum.ports.journal import Collided, EventRange, Journal, Landed, Snapshot, StreamListing


class Appending:
    """Events get versions from 1, and each write lands whole or not at all."""

    async def test_the_first_events_of_a_stream_have_the_versions_1_2_3(self, journal: Journal) -> None:
        """A stream's versions start at 1 and have no gaps."""
        await journal.append([deposit("a", 0, 10, 20, 30)])

        events = await journal.read(EventRange("Account", "a"))

        assert versions(events) == [1, 2, 3]
        assert amounts(events) == [10, 20, 30]

    async def test_versions_go_on_in_the_next_append(self, journal: Journal) -> None:
        """A later append continues where the previous one ended."""
        await journal.append([deposit("a", 0, 10, 20)])

        await journal.append([deposit("a", 2, 30)])

        assert versions(await journal.read(EventRange("Account", "a"))) == [1, 2, 3]

    @pytest.mark.parametrize("count", [1, 10, 11, 25, 26, 90])
    async def test_a_write_lands_with_all_its_events(self, journal: Journal, count: int) -> None:
        """No event of a long write is lost silently."""
        [outcome] = await journal.append([deposit("a", 0, *range(1, count + 1))])

        events = await journal.read(EventRange("Account", "a"))
        assert isinstance(outcome, Landed)
        assert amounts(events) == list(range(1, count + 1))
        assert outcome.position == events[-1].position

    @pytest.mark.parametrize("count", [2, 25, 101, 1_000])
    async def test_an_append_takes_many_writes(self, journal: Journal, count: int) -> None:
        """Every write of a large append lands, and outcomes come in the order of the writes."""
        outcomes = await journal.append([deposit(f"a{number}", 0, number) for number in range(count)])

        loaded = await load_all(journal, [("Account", f"a{number}") for number in range(count)])
        assert have_landed(outcomes) == [True] * count
        assert [amounts(one.events) for one in loaded] == [[number] for number in range(count)]
        assert [one.events[0].position for one in loaded] == [
            outcome.position for outcome in outcomes if isinstance(outcome, Landed)
        ]

    async def test_the_longest_names_that_can_be_declared_are_kept(self, journal: Journal) -> None:
        """A kind, an id and a key of maximal length, which cannot be compressed, land beside others."""
        kind, id, key = (
            incompressible(MAX_DECLARED),
            incompressible(MAX_NAME_BYTES),
            incompressible(MAX_NAME_BYTES),
        )
        long = msgspec.structs.replace(deposit(id, 0, 10), kind=kind, key=key, reply=b"10")
        snapshot = Snapshot(1, long.time, "f", b"{}")

        outcomes = await journal.append([deposit("a", 0, 5), long, deposit("b", 0, 7)])
        await journal.save_snapshot(kind, id, snapshot)

        assert have_landed(outcomes) == [True, True, True]
        assert amounts(await journal.read(EventRange(kind, id))) == [10]
        assert [one and one.reply for one in await journal.replies([(kind, id, key)])] == [b"10"]
        assert [one.id for one in (await journal.streams(StreamListing(kind))).items] == [id]
        assert (await journal.load([(kind, id)], {kind: "f"}))[0].snapshot == snapshot

    async def test_positions_grow_in_the_order_of_the_writes(self, journal: Journal) -> None:
        """A later write's events come after an earlier one's, within an append and over appends."""
        await journal.append([deposit("b", 0, 1, 2), deposit("a", 0, 3)])
        await journal.append([deposit("c", 0, 4)])

        found = [
            *await journal.read(EventRange("Account", "b")),
            *await journal.read(EventRange("Account", "a")),
            *await journal.read(EventRange("Account", "c")),
        ]

        assert positions(found) == sorted(set(positions(found)))
        assert found[0].position >= 1

    @pytest.mark.parametrize("expected", [0, 1, 3, 99])
    async def test_a_write_that_expects_another_version_collides(
        self, journal: Journal, expected: int
    ) -> None:
        """A stale decision, a gap and an event out of order are refused, with the actual version."""
        await journal.append([deposit("a", 0, 10, 20)])

        outcomes = await journal.append([deposit("a", expected, 99)])

        assert outcomes == [Collided(2)]
        assert amounts(await journal.read(EventRange("Account", "a"))) == [10, 20]

    @pytest.mark.parametrize("expected", [1, 7])
    async def test_a_new_stream_starts_at_its_first_version(self, journal: Journal, expected: int) -> None:
        """A stream cannot begin in the middle."""
        outcomes = await journal.append([deposit("a", expected, 99)])

        assert outcomes == [Collided(0)]
        assert await journal.read(EventRange("Account", "a")) == []

    async def test_a_collision_leaves_the_other_writes_alone(self, journal: Journal) -> None:
        """Writes before and after one that collides land as if it did not exist."""
        await journal.append([deposit("taken", 0, 1)])

        outcomes = await journal.append(
            [deposit("before", 0, 2), deposit("taken", 0, 3), deposit("after", 0, 4)]
        )

        assert have_landed(outcomes) == [True, False, True]
        assert amounts(await journal.read(EventRange("Account", "before"))) == [2]
        assert amounts(await journal.read(EventRange("Account", "taken"))) == [1]
        assert amounts(await journal.read(EventRange("Account", "after"))) == [4]

    async def test_a_collision_leaves_no_trace(self, journal: Journal) -> None:
        """Neither the head nor a listing shows a write that collided."""
        await journal.append([deposit("a", 0, 1)])
        await follow(journal, 1)
        head = await journal.head()

        await journal.append([deposit("b", 4, 2)])

        assert await journal.head() == head
        assert [info.id for info in (await journal.streams(StreamListing("Account"))).items] == ["a"]

    async def test_writes_of_one_stream_follow_each_other_in_an_append(self, journal: Journal) -> None:
        """A stream may be written several times in one append, each write based on the one before."""
        outcomes = await journal.append(
            [deposit("a", 0, 1), deposit("b", 0, 9), deposit("a", 1, 2, 3), deposit("a", 3, 4)]
        )

        assert have_landed(outcomes) == [True, True, True, True]
        assert amounts(await journal.read(EventRange("Account", "a"))) == [1, 2, 3, 4]

    async def test_what_was_decided_on_a_collided_write_collides_too(self, journal: Journal) -> None:
        """A later write of the stream collides, even if its expected version happens to be the actual one."""
        await journal.append([deposit("a", 0, 1)])

        outcomes = await journal.append([deposit("a", 0, 2), deposit("a", 1, 3), deposit("b", 0, 4)])

        assert outcomes[:2] == [Collided(1), Collided(1)]
        assert have_landed(outcomes) == [False, False, True]
        assert amounts(await journal.read(EventRange("Account", "a"))) == [1]

    async def test_a_collision_in_the_middle_stops_the_rest_of_its_stream(self, journal: Journal) -> None:
        """What landed before a collision stays; what comes after it collides with that version."""
        outcomes = await journal.append([deposit("a", 0, 1), deposit("a", 0, 2), deposit("a", 1, 3)])

        assert have_landed(outcomes) == [True, False, False]
        assert outcomes[1:] == [Collided(1), Collided(1)]
        assert amounts(await journal.read(EventRange("Account", "a"))) == [1]

    async def test_a_collision_is_forgotten_by_the_next_append(self, journal: Journal) -> None:
        """After a collision, a write that expects the actual version lands."""
        await journal.append([deposit("a", 5, 1), deposit("a", 0, 2)])

        outcomes = await journal.append([deposit("a", 0, 3)])

        assert have_landed(outcomes) == [True]
        assert amounts(await journal.read(EventRange("Account", "a"))) == [3]

    async def test_of_two_appends_at_once_one_wins(self, journal: Journal) -> None:
        """Writers that expect the same version at the same time never both land."""
        await journal.append([deposit("a", 0, 1)])

        outcomes = await asyncio.gather(*(journal.append([deposit("a", 1, 10 + n)]) for n in range(8)))

        landed = [number for number, [outcome] in enumerate(outcomes) if isinstance(outcome, Landed)]
        assert len(landed) == 1
        assert [one for number, [one] in enumerate(outcomes) if number not in landed] == [Collided(2)] * 7
        assert amounts(await journal.read(EventRange("Account", "a"))) == [1, 10 + landed[0]]

    async def test_appends_at_once_to_different_streams_all_land(self, journal: Journal) -> None:
        """Writers of different streams do not disturb each other."""
        outcomes = await asyncio.gather(
            *(journal.append([deposit(f"a{n}", 0, n), deposit(f"b{n}", 0, n)]) for n in range(20))
        )

        assert [have_landed(one) for one in outcomes] == [[True, True]] * 20

    async def test_an_empty_append_changes_nothing(self, journal: Journal) -> None:
        """No writes, no outcomes, no new head."""
        await journal.append([deposit("a", 0, 1)])
        await follow(journal, 1)
        head = await journal.head()

        assert await journal.append([]) == []
        assert await journal.head() == head

    async def test_a_journal_that_takes_writes_says_that_nothing_is_wrong(self, journal: Journal) -> None:
        """Nor do collisions mean that the store refuses writes."""
        await journal.append([deposit("a", 0, 1)])
        await journal.append([deposit("a", 0, 2)])

        assert (journal.failure, journal.refuses_writes) == (None, False)
