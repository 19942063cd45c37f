"""The suite for streams of which only the newest event is kept, in stores that can do that."""

import pytest

from actum.conformance.journal.bank import (
    OPENING,
    amounts,
    claim,
    deposit,
    follow,
    have_landed,
    load_all,
    versions,
)
from actum.errors import Unavailable
from actum.ports.journal import Collided, EventRange, Journal, Landed, Repeated, StreamListing

STREAM = ("Account", "a")


class Replacing:
    """An append removes the events before it, of the kinds that were named, and of no other."""

    @pytest.fixture
    def newest(self, journal: Journal) -> Journal:
        """A journal that keeps only the newest event of accounts."""
        if journal.why_no_states:
            pytest.skip(f"it refuses this: {journal.why_no_states}")
        journal.keep_newest(["Account"])
        return journal

    async def test_the_newest_event_is_left_and_versions_go_on(self, newest: Journal) -> None:
        await newest.append([deposit("a", 0, 1, kind="Other"), deposit("a", 0, 1)])
        await newest.append([deposit("a", 1, 2), deposit("a", 1, 2, kind="Other"), deposit("b", 0, 7)])

        outcomes = await newest.append([deposit("a", 1, 3), deposit("a", 2, 4, 5)])

        assert [type(outcome) for outcome in outcomes] == [Collided, Collided]
        assert have_landed(await newest.append([deposit("a", 2, 4, 5)])) == [True]
        [event] = await newest.read(EventRange(*STREAM))
        assert (event.version, amounts([event])) == (4, [5])
        assert versions(await newest.read(EventRange("Other", "a"))) == [1, 2]
        [loaded] = await load_all(newest, [STREAM])
        assert (loaded.pruned, loaded.events, loaded.is_complete) == (3, [event], True)
        assert amounts(await follow(newest, 4)) == [1, 2, 7, 5]

    async def test_of_several_writes_of_one_append_the_last_is_left(self, newest: Journal) -> None:
        """A group, claims and keys are written as without."""
        writes = [
            deposit("a", 0, 1),
            deposit("a", 1, 2, key="k", reply=b"2"),
            deposit("b", 0, 9, group=1),
            deposit("a", 2, 3, group=1),
            deposit("a", 3, 4, claims=[claim("x")]),
        ]

        outcomes = await newest.append(writes)

        assert have_landed(outcomes) == [True] * 5
        assert versions(await newest.read(EventRange(*STREAM))) == [4]
        assert await newest.holders([("Account", "email", claim("x").digest)]) == ["a"]
        again = await newest.append([deposit("a", 4, 2, key="k", reply=b"5")])
        assert isinstance(again[0], Repeated)
        assert [one.version for one in (await newest.streams(StreamListing("Account"))).items] == [4, 1]

    async def test_an_interrupted_append_is_recognised_by_its_last_write(self, newest: Journal) -> None:
        """Those before it were replaced by it, and landed all the same; one of another did not."""
        await newest.append([deposit("b", 0, 1)])
        writes = [deposit("a", 0, 1), deposit("a", 1, 2), deposit("b", 0, 8), deposit("a", 2, 3)]
        await newest.append(writes)

        found = await newest.landed(writes)

        assert found is not None
        assert [type(outcome) for outcome in found] == [Landed, Landed, Collided, Landed]

    async def test_an_append_that_was_replaced_since_is_not_guessed(self, newest: Journal) -> None:
        """Nothing shows whether it landed, unless its reply is stored."""
        lost, kept = deposit("a", 0, 1), deposit("b", 0, 1, key="k")
        await newest.append([lost, kept])
        await newest.append([deposit("a", 1, 2), deposit("b", 1, 2)])

        with pytest.raises(Unavailable) as caught:
            await newest.landed([lost])

        assert caught.value.is_outcome_unknown
        found = await newest.landed([kept])
        assert found is None or isinstance(found[0], Landed | Repeated)
        assert await newest.landed([deposit("a", 2, 3)]) is None

    async def test_a_stream_that_is_erased_begins_anew(self, newest: Journal) -> None:
        for version in range(3):
            await newest.append([deposit("a", version, version)])

        erased = await newest.erase(*STREAM, time=OPENING, version=3)

        assert erased.events == 1
        await newest.append([deposit("a", 0, 7)])
        assert versions(await newest.read(EventRange(*STREAM))) == [1]

    async def test_what_was_there_before_goes_with_the_next_append(self, newest: Journal) -> None:
        """As when a class has become one that keeps its state alone."""
        newest.keep_newest([])
        for version in range(40):
            await newest.append([deposit("a", version, version)])
        newest.keep_newest(["Account"])

        await newest.append([deposit("a", 40, 7)])

        assert versions(await newest.read(EventRange(*STREAM))) == [41]
        assert amounts(await follow(newest, 1)) == [7]
