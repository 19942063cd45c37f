"""Persons on the command line: forgotten beside a running application and without one, and exported."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from actum import Context
from actum.app import definition_of
from actum.cli.loading import load_app
from actum.launch import run
from actum.stores.open import open_stores
from tests.cli.commands import CommandLine, Result
from tests.cli.conftest import actum, directory

__all__ = ["actum", "directory"]

NAME = "Annabel Forgettable"
SOURCE = """
from actum import App, Entity, Event, Personal, View, command, reducer

class Named(Event):
    name: Personal[str]

class Member(Entity, person="id"):
    name: Personal[str] = ""

    @command
    def call(self, name: Personal[str]) -> None:
        self.emit(Named(name))

    @reducer
    def named(self, event: Named) -> None:
        self.name = event.name

class Names(View):
    id: str
    name: Personal[str] = ""

    @reducer
    def named(self, event: Named) -> None:
        self.name = event.name

app = App("club", entities=[Member], views=[Names])
"""


@pytest.fixture
def club(directory: Path, actum: CommandLine, monkeypatch: pytest.MonkeyPatch) -> Path:
    (directory / "club.py").write_text(SOURCE)
    made = actum("keys", "new")
    assert made.code == 0
    monkeypatch.setenv("ACTUM_KEY", made.out.strip())
    return directory


async def fill() -> None:
    app = load_app("club")
    member = __import__("club").Member
    async with app.running("sqlite:///club.db") as ctx:
        await ctx.entity(member, "ann").call(NAME)
        await ctx.view(__import__("club").Names).get("ann")


async def stored(folder: Path) -> bytes:
    return await asyncio.to_thread(lambda: b"".join(path.read_bytes() for path in folder.glob("club.db*")))


async def test_a_person_is_exported_and_forgotten_while_nothing_runs(club: Path, actum: CommandLine) -> None:
    """No plaintext is left in the file, and the views are filled again at the next start."""
    await fill()
    assert NAME.encode() in await stored(club)

    exported = await off_loop(actum, "export-person", "club", "ann", "--by", "eve")
    shown = await off_loop(actum, "entity", "club", "Member", "ann", "--json")
    rotated = await off_loop(actum, "keys", "rotate", "club")
    forgotten = await off_loop(actum, "forget", "club", "ann")

    assert msgspec.json.decode(exported.out)["events"][0]["content"] == {"name": NAME}
    assert shown.lines[0]["state"] == {"name": NAME}
    assert rotated.out == "keys of persons sealed anew: 1\n"
    assert forgotten.out == ("persons forgotten: 1\nemptied, and filled again at the next start: names\n"), (
        forgotten.err
    )
    assert NAME.encode() not in await stored(club)
    assert (await off_loop(actum, "export-person", "club", "ann")).code == 1
    audited = await off_loop(actum, "audit", "club", "--json")
    acts = [(act["action"], act["target"], act["state"]) for act in audited.lines]
    assert acts == [
        ("forget", "1 person", "done"),
        ("keys rotate", "", "done"),
        ("export-person", "1 person", "done"),
    ]
    assert [act["by"] for act in audited.lines][-1] == "eve"
    assert "ann" not in audited.out
    app, module = load_app("club"), __import__("club")
    async with app.running("sqlite:///club.db") as ctx:
        async with asyncio.timeout(30):
            while (row := await ctx.view(module.Names).get("ann")) is None:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert str(row.name) == "(forgotten)"


async def test_the_process_that_runs_forgets_when_it_is_asked(club: Path, actum: CommandLine) -> None:
    """The command waits for it; without ACTUM_KEY too, since it reads nothing."""
    await fill()
    app, module = load_app("club"), __import__("club")
    async with run(definition_of(app), store="sqlite:///club.db") as node:
        ctx = Context(node.services)

        forgotten = await off_loop(actum, "forget", "club", "ann", "nobody")

        assert (forgotten.code, forgotten.out) == (0, "persons forgotten: 2\n"), forgotten.err
        (act,) = (await off_loop(actum, "audit", "club", "--json")).lines
        assert (act["action"], act["target"], act["state"]) == ("forget", "2 persons", "done")
        row = await ctx.view(module.Names).get("ann")
        assert str(row.name) == "(forgotten)"
        assert NAME.encode() not in await stored(club)
    async with open_stores("sqlite:///club.db") as stores:
        assert stores.journal.person_keys is not None
        assert all(one.is_done for one in await stores.journal.person_keys.forgettings())


async def off_loop(actum: CommandLine, *arguments: str) -> Result:
    """Runs a command line, which has an event loop of its own, in a thread."""
    return await asyncio.to_thread(actum, *arguments)
