"""Claims in SQLite are the same in the log, while they are merged, and in the table."""

import random
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from actum.conformance.journal.bank import claim, deposit, release
from actum.errors import Invalid
from actum.ports.journal import Held, Landed, Write
from actum.stores.sqlite.connection.file import SqliteFile
from actum.stores.sqlite.journal import claims
from actum.stores.sqlite.journal.journal import SqliteJournal
from actum.stores.sqlite.journal.statements import SCHEMA

ENTITIES = [f"a{n}" for n in range(12)]
VALUES = [f"v{n}" for n in range(80)]
STEPS = 240


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets a merge begin early and take many appends."""
    monkeypatch.setattr(claims, "MAX_RECENT", 20)
    monkeypatch.setattr(claims, "MIN_MERGED", 3)


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[SqliteJournal]:
    journal = SqliteJournal(await SqliteFile.open(str(path), [SCHEMA]))
    try:
        yield journal
    finally:
        await journal.close()


class Model:
    """What is held, and how many events each entity has."""

    def __init__(self) -> None:
        self.held: dict[str, str] = {}
        self.versions = dict.fromkeys(ENTITIES, 0)

    def write(self, chance: random.Random) -> tuple[Write, bool]:
        """Chooses a write; gives it and whether it lands."""
        id, wanted = chance.choice(ENTITIES), chance.sample(VALUES, chance.choice([1, 1, 2]))
        is_released = chance.random() < 0.3
        change = release if is_released else claim
        write = deposit(id, self.versions[id], 1, claims=[change(value) for value in wanted])
        lands = is_released or all(self.held.get(value, id) == id for value in wanted)
        if lands:
            self.versions[id] += 1
            for value in wanted:
                if is_released and self.held.get(value) == id:
                    del self.held[value]
                elif not is_released:
                    self.held[value] = id
        return write, lands


async def check(journal: SqliteJournal, model: Model) -> None:
    found = await journal.holders([("Account", "email", claim(value).digest) for value in VALUES])
    assert found == [model.held.get(value) for value in VALUES]


@pytest.mark.parametrize("seed", range(3))
async def test_every_way_through_the_log_and_the_table_says_who_holds_what(seed: int, tmp_path: Path) -> None:
    """Appends, erasures, restarts and transactions that are undone, in any order."""
    chance, model = random.Random(seed), Model()
    path = tmp_path / "store.db"
    for _ in range(4):
        async with opened(path) as journal:
            for step in range(STEPS // 4):
                write, lands = model.write(chance)
                [outcome] = await journal.append([write])
                assert isinstance(outcome, Landed if lands else Held), (seed, step)
                if chance.random() < 0.1:
                    await _hand_on(journal, model, chance)
                if chance.random() < 0.03:
                    id = chance.choice(ENTITIES)
                    await journal.erase("Account", id, time=2)
                    model.versions[id] = 0
                    model.held = {value: holder for value, holder in model.held.items() if holder != id}
                if chance.random() < 0.03:
                    await _undo(journal)
                if chance.random() < 0.1:
                    await check(journal, model)
            await check(journal, model)


async def _hand_on(journal: SqliteJournal, model: Model, chance: random.Random) -> None:
    """Has one entity release a value, and another claim it, in one append."""
    if not model.held:
        return
    value, before = chance.choice([*model.held.items()])
    after = chance.choice([id for id in ENTITIES if id != before])
    writes = [
        deposit(before, model.versions[before], 1, claims=[release(value)]),
        deposit(after, model.versions[after], 1, claims=[claim(value)]),
    ]
    assert all(isinstance(outcome, Landed) for outcome in await journal.append(writes))
    model.held[value] = after
    model.versions[before] += 1
    model.versions[after] += 1


async def _undo(journal: SqliteJournal) -> None:
    """Has an append fail after it has changed claims, so that all of it is undone."""

    def fail(*_: object) -> None:
        raise sqlite3.DataError("the disk says no")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(claims, "MAX_RECENT", 0)
        patch.setattr(claims.Claims, "_merge", fail)
        with pytest.raises(Invalid, match="says no"):
            await journal.append([deposit("z", 0, 1, claims=[claim("of nobody"), release("v2")])])


async def test_the_log_stays_short_and_the_table_gets_what_it_had(tmp_path: Path) -> None:
    async with opened(tmp_path / "store.db") as journal:
        for number in range(200):
            await journal.append([deposit("a", number, 1, claims=[claim(f"x{number}")])])

    with sqlite3.connect(tmp_path / "store.db") as connection:
        [logged] = connection.execute("SELECT count(*) FROM actum_claim_log").fetchone()
        [merged] = connection.execute("SELECT count(*) FROM actum_claim_keys").fetchone()
    connection.close()
    assert logged <= 2 * 20 + 1
    assert merged >= 200 - 2 * 20 - 1


async def test_a_stream_that_gets_the_number_of_an_erased_one_holds_nothing_of_it(tmp_path: Path) -> None:
    async with opened(tmp_path / "store.db") as journal:
        await journal.append([deposit("a", 0, 1, claims=[claim("x")])])
        await journal.erase("Account", "a", time=2)
        await journal.append([deposit("b", 0, 1), deposit("c", 0, 2, claims=[claim("x")])])

        key = ("Account", "email", claim("x").digest)
        assert await journal.holders([key]) == ["c"]


async def test_erasing_an_entity_that_has_no_events_changes_no_claims(tmp_path: Path) -> None:
    """A release of a claim that is in the table is in the log alone."""
    async with opened(tmp_path / "store.db") as journal:
        for number in range(40):
            await journal.append([deposit("a", number, 1, claims=[claim(f"x{number}")])])
        await journal.append([deposit("a", 40, 1, claims=[release("x3")])])

        await journal.erase("Account", "nobody", time=2)

    async with opened(tmp_path / "store.db") as journal:
        keys = [("Account", "email", claim(f"x{number}").digest) for number in (3, 4)]
        assert await journal.holders(keys) == [None, "a"]
