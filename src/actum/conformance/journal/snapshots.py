"""The suite for snapshots: a cache, which may be lost, but is never wrong."""

import pytest

from actum.conformance.journal.bank import OPENING, amounts, deposit, fill, follow
from actum.ports.journal import EventRange, Journal, Loaded, Snapshot, StreamListing

FINGERPRINT = "account-1"


def balance(
    version: int, amount: int, *, fingerprint: str = FINGERPRINT, time: int = OPENING + 5
) -> Snapshot:
    """Gives a snapshot of an account with that balance."""
    return Snapshot(version, time, fingerprint, b'{"balance":%d}' % amount)


async def load(journal: Journal, id: str, *, fingerprint: str = FINGERPRINT) -> Loaded:
    """Loads one account, by code with this fingerprint."""
    return (await journal.load([("Account", id)], {"Account": fingerprint}))[0]


class Snapshots:
    """Code that made a snapshot need not read the events before it."""

    async def test_a_snapshot_is_loaded_with_what_follows_it(self, journal: Journal) -> None:
        """Events up to the snapshot's version are not loaded."""
        await fill(journal, "a", 8)

        await journal.save_snapshot("Account", "a", balance(5, 15))

        loaded = await load(journal, "a")
        assert loaded.snapshot == balance(5, 15)
        assert amounts(loaded.events) == [6, 7, 8]
        assert (loaded.pruned, loaded.is_complete) == (0, True)

    async def test_a_snapshot_of_the_last_version_is_loaded_alone(self, journal: Journal) -> None:
        """No event follows it."""
        await fill(journal, "a", 4)

        await journal.save_snapshot("Account", "a", balance(4, 10))

        loaded = await load(journal, "a")
        assert loaded == Loaded(balance(4, 10), 0, [], True, loaded.first)

    async def test_a_snapshot_of_other_code_is_left_out(self, journal: Journal) -> None:
        """With another fingerprint, the whole history is loaded."""
        await fill(journal, "a", 3)
        await journal.save_snapshot("Account", "a", balance(2, 3))

        loaded = await load(journal, "a", fingerprint="account-2")

        assert loaded.snapshot is None
        assert amounts(loaded.events) == [1, 2, 3]

    async def test_without_a_fingerprint_no_snapshot_is_loaded(self, journal: Journal) -> None:
        """Without a fingerprint for its kind, only events are loaded."""
        await fill(journal, "a", 3)
        await journal.save_snapshot("Account", "a", balance(2, 3))

        [loaded] = await journal.load([("Account", "a")], {"Loan": FINGERPRINT})

        assert loaded.snapshot is None
        assert amounts(loaded.events) == [1, 2, 3]

    async def test_a_later_snapshot_takes_the_place_of_an_earlier_one(self, journal: Journal) -> None:
        """The newest snapshot is used."""
        await fill(journal, "a", 6)
        await journal.save_snapshot("Account", "a", balance(2, 3))

        await journal.save_snapshot("Account", "a", balance(5, 15))

        assert (await load(journal, "a")).snapshot == balance(5, 15)

    async def test_an_earlier_snapshot_does_not_replace_a_later_one(self, journal: Journal) -> None:
        """A snapshot that arrives late is ignored."""
        await fill(journal, "a", 6)
        await journal.save_snapshot("Account", "a", balance(5, 15))

        await journal.save_snapshot("Account", "a", balance(2, 3))

        loaded = await load(journal, "a")
        assert loaded.snapshot == balance(5, 15)
        assert amounts(loaded.events) == [6]

    async def test_changed_code_replaces_the_snapshot_of_the_old(self, journal: Journal) -> None:
        """A snapshot with another fingerprint replaces one that can no longer be read."""
        await fill(journal, "a", 6)
        await journal.save_snapshot("Account", "a", balance(3, 6))

        await journal.save_snapshot("Account", "a", balance(6, 21, fingerprint="account-2"))

        assert (await load(journal, "a", fingerprint="account-2")).events == []
        assert (await load(journal, "a")).snapshot is None

    async def test_snapshots_belong_to_their_streams(self, journal: Journal) -> None:
        """Neither another id nor another kind gets it."""
        await journal.append([deposit(id, 0, 1, 2, kind=kind) for kind in ("Account", "Loan") for id in "ab"])

        await journal.save_snapshot("Account", "a", balance(1, 1))

        loaded = await journal.load(
            [("Account", "b"), ("Loan", "a"), ("Account", "a")], {"Account": FINGERPRINT, "Loan": FINGERPRINT}
        )
        assert [one.snapshot for one in loaded] == [None, None, balance(1, 1)]

    async def test_every_kind_has_its_own_fingerprint(self, journal: Journal) -> None:
        """Streams of several kinds are loaded at once, each with the snapshot that its code can read."""
        await journal.append([deposit("a", 0, 1, 2), deposit("a", 0, 3, 4, kind="Loan")])
        await journal.save_snapshot("Account", "a", balance(1, 1, fingerprint="account-7"))
        await journal.save_snapshot("Loan", "a", balance(1, 3, fingerprint="loan-9"))

        loaded = await journal.load(
            [("Account", "a"), ("Loan", "a")], {"Account": "account-7", "Loan": "account-7"}
        )

        assert [one.snapshot is not None for one in loaded] == [True, False]
        assert [amounts(one.events) for one in loaded] == [[2], [3, 4]]

    async def test_a_snapshot_stays_the_bytes_it_was(self, journal: Journal) -> None:
        """State, version, time and fingerprint are stored exactly."""
        await fill(journal, "a", 3)
        state = b'{"b": 1.0, "a": "' + "ü🏦".encode() * 10_000 + b'"}'
        snapshot = Snapshot(3, OPENING + 123_457, "f" * 64, state)

        await journal.save_snapshot("Account", "a", snapshot)

        assert (await load(journal, "a", fingerprint="f" * 64)).snapshot == snapshot

    async def test_a_snapshot_changes_nothing_else(self, journal: Journal) -> None:
        """Events, feed, listing and head are the same with and without it."""
        await fill(journal, "a", 4)
        before = (
            await follow(journal, 4),
            await journal.read(EventRange("Account", "a")),
            await journal.streams(StreamListing("Account")),
            await journal.head(),
        )

        await journal.save_snapshot("Account", "a", balance(4, 10))

        after = (
            await journal.feed(0, 100),
            await journal.read(EventRange("Account", "a")),
            await journal.streams(StreamListing("Account")),
            await journal.head(),
        )
        assert after == before

    async def test_a_stream_goes_on_behind_its_snapshot(self, journal: Journal) -> None:
        """Events that land later follow the snapshot."""
        await fill(journal, "a", 4)
        await journal.save_snapshot("Account", "a", balance(4, 10))

        await journal.append([deposit("a", 4, 50, 60)])

        loaded = await load(journal, "a")
        assert loaded.snapshot == balance(4, 10)
        assert amounts(loaded.events) == [50, 60]

    async def test_a_long_stream_loads_by_pages_behind_its_snapshot(self, journal: Journal) -> None:
        """The first page follows the snapshot, and the rest follows the first page."""
        await fill(journal, "a", 1_500)
        await journal.save_snapshot("Account", "a", balance(120, 7_260))

        loaded = await load(journal, "a")
        rest = await journal.read(EventRange("Account", "a", after=loaded.events[-1].version))

        assert amounts([*loaded.events, *rest]) == list(range(121, 1_501))
        assert loaded.is_complete == (rest == [])

    @pytest.mark.parametrize("version", [1, 4, 100])
    async def test_a_snapshot_ahead_of_its_stream_is_not_kept(self, journal: Journal, version: int) -> None:
        """A state that has not happened, or was erased, cannot be loaded."""
        await journal.append([deposit("b", 0, 1)])
        if version > 1:
            await fill(journal, "a", 3)
        before = await load(journal, "a")

        await journal.save_snapshot("Account", "a", balance(version, 999))

        assert await load(journal, "a") == before
