"""The suite for the events of another journal, which are added as they were there."""

import pytest

from actum.conformance.journal.bank import (
    OPENING,
    SECOND,
    amounts,
    claim,
    deposit,
    follow,
    have_landed,
    holders,
    load_all,
    positions,
    versions,
)
from actum.errors import StoreError
from actum.model.deletion import deletion
from actum.model.event import Stored
from actum.ports.journal import EventRange, Journal, StreamListing
from actum.ports.transfer import JournalTransfer, Row

IDENTITY = "0123456789abcdef0123456789abcdef"
LAST = 70


def stored(position: int, id: str, version: int, *, time: int = OPENING) -> Stored:
    """Gives a deposit of as much as its position."""
    payload = b'{"amount":%d}' % position
    return Stored(position, "Account", id, version, "Deposited", 1, payload, b'{"by":"ann"}', time)


HISTORY = (
    stored(3, "a", 1),
    stored(4, "b", 1, time=OPENING + SECOND),
    stored(9, "a", 2, time=OPENING + 2 * SECOND),
    # Its first four events were pruned.
    stored(20, "c", 5, time=OPENING + 3 * SECOND),
    deletion(21, "Account", "d", OPENING + 4 * SECOND, "expired"),
    stored(22, "d", 1, time=OPENING + 5 * SECOND),
    stored(LAST, "a", 3, time=OPENING + 6 * SECOND),
)
CLAIMS = [("Account", "email", claim(value).digest, id) for value, id in (("v", "a"), ("w", "b"))]


class Restoring:
    """Restored events are read like those that were appended, and go on."""

    @pytest.fixture
    async def transfer(self, journal: Journal) -> JournalTransfer:
        """What takes events of another journal, which has begun."""
        if journal.transfer is None:
            pytest.skip("it takes nothing of another journal")
        await journal.transfer.begin(IDENTITY, LAST)
        return journal.transfer

    async def test_events_are_as_they_were_in_their_order(
        self, journal: Journal, transfer: JournalTransfer
    ) -> None:
        given = [*await transfer.restore_events(HISTORY[:4], (), ())]
        given += await transfer.restore_events(HISTORY[4:], (), ())
        await transfer.finish(LAST)

        found = await follow(journal, len(HISTORY))
        assert await journal.identity() == IDENTITY
        assert [_content(event) for event in found] == [_content(event) for event in HISTORY]
        assert positions(found) == given == sorted(given)
        if transfer.keeps_positions:
            assert given == positions(HISTORY)
        else:
            assert given[0] > LAST

    async def test_streams_go_on_at_their_versions_and_at_later_positions(
        self, journal: Journal, transfer: JournalTransfer
    ) -> None:
        given = await transfer.restore_events(HISTORY, (), ())
        await transfer.finish(LAST)

        outcomes = await journal.append(
            [
                deposit("a", 3, 1),
                deposit("b", 0, 2),
                deposit("c", 5, 3),
                deposit("d", 1, 4),
                deposit("e", 0, 5),
            ]
        )

        assert have_landed(outcomes) == [True, False, True, True, True]
        found = await follow(journal, len(HISTORY) + 4)
        assert amounts(found)[-4:] == [1, 3, 4, 5]
        assert positions(found)[-4] > given[-1]
        assert versions(await journal.read(EventRange("Account", "a"))) == [1, 2, 3, 4]
        assert versions(await journal.read(EventRange("Account", "d"))) == [1, 2]
        [pruned, whole] = await load_all(journal, [("Account", "c"), ("Account", "a")])
        assert (pruned.pruned, versions(pruned.events)) == (4, [5, 6])
        assert (whole.pruned, amounts(whole.events)) == (0, [3, 9, 70, 1])
        listed = (await journal.streams(StreamListing("Account"))).items
        assert [info.id for info in listed] == ["a", "e", "b", "c", "d"]
        assert listed[0].first_time == OPENING

    async def test_a_stream_is_erased_again_and_begins_again(
        self, journal: Journal, transfer: JournalTransfer
    ) -> None:
        await transfer.restore_events(HISTORY, (), ())
        await transfer.finish(LAST)

        erased = await journal.erase("Account", "d", time=OPENING)

        assert erased.events == 1
        assert have_landed(await journal.append([deposit("d", 0, 7)])) == [True]
        found = await follow(journal, len(HISTORY))
        assert [(event.id, event.version) for event in found][-2:] == [("d", 0), ("d", 1)]

    async def test_versions_that_leave_a_gap_are_refused(
        self, journal: Journal, transfer: JournalTransfer
    ) -> None:
        await transfer.restore_events(HISTORY[:2], (), ())

        with pytest.raises(StoreError, match="goes on at version 3"):
            await transfer.restore_events([stored(30, "a", 3)], (), ())

        await transfer.restore_events(HISTORY[2:], (), ())
        await transfer.finish(LAST)
        assert len(await follow(journal, len(HISTORY))) == len(HISTORY)

    async def test_claims_are_taken_over_and_released(
        self, journal: Journal, transfer: JournalTransfer
    ) -> None:
        await transfer.restore_events(HISTORY[:2], CLAIMS, ())
        of_b = ("Account", "email", claim("v").digest, "b")
        await transfer.restore_events(HISTORY[2:], [of_b], [CLAIMS[0], CLAIMS[1]])
        await transfer.finish(LAST)

        assert await holders(journal, "v", "w", "x") == ["b", None, None]
        assert have_landed(await journal.append([deposit("a", 3, 1, claims=[claim("w")])])) == [True]
        assert have_landed(await journal.append([deposit("a", 4, 1, claims=[claim("v")])])) == [False]

    async def test_rows_are_taken_and_given_and_stay_as_they_are(
        self, journal: Journal, transfer: JournalTransfer
    ) -> None:
        await transfer.restore_events(HISTORY, (), ())
        rows = [
            ("Account", id, f"k-{number}", "deposit", b"%d" % number, 9, number) for id, number in _keys()
        ]
        columns = transfer.columns("replies")
        assert await transfer.restore("replies", columns, rows[:4]) == 0
        assert await transfer.restore("replies", columns, rows) == 0
        await transfer.finish(LAST)

        found = await _all_rows(transfer, "replies", limit=3)
        [reply] = await journal.replies([("Account", "b", "k-5")])
        assert sorted(found) == sorted(rows)
        assert reply is not None
        assert (reply.call, reply.reply) == ("deposit", b"5")

    async def test_rows_with_columns_that_nobody_knows_are_refused(self, transfer: JournalTransfer) -> None:
        with pytest.raises(StoreError, match="has a column 'colour' in replies"):
            await transfer.restore("replies", [*transfer.columns("replies"), "colour"], [])


def _content(event: Stored) -> tuple[object, ...]:
    return (event.kind, event.id, event.version, event.type, event.payload, event.metadata, event.time)


def _keys() -> list[tuple[str, int]]:
    return [("ab"[number % 2], number) for number in range(10)]


async def _all_rows(transfer: JournalTransfer, table: str, *, limit: int) -> list[Row]:
    found: list[Row] = []
    while page := await transfer.rows(table, found[-1] if found else None, limit):
        found += page
    return found
