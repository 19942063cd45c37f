"""The suite for interruptions: whether an append landed, and what a closed journal raises."""

from collections.abc import Awaitable, Callable

import pytest

from actum.conformance.journal.bank import OPENING, amounts, deposit, follow
from actum.errors import Unavailable
from actum.ports.journal import (
    Collided,
    EventRange,
    Journal,
    Landed,
    Repeated,
    Snapshot,
    StreamListing,
    Write,
)

METHODS: dict[str, Callable[[Journal], Awaitable[object]]] = {
    "append": lambda journal: journal.append([deposit("a", 1, 2)]),
    "landed": lambda journal: journal.landed([deposit("a", 0, 1)]),
    "load": lambda journal: journal.load([("Account", "a")], {}),
    "read": lambda journal: journal.read(EventRange("Account", "a")),
    "replies": lambda journal: journal.replies([("Account", "a", "k-1")]),
    "streams": lambda journal: journal.streams(StreamListing("Account")),
    "feed": lambda journal: journal.feed(0, 10),
    "head": lambda journal: journal.head(),
    "save_snapshot": lambda journal: journal.save_snapshot("Account", "a", Snapshot(1, OPENING, "f", b"{}")),
    "prune": lambda journal: journal.prune("Account", "a", 1),
    "erase": lambda journal: journal.erase("Account", "a", time=0),
    "forget_replies": lambda journal: journal.forget_replies(OPENING),
}


class Recovering:
    """The outcomes of an append can be asked for if its answer was lost."""

    async def test_what_landed_is_recognised(self, journal: Journal) -> None:
        """The answer equals the lost one."""
        writes = [deposit("a", 0, 1, 2), deposit("b", 0, 3), deposit("a", 2, 4)]
        outcomes = await journal.append(writes)

        assert await journal.landed(writes) == outcomes

    async def test_what_never_came_is_not_found(self, journal: Journal) -> None:
        """None means that it can be sent again."""
        await journal.append([deposit("a", 0, 1)])

        assert await journal.landed([deposit("a", 1, 2), deposit("b", 0, 3)]) is None
        assert await journal.landed([]) is None

    async def test_what_did_not_land_is_told_apart(self, journal: Journal) -> None:
        """Writes that collided, or repeated a key, are recognised beside those that landed."""
        await journal.append([deposit("a", 0, 1, key="k-1", call="deposit 1", reply=b"1")])
        writes = [
            deposit("b", 0, 2),
            deposit("a", 0, 9, key="k-2"),
            deposit("a", 1, 5, key="k-1", call="deposit 5"),
        ]
        await journal.append(writes)

        found = await journal.landed(writes)

        assert found is not None
        assert isinstance(found[0], Landed)
        assert found[1] == Collided(1)
        assert isinstance(found[2], Repeated)
        assert (found[2].call, found[2].reply) == ("deposit 1", b"1")

    @pytest.mark.parametrize(
        "other",
        [deposit("a", 0, 7), deposit("a", 0, 5, metadata=b'{"by":"another"}')],
        ids=["payload", "metadata"],
    )
    async def test_the_events_of_another_writer_are_not_taken_for_ones_own(
        self, journal: Journal, other: Write
    ) -> None:
        """The same stream and version are not enough to recognise a write."""
        await journal.append([other])

        assert await journal.landed([deposit("a", 0, 5)]) is None

    async def test_a_stream_that_went_on_does_not_hide_what_landed(self, journal: Journal) -> None:
        """Events that others appended meanwhile change nothing."""
        write = deposit("a", 0, 1, 2, key="k-1", reply=b"3")
        outcomes = await journal.append([write])
        await journal.append([deposit("a", 2, 3), deposit("b", 0, 4)])

        assert await journal.landed([write]) == outcomes

    async def test_a_part_of_the_events_is_not_the_write(self, journal: Journal) -> None:
        """A write is recognised only as a whole."""
        await journal.append([deposit("a", 0, 1)])

        assert await journal.landed([deposit("a", 0, 1, 2)]) is None

    async def test_a_call_without_events_is_recognised_by_its_reply(self, journal: Journal) -> None:
        """It is recognised by its key, call and reply."""
        write = Write("Account", "a", 0, [], b"{}", OPENING, "k-1", "look", b'"nothing"')
        await journal.append([write])

        found = await journal.landed([write])

        assert found is not None
        assert isinstance(found[0], Landed)

    async def test_asking_changes_nothing(self, journal: Journal) -> None:
        """Asking about an append does not write it."""
        await journal.landed([deposit("a", 0, 1, key="k-1")])

        assert await journal.replies([("Account", "a", "k-1")]) == [None]
        assert await journal.read(EventRange("Account", "a")) == []

    async def test_what_landed_cannot_land_again(self, journal: Journal) -> None:
        """The same append sent twice is refused by its versions."""
        writes = [deposit("a", 0, 1), deposit("b", 0, 2)]
        await journal.append(writes)

        outcomes = await journal.append(writes)

        assert outcomes == [Collided(1), Collided(1)]
        assert amounts(await follow(journal, 2)) == [1, 2]

    @pytest.mark.parametrize("name", METHODS)
    async def test_a_closed_journal_is_unavailable(self, journal: Journal, name: str) -> None:
        """After closing, every method raises Unavailable; none hangs, and none answers."""
        await journal.append([deposit("a", 0, 1)])
        await journal.close()

        with pytest.raises(Unavailable):
            await METHODS[name](journal)

    async def test_a_journal_may_be_closed_twice(self, journal: Journal) -> None:
        """Closing a closed journal is no error."""
        await journal.close()
        await journal.close()
