"""Requests to DynamoDB that are throttled, lost or answered late: nothing is doubled, all is known (G13)."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError

from actum.conformance.journal.bank import amounts, deposit, follow
from actum.errors import StoreError, Unavailable
from actum.ports.journal import Collided, EventRange, Landed, StreamListing
from actum.stores.dynamodb.connection import client as engine
from actum.stores.dynamodb.connection.client import DynamoTable
from actum.stores.dynamodb.journal.append_transaction import AppendTransaction
from actum.stores.dynamodb.journal.journal import DynamoJournal

Failure = Callable[[], Exception]


def refusal(code: str, *reasons: str) -> Failure:
    response: Any = {"Error": {"Code": code, "Message": code}}
    if reasons:
        response["CancellationReasons"] = [{"Code": reason} for reason in reasons]
    return lambda: ClientError(response, "TransactWriteItems")


def lost() -> Exception:
    return ConnectTimeoutError(endpoint_url="http://dynamodb")


def late() -> Exception:
    return ReadTimeoutError(endpoint_url="http://dynamodb")


THROTTLED = refusal("ProvisionedThroughputExceededException")
CONFLICT = refusal("TransactionCanceledException", "None", "TransactionConflict")
IN_PROGRESS = refusal("TransactionInProgressException")
BROKEN = refusal("InternalServerError")


class FaultyClient:
    """A client whose requests of one operation fail as planned: before they are sent, or after."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.plan: deque[tuple[Failure, bool]] = deque()
        self.operation = "transact_write_items"
        self.sent = 0

    def __getattr__(self, name: str) -> Any:
        send = getattr(self._client, name)
        return self._faulty(send) if name == self.operation else send

    def fail(self, *failures: Failure, after: bool = False) -> None:
        self.plan.extend((failure, after) for failure in failures)

    def _faulty(self, send: Any) -> Any:
        async def meet(**arguments: Any) -> Any:
            failure, is_after = self.plan.popleft() if self.plan else (None, False)
            if failure is None or is_after:
                self.sent += 1
                answer = await send(**arguments)
            if failure is not None:
                raise failure()
            return answer

        return meet


@pytest.fixture(autouse=True)
def haste(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses that a test need not wait for."""
    monkeypatch.setattr(engine, "FIRST_PAUSE", 0.0005)
    monkeypatch.setattr(engine, "MAX_PAUSE", 0.005)


@pytest.fixture
async def journal(dynamodb_table: DynamoTable) -> AsyncIterator[DynamoJournal]:
    journal = DynamoJournal(dynamodb_table)
    yield journal
    await journal.close()


@pytest.fixture
def client(journal: DynamoJournal) -> FaultyClient:
    faulty = FaultyClient(journal._table.client)
    journal._table.client = faulty
    return faulty


@pytest.mark.parametrize(
    "failure",
    [THROTTLED, CONFLICT, IN_PROGRESS, BROKEN, lost],
    ids=["throttled", "conflict", "progress", "5xx", "lost"],
)
async def test_a_request_that_fails_for_a_while_is_sent_again(
    journal: DynamoJournal, client: FaultyClient, failure: Failure
) -> None:
    """Throttling, a transaction in the way, and a connection that is lost cost time and nothing else."""
    client.fail(failure, failure, failure)

    [outcome] = await journal.append([deposit("a", 0, 1)])

    assert isinstance(outcome, Landed)
    assert amounts(await follow(journal, 1)) == [1]


async def test_throttling_that_does_not_end_is_unavailable_and_nothing_landed(
    journal: DynamoJournal, client: FaultyClient
) -> None:
    """After bounded attempts the caller is told to try later, and nothing was written."""
    writes = [deposit("a", 0, 1), deposit("b", 0, 2)]
    client.fail(*[THROTTLED] * engine.MAX_ATTEMPTS)

    with pytest.raises(Unavailable, match="throttled"):
        await journal.append(writes)

    assert await journal.landed(writes) is None
    assert client.sent == 0
    assert await journal.read(EventRange("Account", "a")) == []


@pytest.mark.parametrize("times", [1, 3])
async def test_an_append_whose_answer_is_lost_lands_once_and_is_told_so(
    journal: DynamoJournal, client: FaultyClient, times: int
) -> None:
    """It happened, but said it failed: sent again it is recognised by the token in its chunk."""
    writes = [deposit("a", 0, 1, key="k", reply=b"1"), deposit("b", 0, 2)]
    client.fail(*[late] * times, after=True)

    outcomes = await journal.append(writes)

    events = await follow(journal, 2)
    assert amounts(events) == [1, 2]
    assert outcomes == [Landed(event.position) for event in events]
    assert await journal.landed(writes) == outcomes


async def test_what_became_of_an_append_is_known_though_every_answer_was_lost(
    journal: DynamoJournal, client: FaultyClient
) -> None:
    """The question is answered from what is there."""
    writes = [deposit("a", 0, 1), deposit("b", 5, 2)]
    await journal.append([deposit("b", 0, 9)])
    client.fail(late, after=True)
    client.fail(*[lost] * (engine.MAX_ATTEMPTS - 1))

    with pytest.raises(Unavailable):
        await journal.append([writes[0]])

    assert await journal.landed(writes) == [Landed((await follow(journal, 2))[1].position), Collided(1)]


async def test_a_transaction_that_arrives_after_the_question_lands_no_more(
    journal: DynamoJournal, client: FaultyClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its slot was filled by whoever asked, and the answer stays true; the same append may be sent again."""
    held, arrived = asyncio.Event(), asyncio.Event()
    real = client._client.transact_write_items

    async def hold(**arguments: Any) -> Any:
        arrived.set()
        await held.wait()
        return await real(**arguments)

    monkeypatch.setattr(client, "_client", _With(client._client, hold))
    write = deposit("a", 0, 1)
    appending = asyncio.create_task(journal._appender.send(*await _ready(journal, write)))
    await arrived.wait()

    asked = await journal.landed([write])
    held.set()

    assert asked is None
    assert await appending is None
    assert await journal.landed([write]) is None
    assert isinstance((await journal.append([write]))[0], Landed)
    assert amounts(await follow(journal, 1)) == [1]


async def test_an_append_that_is_cancelled_can_be_asked_for(
    journal: DynamoJournal, client: FaultyClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is stopped in the middle of an append leaves nothing that could land unseen."""
    arrived = asyncio.Event()
    real = client._client.transact_write_items

    async def land_and_hang(**arguments: Any) -> Any:
        await real(**arguments)
        arrived.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(client, "_client", _With(client._client, land_and_hang))
    write = deposit("a", 0, 1)
    appending = asyncio.create_task(journal.append([write]))
    await arrived.wait()
    appending.cancel()
    await asyncio.wait({appending})

    outcomes = await journal.landed([write])

    assert outcomes == [Landed((await follow(journal, 1))[0].position)]


async def test_a_part_of_an_append_that_landed_is_told_apart(
    journal: DynamoJournal, client: FaultyClient
) -> None:
    """Of several transactions some landed: what did not collides, so that it is decided anew."""
    writes = [deposit(f"a{number}", 0, number) for number in range(60)]
    client.fail(*[refusal("ValidationException")])

    with pytest.raises(StoreError):
        await journal.append(writes)
    outcomes = await journal.landed(writes)

    assert outcomes is not None
    landed = [isinstance(outcome, Landed) for outcome in outcomes]
    assert 0 < sum(landed) < 60
    assert [
        len(await journal.read(EventRange("Account", f"a{number}"))) == 1 for number in range(60)
    ] == landed
    assert len(await follow(journal, sum(landed))) == sum(landed)


async def test_reads_that_are_throttled_are_sent_again(journal: DynamoJournal, client: FaultyClient) -> None:
    """Readers bear throttling too, and give up after bounded attempts."""
    await journal.append([deposit("a", 0, 1)])
    client.operation = "query"
    client.fail(THROTTLED, BROKEN, late)
    events = await journal.read(EventRange("Account", "a"))
    client.fail(*[THROTTLED] * engine.MAX_ATTEMPTS)

    with pytest.raises(Unavailable, match="throttled"):
        await journal.read(EventRange("Account", "a"))

    assert amounts(events) == [1]


async def test_an_erasing_that_breaks_off_is_finished_by_the_next_writer(
    journal: DynamoJournal, client: FaultyClient
) -> None:
    """A stream that is half gone is gone: it is read as nothing, and may begin anew."""
    for version in range(4):
        await journal.append([deposit("a", version, version, key=f"k-{version}")])
    client.operation = "batch_write_item"
    client.fail(*[lost] * engine.MAX_ATTEMPTS)
    with pytest.raises(Unavailable):
        await journal.erase("Account", "a", time=0)

    between = (
        await journal.read(EventRange("Account", "a")),
        (await journal.streams(StreamListing("Account"))).items,
    )
    [refused] = await journal.append([deposit("a", 4, 9)])
    [outcome] = await journal.append([deposit("a", 0, 7, key="k-1")])

    assert between == ([], [])
    assert refused == Collided(0)
    assert isinstance(outcome, Landed)
    assert [event.version for event in await follow(journal, 2)] == [0, 1]
    assert amounts(await follow(journal, 2)) == [7]


class _With:
    """A client with another way of sending transactions."""

    def __init__(self, client: Any, transact: Any) -> None:
        self._client = client
        self.transact_write_items = transact

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


async def _ready(journal: DynamoJournal, write: Any) -> tuple[Any, Any]:
    [reserved] = await journal._appender.reserve(1)
    return AppendTransaction([0], [write], 0), reserved
