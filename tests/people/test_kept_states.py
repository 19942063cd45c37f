"""Personal data of entities that keep their state alone: sealed in the newest state, and forgotten."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from actum import FORGOTTEN, App, Changed, Entity, Personal, View, command, reducer
from actum.key_services.open import new_key
from actum.testing import testing


class Profile(Entity, keeps="state", person="id"):
    email: Personal[str] = ""
    theme: str = ""

    @command
    def save(self, email: Personal[str], theme: str) -> None:
        self.email, self.theme = email, theme

    @command
    def choose(self, theme: str) -> None:
        self.theme = theme


class Child(Entity, keeps="state", person="parent"):
    parent: str = ""
    name: Personal[str] = ""

    @command
    def register(self, parent: str, name: Personal[str]) -> None:
        self.parent, self.name = parent, name


class Emails(View):
    id: str
    email: Personal[str] = ""
    theme: str = ""

    @reducer
    def changed(self, event: Changed[Profile]) -> None:
        self.email, self.theme = event.state.email, event.state.theme


app = App("profiles", entities=[Profile, Child], views=[Emails])


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACTUM_KEY", new_key())


async def test_a_kept_state_is_sealed_read_and_forgotten(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'profiles.db'}"
    async with testing(app, store=store) as t:
        await t.ctx.entity(Profile, "ann").save("ann@example.org", "dark")
        await t.ctx.entity(Profile, "bob").save("bob@example.org", "dark")
        await t.ctx.entity(Child, "c-1").register("ann", "little-one")

    assert not any(b"@example.org" in one or b"little-one" in one for one in found(tmp_path, views=False))

    async with testing(app, store=store) as t:
        await t.ctx.entity(Profile, "ann").choose("light")
        assert await t.ctx.view(Emails).get("ann") == Emails("ann", "ann@example.org", "light")
        assert (await t.ctx.state(Child, "c-1")).name == "little-one"

        await t.ctx.forget("ann")

        assert await t.ctx.view(Emails).get("ann") == Emails("ann", FORGOTTEN, "light")
        assert await t.ctx.state(Profile, "ann") == Profile(FORGOTTEN, "light")
        assert (await t.ctx.state(Child, "c-1")).name == FORGOTTEN
        assert await t.ctx.state(Profile, "bob") == Profile("bob@example.org", "dark")
        await t.ctx.entity(Profile, "ann").choose("plain")
        assert await t.ctx.state(Profile, "ann") == Profile(FORGOTTEN, "plain")

    assert not any(b"ann@example.org" in one or b"little-one" in one for one in found(tmp_path))


def found(folder: Path, *, views: bool = True) -> list[bytes]:
    """Gives what is in the files; without views, the payloads of events alone."""
    if views:
        return [path.read_bytes() for path in folder.iterdir()]
    with closing(sqlite3.connect(next(folder.glob("*.db")))) as connection:
        return [bytes(payload) for (payload,) in connection.execute("SELECT payload FROM actum_events")]
