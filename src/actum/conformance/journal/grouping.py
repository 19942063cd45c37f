"""The suite for groups: the writes of a group land together or not at all."""

import pytest

from actum.conformance.journal.bank import amounts, deposit, follow, following, have_landed
from actum.ports.journal import Collided, EventRange, Journal, Landed, Repeated, StreamListing, Write


class Grouping:
    """A group over several streams lands whole, or leaves nothing."""

    largest_group = 50
    """The most writes that the store takes in one group."""

    async def test_a_group_lands_in_all_its_streams(self, journal: Journal) -> None:
        """Writes of one group land together."""
        outcomes = await journal.append([deposit("a", 0, 1, group=1), deposit("b", 0, 2, 3, group=1)])

        assert have_landed(outcomes) == [True, True]
        assert amounts(await journal.read(EventRange("Account", "a"))) == [1]
        assert amounts(await journal.read(EventRange("Account", "b"))) == [2, 3]

    async def test_a_group_over_two_kinds_lands_in_both(self, journal: Journal) -> None:
        """A group is not bound to one kind of stream."""
        outcomes = await journal.append(
            [deposit("a", 0, 1, group=1), deposit("a", 0, 2, kind="Loan", group=1)]
        )

        assert have_landed(outcomes) == [True, True]
        assert amounts(await journal.read(EventRange("Account", "a"))) == [1]
        assert amounts(await journal.read(EventRange("Loan", "a"))) == [2]

    async def test_a_large_group_lands(self, journal: Journal) -> None:
        """A group may be as large as the store says."""
        count = self.largest_group

        outcomes = await journal.append([deposit(f"a{n}", 0, n, group=1) for n in range(count)])

        assert have_landed(outcomes) == [True] * count
        assert len(await follow(journal, count)) == count

    @pytest.mark.parametrize("stale", [0, 1, 2])
    async def test_a_collision_in_a_group_is_the_collision_of_all(self, journal: Journal, stale: int) -> None:
        """Whichever member is stale, nothing of the group is stored, and each gets its stream's version."""
        await journal.append([deposit("a0", 0, 1), deposit("a1", 0, 1, 1), deposit("a2", 0, 1, 1, 1)])
        expected = [1, 2, 3]
        expected[stale] -= 1

        outcomes = await journal.append([deposit(f"a{n}", expected[n], 99, group=4) for n in range(3)])

        assert outcomes == [Collided(1), Collided(2), Collided(3)]
        assert amounts(await follow(journal, 6)) == [1, 1, 1, 1, 1, 1]
        assert await journal.read(EventRange("Account", "a0", after=1)) == []

    async def test_a_group_that_fails_leaves_the_other_writes_alone(self, journal: Journal) -> None:
        """Writes before, between and after the members of a failed group land."""
        outcomes = await journal.append(
            [
                deposit("before", 0, 1),
                deposit("a", 0, 2, group=1),
                deposit("between", 0, 3),
                deposit("b", 7, 4, group=1),
                deposit("after", 0, 5),
            ]
        )

        assert have_landed(outcomes) == [True, False, True, False, True]
        assert amounts(await follow(journal, 3)) == [1, 3, 5]

    async def test_groups_of_one_append_are_independent(self, journal: Journal) -> None:
        """One group lands although another fails."""
        outcomes = await journal.append(
            [
                deposit("a", 0, 1, group=1),
                deposit("b", 0, 2, group=2),
                deposit("c", 9, 3, group=1),
                deposit("d", 0, 4, group=2),
            ]
        )

        assert have_landed(outcomes) == [False, True, False, True]
        assert amounts(await follow(journal, 2)) == [2, 4]

    async def test_what_was_decided_on_a_failed_group_collides(self, journal: Journal) -> None:
        """A later write of a stream collides when the group that it follows does not land."""
        outcomes = await journal.append(
            [
                deposit("a", 0, 1, group=1),
                deposit("a", 1, 2),
                deposit("b", 5, 3, group=1),
                deposit("a", 0, 4),
            ]
        )

        assert outcomes == [Collided(0), Collided(0), Collided(0), Collided(0)]
        assert await journal.read(EventRange("Account", "a")) == []

    async def test_a_group_that_rests_on_a_failed_group_fails(self, journal: Journal) -> None:
        """A failure spreads from group to group along the streams they share, and no further."""
        outcomes = await journal.append(
            [
                deposit("a", 0, 1, group=1),
                deposit("b", 5, 2, group=1),
                deposit("a", 1, 3, group=2),
                deposit("c", 0, 4, group=2),
                deposit("c", 1, 5, group=3),
                deposit("d", 0, 6, group=3),
                deposit("e", 0, 7, group=4),
            ]
        )

        assert have_landed(outcomes) == [False, False, False, False, False, False, True]
        assert amounts(await follow(journal, 1)) == [7]

    async def test_a_failure_reaches_back_to_what_came_first(self, journal: Journal) -> None:
        """A group fails as a whole even when only its last member, in a long append, collides."""
        first = [deposit(f"a{n}", 0, n, group=1) for n in range(20)]
        alone = [deposit(f"b{n}", 0, 100 + n) for n in range(20)]

        outcomes = await journal.append([*first, *alone, deposit("late", 3, 999, group=1)])

        assert have_landed(outcomes) == [False] * 20 + [True] * 20 + [False]
        assert amounts(await follow(journal, 20)) == [100 + n for n in range(20)]

    async def test_a_group_may_write_a_stream_several_times(self, journal: Journal) -> None:
        """Members of one group may be based on each other."""
        outcomes = await journal.append(
            [deposit("a", 0, 1, group=1), deposit("b", 0, 2, group=1), deposit("a", 1, 3, group=1)]
        )

        assert have_landed(outcomes) == [True, True, True]
        assert amounts(await journal.read(EventRange("Account", "a"))) == [1, 3]

    async def test_a_group_that_failed_may_be_sent_again(self, journal: Journal) -> None:
        """With the actual versions, the same group lands."""
        await journal.append([deposit("b", 0, 1)])
        await journal.append([deposit("a", 0, 2, group=1), deposit("b", 0, 3, group=1)])

        outcomes = await journal.append([deposit("a", 0, 2, group=1), deposit("b", 1, 3, group=1)])

        assert have_landed(outcomes) == [True, True]
        assert amounts(await journal.read(EventRange("Account", "b"))) == [1, 3]

    async def test_a_group_ends_with_its_append(self, journal: Journal) -> None:
        """The same number in the next append is another group."""
        await journal.append([deposit("a", 3, 1, group=1), deposit("b", 0, 2, group=1)])

        outcomes = await journal.append([deposit("c", 0, 3, group=1)])

        assert have_landed(outcomes) == [True]

    async def test_a_failed_group_does_not_break_a_listing(self, journal: Journal) -> None:
        """Streams that a failed group would have begun are not listed, and paging continues past them."""
        await journal.append([deposit("a", 0, 1)])
        await journal.append(
            [deposit("b", 0, 2, group=1), deposit("c", 0, 3, group=1), deposit("a", 0, 4, group=1)]
        )
        await journal.append([deposit("d", 0, 5), deposit("c", 0, 6)])

        first = await journal.streams(StreamListing("Account", limit=2))
        second = await journal.streams(following(first))

        assert [info.id for info in first.items] == ["a", "d"]
        assert [info.id for info in second.items] == ["c"]
        assert second.next is None

    async def test_a_repeated_key_fails_its_group(self, journal: Journal) -> None:
        """When the key of one member was used before, it gets that reply, and the others collide."""
        await journal.append([deposit("a", 0, 1, key="k-1", reply=b"10")])

        outcomes = await journal.append(
            [deposit("b", 0, 2, group=1), deposit("a", 1, 3, key="k-1", group=1), deposit("c", 0, 4, group=1)]
        )

        assert isinstance(outcomes[1], Repeated)
        assert outcomes[1].reply == b"10"
        assert [outcomes[0], outcomes[2]] == [Collided(0), Collided(0)]
        assert amounts(await follow(journal, 1)) == [1]

    async def test_a_failed_group_keeps_no_reply(self, journal: Journal) -> None:
        """The key of a group that failed may still be used."""
        await journal.append([deposit("a", 0, 1, key="k-1", group=1), deposit("b", 4, 2, group=1)])

        kept = await journal.replies([("Account", "a", "k-1")])
        outcomes = await journal.append([deposit("a", 0, 1, key="k-1")])

        assert kept == [None]
        assert have_landed(outcomes) == [True]

    async def test_a_key_is_free_again_when_its_group_fails_in_the_same_append(
        self, journal: Journal
    ) -> None:
        """A write of another stream may use the key of a failed group."""
        outcomes = await journal.append(
            [
                deposit("a", 0, 1, key="k-1", group=1),
                deposit("b", 4, 2, group=1),
                deposit("c", 0, 3, key="k-1"),
            ]
        )

        assert have_landed(outcomes) == [False, False, True]
        assert await journal.replies([("Account", "a", "k-1")]) == [None]

    async def test_a_reply_without_events_may_belong_to_a_group(self, journal: Journal) -> None:
        """A member without events lands and fails with its group."""
        silent = Write("Account", "a", 0, [], b"{}", 5, key="k-1", reply=b'"ok"', group=1)
        await journal.append([deposit("b", 3, 1, group=1), silent])
        kept_at_first = await journal.replies([("Account", "a", "k-1")])

        [first, second] = await journal.append([deposit("b", 0, 1, group=1), silent])

        assert kept_at_first == [None]
        assert isinstance(first, Landed)
        assert second == Landed(first.position)
        assert await journal.replies([("Account", "a", "k-1")]) == [Repeated("", b'"ok"', first.position)]

    async def test_a_write_of_nothing_holds_its_stream_to_a_version(self, journal: Journal) -> None:
        """A member without events and key stores nothing, and fails the group when its stream has changed."""
        await journal.append([deposit("a", 0, 1)])
        moved, still = (Write("Account", "a", version, [], b"{}", 5, group=1) for version in (0, 1))
        unborn = Write("Account", "none", 0, [], b"{}", 5, group=1)

        overtaken = await journal.append([moved, deposit("b", 0, 2, group=1)])
        held = await journal.append([still, unborn, deposit("b", 0, 3, group=1)])

        assert have_landed(overtaken) == [False, False]
        assert have_landed(held) == [True, True, True]
        assert amounts(await journal.read(EventRange("Account", "a"))) == [1]
        assert amounts(await journal.read(EventRange("Account", "b"))) == [3]
        assert [stream.id for stream in (await journal.streams(StreamListing("Account"))).items] == ["a", "b"]
