"""The command that rebuilds claims from the events."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from actum import Taken
from actum.cli.loading import load_app
from actum.stores.dynamodb.connection.client import DynamoTable, key_of
from actum.stores.postgres.connection.pool import PostgresPool
from actum.stores.url import join
from tests.cli.commands import CommandLine

SOURCE = """
from actum import App, Entity, Event, command, reducer

class Named(Event):
    name: str

class Pet(Entity):
    name: str = ""

    @command
    def call(self, name: str) -> None:
        self.release("name", self.name)
        self.claim("name", name)
        self.emit(Named(name))

    @reducer
    def named(self, event: Named) -> None:
        self.name = event.name

app = App("pets", entities=[Pet])
"""


async def call(url: str, id: str, *names: str) -> None:
    app = load_app("pets")
    pet = __import__("pets").Pet
    async with app.running(url) as ctx:
        for name in names:
            await ctx.entity(pet, id).call(name)


@pytest.fixture
def pets(directory: Path) -> Path:
    (directory / "pets.py").write_text(SOURCE)
    return directory


@pytest.fixture(params=["sqlite", "postgres", "dynamodb"])
def url(request: pytest.FixtureRequest) -> str:
    """A store of each kind that keeps claims in tables of its own."""
    match request.param:
        case "sqlite":
            return "sqlite:///pets.db"
        case "postgres":
            found: str = request.getfixturevalue("postgres_url")
            return found
        case _:
            return join(request.getfixturevalue("dynamodb_url"), "sqlite:///pets.db")


async def lose_claims_of_a(url: str) -> None:
    """Takes the claims of the first pet away from the store."""
    match url.partition(":")[0]:
        case "sqlite":
            connection = sqlite3.connect("pets.db")
            connection.execute("DELETE FROM actum_claim_log WHERE holder = 1")
            connection.commit()
            connection.close()
        case "dynamodb":
            table = await DynamoTable.connect(url.partition("&database=")[0])
            lost = [item async for item in table.scan() if item["p"]["S"].startswith("claim/")]
            await table.delete_many([key_of(item) for item in lost if item["i"]["S"] == "a"])
            await table.close()
        case _:
            pool = await PostgresPool.open(url, [])
            await pool.fetch("DELETE FROM actum_claims WHERE id = 'a'")
            await pool.close()


async def test_lost_claims_are_rebuilt_from_the_events(pets: Path, actum: CommandLine, url: str) -> None:
    """What was released since is not claimed again, and what is there stays."""
    await call(url, "a", "rex", "max")
    await call(url, "b", "leo")
    await lose_claims_of_a(url)

    done = await asyncio.to_thread(actum, "claims", "rebuild", "pets", "--store", url)

    assert (done.code, done.out) == (0, "claims in the events: 2\nclaims restored: 1\n"), done.err
    await call(url, "b", "rex")
    with pytest.raises(Taken):
        await call(url, "b", "max")
