"""Views that mirror an entity with personal data: sealed at rest as the entity is, and forgotten with it."""

from pathlib import Path
from typing import Any

import pytest

from actum import FORGOTTEN, App, Entity, Event, Personal, Sealed, View, command, query, reducer
from actum.key_services.open import new_key
from actum.testing import Running, testing

SECRET = "17 Forgettable Road"
OTHER = "4 Remembered Lane"


class Moved(Event):
    street: Personal[str]
    person: str = ""


class Visited(Event):
    pass


class Resident(Entity, person="id"):
    street: Personal[str] = ""
    streets: int = 0
    visits: int = 0

    @command
    def move(self, street: Personal[str]) -> None:
        self.emit(Moved(street))

    @command
    def visit(self) -> None:
        self.emit(Visited())

    @reducer
    def moved(self, event: Moved) -> None:
        """Depends on what is personal."""
        self.streets += event.street != self.street
        self.street = event.street

    @reducer
    def visited(self, event: Visited) -> None:
        self.visits += 1


class Parcel(Entity, person="person"):
    """Belongs to a person only from its second event on."""

    person: str = ""
    street: Personal[str] = ""
    visits: int = 0

    @command
    def send(self, street: Personal[str], person: str) -> None:
        self.emit(Moved(street, person))

    @command
    def visit(self) -> None:
        self.emit(Visited())

    @reducer
    def moved(self, event: Moved) -> None:
        self.street, self.person = event.street, event.person

    @reducer
    def visited(self, event: Visited) -> None:
        self.visits += 1


class Counts(View, of=Resident, fields=["streets", "visits"]):
    """Shows nothing personal."""


class Residents(View, of=Resident):
    street: Personal[str]

    @query("SELECT id FROM residents WHERE street = :street")
    def living_in(self, street: str) -> list[str]: ...


class Hidden(View, of=Resident, fields=["street"], person="id"):
    street: Sealed[str]

    @query("SELECT street FROM hidden WHERE id = :id")
    def street_of(self, id: str) -> Sealed[str] | None: ...


class Parcels(View, of=Parcel, fields=["visits", "person"]):
    pass


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACTUM_KEY", new_key())


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty store of each technology."""
    if request.param == "memory":
        return "memory:"
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'residents.db'}"
    return str(request.getfixturevalue("postgres_store"))


def content_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()))


async def filled(t: Running) -> None:
    for id, street in (("ann", SECRET), ("bob", OTHER)):
        await t.ctx.entity(Resident, id).move("before")
        await t.ctx.entity(Resident, id).move(street)
        await t.ctx.entity(Resident, id).visit()
    await t.settle()


async def row(t: Running, view: type[View], id: str) -> Any:
    return await t.ctx.view(view).get(id)


async def test_rows_are_the_states_before_and_after_a_restart(store: str) -> None:
    """What is sealed is opened to be folded on."""
    app = App("residents", entities=[Resident], views=[Counts, Residents, Hidden])
    async with testing(app, store=store) as t:
        await filled(t)
        await t.restart() if store != "memory:" else None
        await t.ctx.entity(Resident, "ann").move(SECRET)
        await t.ctx.entity(Resident, "bob").move("somewhere else")

        assert [(await row(t, Counts, id)).streets for id in ("ann", "bob")] == [2, 3]
        assert (await row(t, Residents, "ann")).street == SECRET
        assert await t.ctx.view(Residents).living_in(SECRET) == ["ann"]
        assert await t.ctx.view(Hidden).street_of("ann") == SECRET


async def test_a_state_that_is_not_shown_is_sealed_in_the_file(tmp_path: Path) -> None:
    """A copy of the file without the keys tells nobody's street."""
    app = App("residents", entities=[Resident], views=[Counts, Hidden])
    async with testing(app, store=f"sqlite:///{tmp_path / 'residents.db'}") as t:
        await filled(t)
        assert (await row(t, Counts, "ann")).visits == 1
        written = content_of(tmp_path)
        assert b"streets" in written
        assert SECRET.encode() not in written
    written = content_of(tmp_path)
    assert SECRET.encode() not in written


async def test_a_person_is_forgotten_in_the_rows_too(store: str) -> None:
    """What is personal is marked, what was derived stays as the events give it, and others are untouched."""
    app = App("residents", entities=[Resident], views=[Counts, Residents, Hidden])
    async with testing(app, store=store) as t:
        await filled(t)
        await t.ctx.forget("ann")
        await t.ctx.entity(Resident, "ann").visit()

        state = await t.ctx.state(Resident, "ann")
        shown = await row(t, Residents, "ann")
        assert (state.street, shown.street, shown.visits) == (FORGOTTEN, FORGOTTEN, 2)
        assert (await row(t, Counts, "ann")).streets == state.streets
        assert await t.ctx.view(Hidden).street_of("ann") == FORGOTTEN
        assert (await row(t, Residents, "bob")).street == OTHER


async def test_a_state_belongs_to_somebody_once_it_holds_anything(store: str) -> None:
    async with testing(App("parcels", entities=[Parcel], views=[Parcels]), store=store) as t:
        await t.ctx.entity(Parcel, "p").visit()
        assert (await row(t, Parcels, "p")).visits == 1
        await t.ctx.entity(Parcel, "p").send(SECRET, "ann")
        await t.ctx.entity(Parcel, "p").visit()
        await t.restart() if store != "memory:" else None
        await t.settle()
        shown = await row(t, Parcels, "p")
        assert (shown.visits, shown.person) == (2, "ann")
