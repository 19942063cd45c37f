"""The command that rebuilds claims from the events."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from actum import Taken
from actum.cli.loading import load_app
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


async def call(id: str, *names: str) -> None:
    app = load_app("pets")
    pet = __import__("pets").Pet
    async with app.running("sqlite:///pets.db") as ctx:
        for name in names:
            await ctx.entity(pet, id).call(name)


@pytest.fixture
def pets(directory: Path) -> Path:
    (directory / "pets.py").write_text(SOURCE)
    return directory


def test_lost_claims_are_rebuilt_from_the_events(pets: Path, actum: CommandLine) -> None:
    """What was released since is not claimed again, and what is there stays."""
    asyncio.run(call("a", "rex", "max"))
    asyncio.run(call("b", "leo"))
    connection = sqlite3.connect(pets / "pets.db")
    connection.execute("DELETE FROM actum_claims WHERE id = 'a'")
    connection.commit()
    connection.close()

    done = actum("claims", "rebuild", "pets", "--store", "sqlite:///pets.db")

    assert (done.code, done.out) == (0, "claims in the events: 2\nclaims restored: 1\n")
    asyncio.run(call("b", "rex"))
    with pytest.raises(Taken):
        asyncio.run(call("b", "max"))
