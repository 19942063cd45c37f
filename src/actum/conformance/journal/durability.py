"""The suite for a journal that outlives its process: it continues where it was closed."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from actum.conformance.journal.bank import (
    OPENING,
    SECOND,
    amounts,
    deposit,
    fill,
    follow,
    following,
    have_landed,
    versions,
)
from actum.ports.journal import Collided, EventRange, Journal, Landed, Repeated, Snapshot, StreamListing

CODE = {"Account": "account-1"}


class Durability:
    """What landed is there when the store is opened again, and nothing else."""

    async def reopen(self, journal: Journal) -> Journal:
        """Closes the journal and opens the same store again; the suite closes what it gets."""
        raise NotImplementedError(
            f"{type(self).__name__} has no reopen: close the journal and open its store"
        )

    @asynccontextmanager
    async def _opened_again(self, journal: Journal) -> AsyncGenerator[Journal, None]:
        again = await self.reopen(journal)
        try:
            yield again
        finally:
            await again.close()

    async def test_what_landed_is_there_again(self, journal: Journal) -> None:
        """Every event comes back, field by field, in streams and in the feed."""
        await journal.append([deposit("a", 0, 1, 2), deposit("ü🏦", 0, 3, kind="Loan")])
        await fill(journal, "b", 200)
        feed = await follow(journal, 203)

        async with self._opened_again(journal) as again:
            assert await follow(again, 203) == feed
            assert await again.read(EventRange("Account", "a")) == feed[:2]
            assert await again.head() == feed[-1].position

    async def test_what_collided_stays_away(self, journal: Journal) -> None:
        """Neither a collision nor a failed group appears later."""
        await journal.append([deposit("a", 0, 1), deposit("b", 5, 2)])
        await journal.append([deposit("c", 0, 3, group=1), deposit("a", 0, 4, key="k", group=1)])

        async with self._opened_again(journal) as again:
            assert amounts(await follow(again, 1)) == [1]
            assert [info.id for info in (await again.streams(StreamListing("Account"))).items] == ["a"]
            assert await again.replies([("Account", "a", "k")]) == [None]

    async def test_versions_go_on(self, journal: Journal) -> None:
        """The next write expects the version that the stream had."""
        await fill(journal, "a", 3)

        async with self._opened_again(journal) as again:
            refused = await again.append([deposit("a", 0, 8), deposit("b", 0, 9)])
            outcomes = await again.append([deposit("a", 3, 4)])

            assert refused[0] == Collided(3)
            assert have_landed([refused[1], *outcomes]) == [True, True]
            assert versions(await again.read(EventRange("Account", "a"))) == [1, 2, 3, 4]

    async def test_positions_go_on(self, journal: Journal) -> None:
        """A reader from before the restart finds what comes after its position, and only that."""
        await fill(journal, "a", 3)
        last = (await follow(journal, 3))[-1].position

        async with self._opened_again(journal) as again:
            [outcome] = await again.append([deposit("b", 0, 50)])

            assert isinstance(outcome, Landed)
            assert outcome.position > last
            assert amounts(await follow(again, 1, after=last)) == [50]

    async def test_positions_go_on_behind_what_was_erased(self, journal: Journal) -> None:
        """The positions of erased events are not used again, however often the store is opened."""
        await journal.append([deposit("a", 0, 1), deposit("b", 0, 2, 3)])
        last = (await follow(journal, 3))[-1].position
        await journal.erase("Account", "b", time=0)

        async with self._opened_again(journal) as again:
            await again.append([deposit("b", 0, 4)])

            following = await follow(again, 2, after=last)
            assert [(event.id, event.version) for event in following] == [("b", 0), ("b", 1)]

    async def test_an_emptied_journal_goes_on_behind_what_was_erased(self, journal: Journal) -> None:
        """Even when no event is left, new positions are beyond those that readers have."""
        await fill(journal, "a", 3)
        last = (await follow(journal, 3))[-1].position
        await journal.erase("Account", "a", time=0)

        async with self._opened_again(journal) as again:
            await again.append([deposit("a", 0, 4)])

            following = await follow(again, 2, after=last)
            assert [(event.id, event.version) for event in following] == [("a", 0), ("a", 1)]

    async def test_replies_are_kept(self, journal: Journal) -> None:
        """A key still answers its call after a restart."""
        [first] = await journal.append([deposit("a", 0, 1, key="k-1", call="deposit 1", reply=b"1")])

        async with self._opened_again(journal) as again:
            [second] = await again.append([deposit("a", 1, 1, key="k-1", call="deposit 1", reply=b"2")])

            assert isinstance(first, Landed)
            assert second == Repeated("deposit 1", b"1", first.position)

    async def test_snapshots_are_kept(self, journal: Journal) -> None:
        """An entity is loaded from its snapshot after a restart."""
        await fill(journal, "a", 5)
        snapshot = Snapshot(4, OPENING, "account-1", b'{"balance":10}')
        await journal.save_snapshot("Account", "a", snapshot)

        async with self._opened_again(journal) as again:
            [loaded] = await again.load([("Account", "a")], CODE)

            assert loaded.snapshot == snapshot
            assert amounts(loaded.events) == [5]

    async def test_what_was_pruned_stays_pruned(self, journal: Journal) -> None:
        """The rest keeps its versions, and the stream its place in a listing."""
        await fill(journal, "a", 5)
        await journal.append([deposit("b", 0, 1, time=OPENING + SECOND)])
        await journal.prune("Account", "a", 3)
        listing = await journal.streams(StreamListing("Account"))

        async with self._opened_again(journal) as again:
            [loaded] = await again.load([("Account", "a")], {})

            assert (loaded.pruned, versions(loaded.events)) == (3, [4, 5])
            assert await again.streams(StreamListing("Account")) == listing
            assert have_landed(await again.append([deposit("a", 5, 6)])) == [True]

    async def test_a_page_token_outlives_a_restart(self, journal: Journal) -> None:
        """A listing that began before a restart continues after it."""
        await journal.append([deposit(f"a{n}", 0, n) for n in range(5)])
        first = await journal.streams(StreamListing("Account", limit=2))

        async with self._opened_again(journal) as again:
            second = await again.streams(following(first))

            assert [info.id for info in second.items] == ["a2", "a3"]

    async def test_an_interrupted_append_is_recognised_after_a_restart(self, journal: Journal) -> None:
        """The next process can find out whether an append landed."""
        writes = [deposit("a", 0, 1, 2), deposit("b", 0, 3)]
        outcomes = await journal.append(writes)

        async with self._opened_again(journal) as again:
            assert await again.landed(writes) == outcomes
            assert await again.landed([deposit("a", 2, 5)]) is None
