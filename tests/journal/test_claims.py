"""Claims at random on every store, checked against a dict; and writers in several processes that race."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from actum.conformance.journal.bank import claim, deposit, have_landed, holders, release
from actum.ports.journal import Collided, Held, Journal, Landed, Outcome, StreamListing, Write
from actum.stores.memory import MemoryJournal
from tests.journal.test_dynamodb import opened as opened_dynamodb
from tests.journal.test_postgres import opened as opened_postgres
from tests.journal.test_sqlite import open_journal as opened_sqlite

VALUES = ["v", "w", "x", "y"]
IDS = ["a", "b", "c", "d", "e"]
APPENDS = 25


class Model:
    """Who holds each value, and the versions of streams, as a dict."""

    def __init__(self) -> None:
        self.held: dict[bytes, str] = {}
        self.versions: dict[str, int] = {}

    def check(self, writes: Sequence[Write], outcomes: Sequence[Outcome]) -> None:
        """Follows the writes that landed, in order, and checks that every outcome is true at its place."""
        spoiled: set[str] = set()
        failed = {
            write.group for write, one in zip(writes, outcomes, strict=True) if not isinstance(one, Landed)
        }
        for write, outcome in zip(writes, outcomes, strict=True):
            holding = [
                holder
                for change in write.claims
                if not change.is_released
                and (holder := self.held.get(change.digest)) is not None
                and holder != write.id
            ]
            is_stale = write.expected != self.versions.get(write.id, 0) or write.id in spoiled
            if isinstance(outcome, Landed):
                assert not is_stale
                assert write.group is None or write.group not in failed
                self._land(write)
                continue
            spoiled.add(write.id)
            if isinstance(outcome, Held):
                assert not is_stale
                assert outcome.holder in holding
            elif write.group is None:
                assert is_stale, f"{write} collides without a reason"
            else:
                assert isinstance(outcome, Collided)

    def _land(self, write: Write) -> None:
        self.versions[write.id] = write.expected + 1
        for change in write.claims:
            if change.is_released:
                if self.held.get(change.digest) == write.id:
                    del self.held[change.digest]
            else:
                assert self.held.get(change.digest, write.id) == write.id
                self.held[change.digest] = write.id


def writes_of(chance: random.Random, versions: dict[str, int]) -> list[Write]:
    """Some writes that claim and release, in groups or not; a few expect a version that is not there."""
    expected = dict(versions)
    writes: list[Write] = []
    for _ in range(chance.randint(1, 7)):
        id = chance.choice(IDS)
        if chance.random() < 0.1:
            expected[id] = expected.get(id, 0) + 1
        changes = [
            chance.choice([claim, claim, release])(chance.choice(VALUES)) for _ in range(chance.randint(0, 2))
        ]
        group = chance.choice([None, None, 1, 2])
        writes.append(deposit(id, expected.get(id, 0), 1, claims=changes, group=group))
        expected[id] = expected.get(id, 0) + 1
    return writes


@pytest.fixture(params=["memory", "sqlite", "postgres", "dynamodb"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a journal of each kind is."""
    kind: str = request.param
    needs_server = kind in ("postgres", "dynamodb")
    found = request.getfixturevalue(f"{kind}_url") if needs_server else tmp_path / "claims.db"
    return f"{kind} {found}"


@pytest.fixture
async def journal(place: str) -> AsyncIterator[Journal]:
    kind, _, found = place.partition(" ")
    journal: Journal
    match kind:
        case "memory":
            journal = MemoryJournal()
        case "sqlite":
            journal = await opened_sqlite(found)
        case "postgres":
            journal = await opened_postgres(found)
        case _:
            journal = await opened_dynamodb(found)
    yield journal
    await journal.close()


@pytest.mark.parametrize("seed", range(12))
async def test_claims_at_random_are_what_a_dict_says(journal: Journal, seed: int) -> None:
    """Whatever is claimed and released, alone and in groups, and whoever is erased in between."""
    chance, model = random.Random(seed), Model()

    for _ in range(APPENDS):
        writes = writes_of(chance, model.versions)
        model.check(writes, await journal.append(writes))
        if chance.random() < 0.15:
            gone = chance.choice(IDS)
            await journal.erase("Account", gone, time=1)
            model.versions.pop(gone, None)
            model.held = {digest: holder for digest, holder in model.held.items() if holder != gone}

        found = await holders(journal, *VALUES)
        assert found == [model.held.get(claim(value).digest) for value in VALUES]


async def test_of_writers_in_several_processes_one_gets_the_value(postgres_url: str) -> None:
    """Each of four processes appends for 16 entities at once, for three values."""
    journals = [await opened_postgres(postgres_url) for _ in range(4)]
    sent = [
        journals[n % 4].append(
            [deposit(f"a{n}-{value}", 0, n, claims=[claim(value)]) for value in VALUES[:3]]
        )
        for n in range(64)
    ]

    outcomes = await asyncio.gather(*sent)

    landed = [have_landed(each) for each in outcomes]
    assert [sum(column) for column in zip(*landed, strict=True)] == [1, 1, 1]
    streams = (await journals[0].streams(StreamListing("Account"))).items
    assert sorted(info.id for info in streams) == sorted(
        str(holder) for holder in await holders(journals[1], *VALUES[:3])
    )
    assert all(isinstance(one, Landed | Held) for each in outcomes for one in each)
    for journal in journals:
        await journal.close()


async def test_values_that_go_round_between_processes_are_never_held_twice(postgres_url: str) -> None:
    """Releases and claims of the same values cross in opposite orders, and none is lost or held twice."""
    journals = [await opened_postgres(postgres_url) for _ in range(2)]
    versions = {"a": 0, "b": 0}

    async def go_round(journal: Journal, id: str, values: list[str]) -> None:
        for _ in range(40):
            for change in (claim, release):
                write = deposit(id, versions[id], 1, claims=[change(value) for value in values])
                [outcome] = await journal.append([write])
                versions[id] += isinstance(outcome, Landed)

    await asyncio.gather(go_round(journals[0], "a", ["x", "y"]), go_round(journals[1], "b", ["y", "x"]))

    assert await holders(journals[0], "x", "y") == [None, None]
    assert versions["a"] + versions["b"] > 80
    for journal in journals:
        await journal.close()
