"""What DynamoDB cannot take is refused before any of it is sent, to its caller alone."""

from collections.abc import AsyncIterator

import pytest

from actum import Entity, Event, command, reducer
from actum.app import App
from actum.conformance.journal.bank import (
    OPENING,
    amounts,
    claim,
    deposit,
    follow,
    have_landed,
    holders,
    replies_of,
)
from actum.errors import Invalid
from actum.ports.journal import (
    Collided,
    EventRange,
    Landed,
    Refused,
    Repeated,
    Snapshot,
    StreamListing,
    Write,
)
from actum.stores.dynamodb.connection.client import DynamoTable
from actum.stores.dynamodb.journal.journal import DynamoJournal
from actum.stores.url import join


class Scanned(Event):
    content: str


class Scan(Entity):
    scans: int = 0

    @command
    def scan(self, sizes: list[int]) -> int:
        for size in sizes:
            self.emit(Scanned("x" * size))
        return self.scans

    @reducer
    def scanned(self, event: Scanned) -> None:
        self.scans += 1


app = App("scans", entities=[Scan])


@pytest.fixture
async def journal(dynamodb_table: DynamoTable) -> AsyncIterator[DynamoJournal]:
    journal = DynamoJournal(dynamodb_table)
    yield journal
    await journal.close()


def scan(id: str, size: int, *, group: int | None = None) -> Write:
    return Write("Account", id, 0, [("Scanned", 1, b"x" * size)], b"{}", OPENING, group=group)


async def test_an_event_that_fits_into_no_item_is_refused_alone(journal: DynamoJournal) -> None:
    """Other writes of the append land; what was decided on the refused one collides."""
    outcomes = await journal.append(
        [deposit("a", 0, 1), scan("b", 409_600), deposit("b", 1, 2), deposit("c", 0, 3)]
    )

    assert have_landed(outcomes) == [True, False, False, True]
    assert isinstance(outcomes[1], Refused)
    assert "409,600" in outcomes[1].why
    assert outcomes[2] == Collided(0)
    assert amounts(await follow(journal, 2)) == [1, 3]


@pytest.mark.parametrize("count", [34, 120])
async def test_a_group_of_more_than_a_hundred_items_is_refused_whole(
    journal: DynamoJournal, count: int
) -> None:
    """Not one of its writes lands, and the message says how many items there would be."""
    outcomes = await journal.append(
        [deposit("z", 0, 5), *[deposit(f"a{number}", 0, number, group=1) for number in range(count)]]
    )

    assert have_landed(outcomes) == [True] + [False] * count
    assert all(isinstance(outcome, Refused) for outcome in outcomes[1:])
    assert isinstance(outcomes[1], Refused)
    assert f"{3 * count + 1} items" in outcomes[1].why
    assert [event.id for event in await follow(journal, 1)] == ["z"]


async def test_a_group_on_streams_that_are_there_may_have_49_of_them(journal: DynamoJournal) -> None:
    """A stream that goes on takes two items, its head and its record."""
    await journal.append([deposit(f"a{number}", 0, 1) for number in range(49)])

    outcomes = await journal.append([deposit(f"a{number}", 1, number, group=1) for number in range(49)])

    assert have_landed(outcomes) == [True] * 49


async def test_claims_count_against_the_items_of_a_transaction(journal: DynamoJournal) -> None:
    """Each takes two; what does not fit is refused before anything is sent, and claims nothing."""
    most = [claim(f"{number}") for number in range(48)]

    outcomes = await journal.append(
        [deposit("a", 0, 1, claims=[*most, claim("more")]), deposit("b", 0, 2, claims=most)]
    )

    assert isinstance(outcomes[0], Refused)
    assert "events and claims of one command take 102 items" in outcomes[0].why
    assert have_landed(outcomes) == [False, True]
    assert await holders(journal, "0", "more") == ["b", None]


async def test_a_command_may_emit_thousands_of_events(journal: DynamoJournal) -> None:
    """Small events share a record, so that only their size counts."""
    [outcome] = await journal.append([deposit("a", 0, *range(5_000))])

    assert isinstance(outcome, Landed)
    assert amounts(await journal.read(EventRange("Account", "a"))) == list(range(5_000))
    assert len(await journal.feed(0, 10_000)) == 5_000


@pytest.mark.filterwarnings("ignore:Sending a large body directly:ResourceWarning")
async def test_large_events_are_spread_over_records(journal: DynamoJournal) -> None:
    """A write may be larger than an item, as long as each of its events is not."""
    events = [("Scanned", 1, b"%d" % number * 150_000) for number in range(8)]

    [outcome] = await journal.append([Write("Account", "a", 0, events, b"{}", OPENING)])

    found = await journal.read(EventRange("Account", "a"))
    backwards = await journal.read(EventRange("Account", "a", up_to=5, limit=3, reverse=True))
    assert isinstance(outcome, Landed)
    assert [event.payload for event in found] == [payload for _, _, payload in events]
    assert [event.version for event in backwards] == [5, 4, 3]
    assert await journal.feed(0, 100) == found


async def test_more_than_a_transaction_holds_is_refused(journal: DynamoJournal) -> None:
    """A command that emits more than 4 MB is told so, and nothing of it is written."""
    events = [("Scanned", 1, b"x" * 300_000)] * 14

    [outcome] = await journal.append([Write("Account", "a", 0, events, b"{}", OPENING)])

    assert isinstance(outcome, Refused)
    assert "3,900,000 bytes" in outcome.why
    assert await journal.head() == 0


async def test_a_hot_stream_with_keys_is_written_in_order_over_several_transactions(
    journal: DynamoJournal,
) -> None:
    """Replies take an item each: what does not fit into one transaction follows in the next."""
    writes = [deposit("a", number, number, key=f"k-{number}", reply=b"%d" % number) for number in range(250)]

    outcomes = await journal.append(writes)

    replies = await replies_of(journal, [("Account", "a", f"k-{number}") for number in range(250)])
    events = await follow(journal, 250)
    assert outcomes == [Landed(event.position) for event in events]
    assert amounts(events) == list(range(250))
    assert replies == [Repeated("", b"%d" % number, event.position) for number, event in enumerate(events)]


async def test_names_longer_than_a_key_of_the_service_are_kept(journal: DynamoJournal) -> None:
    """An id or a key may be as long as it likes, and stands for itself alone."""
    long, longer = "ü" * 3_000, "ü" * 3_001

    await journal.append([deposit(long, 0, 1, key=long, reply=b"1"), deposit(longer, 0, 2, key=longer)])

    [reply] = await journal.replies([("Account", long, long)])
    assert [event.id for event in await follow(journal, 2)] == [long, longer]
    assert [info.id for info in (await journal.streams(StreamListing("Account"))).items] == [long, longer]
    assert reply is not None
    assert reply.reply == b"1"
    assert (await journal.erase("Account", long, time=0)).events == 1
    assert [event.id for event in await journal.feed(0, 10)] == [longer, long]


async def test_a_snapshot_that_fits_into_no_item_is_left_out(journal: DynamoJournal) -> None:
    """The entity is read from its events instead."""
    await journal.append([deposit("a", 0, 1)])

    await journal.save_snapshot("Account", "a", Snapshot(1, OPENING, "code", b"x" * 409_600))

    [loaded] = await journal.load([("Account", "a")], {"Account": "code"})
    assert loaded.snapshot is None
    assert amounts(loaded.events) == [1]


async def test_the_caller_of_a_command_that_does_not_fit_is_told_and_others_go_on(dynamodb_url: str) -> None:
    """It is the call that has to be mended; the entity takes the next one."""
    async with app.running(dynamodb_url, database="memory:") as ctx:
        with pytest.raises(Invalid, match="keep large content elsewhere"):
            await ctx.entity(Scan, "a").scan([500_000])
        with pytest.raises(Invalid, match="in several steps"):
            await ctx.entity(Scan, "a").scan([300_000] * 14)

        assert await ctx.entity(Scan, "a").scan([100_000, 5]) == 2


async def test_an_atomic_unit_that_does_not_fit_is_refused_whole(dynamodb_url: str) -> None:
    """A unit over too many entities leaves none of them changed."""
    async with app.running(join(dynamodb_url, "memory:")) as ctx:

        async def all_of_them(unit: object) -> None:
            for number in range(40):
                await unit.entity(Scan, f"a{number}").scan([1])  # type: ignore[attr-defined]

        with pytest.raises(Invalid, match="121 items"):
            await ctx.atomic(all_of_them)

        assert await ctx.entity(Scan, "a0").scan([1]) == 1
