"""Sealed columns of views: stored under the key of their person, opened when selected, and nothing else."""

from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from actum import (
    FORGOTTEN,
    App,
    DefinitionError,
    Entity,
    Event,
    Personal,
    PersonId,
    Sealed,
    View,
    command,
    query,
    reducer,
)
from actum.key_services.open import new_key
from actum.model.view import view_type
from actum.operations.rebuild import rebuild_view
from actum.testing import testing
from actum.testing.application import Running

SECRET = "17 Forgettable Road"
OTHER = "4 Remembered Lane"


class Moved(Event):
    street: Personal[str]
    number: Personal[int]
    tags: Personal[dict[str, int]]
    serial: int = 0


class Resident(Entity, person="id"):
    street: Personal[str] = ""

    @command
    def move(self, street: Personal[str], serial: int = 0) -> None:
        self.emit(Moved(street, 7, {"floors": 3}, serial))

    @reducer
    def moved(self, event: Moved) -> None:
        self.street = event.street


class Numbered(Struct):
    number: Sealed[int]
    id: str


class Streets(View, person="id"):
    id: str
    moves: int = 0
    street: Sealed[str] = ""
    number: Sealed[int] = 0
    tags: Sealed[dict[str, int]] = {}  # noqa: RUF012

    @reducer
    def moved(self, event: Moved) -> None:
        self.street, self.number, self.tags = event.street, event.number, event.tags
        self.moves += 1

    @query("SELECT * FROM streets ORDER BY id LIMIT 10")
    def all(self) -> "list[Streets]": ...

    @query("SELECT s.number AS number, s.id FROM streets AS s WHERE moves > 0 AND id = :id")
    def numbered(self, id: str) -> Numbered: ...

    @query("SELECT street FROM streets WHERE id = :id")
    def street_of(self, id: str) -> Sealed[str] | None: ...

    @query("SELECT street FROM streets ORDER BY id")
    def streets(self) -> list[Sealed[str]]: ...

    @query("SELECT sum(moves) AS moves FROM streets")
    def moved_in_all(self) -> int: ...


class Owned(View, key="serial"):
    """Its rows say whose they are by a field of the type PersonId, and some have no owner."""

    serial: int
    owner: PersonId = ""
    street: Sealed[str] = ""

    @reducer(key="serial")
    def moved(self, event: Moved) -> None:
        if event.serial != 13:
            self.owner = "ann"
        self.street = event.street


app = App("streets", entities=[Resident], views=[Streets])


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACTUM_KEY", new_key())


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty store of each technology."""
    if request.param == "memory":
        return "memory:"
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'streets.db'}"
    return str(request.getfixturevalue("postgres_store"))


async def stored_rows(running: Running) -> str:
    """The rows of the view, as the store itself has them."""
    database: Any = running.node.services.database
    return repr((await database._database.ask("SELECT * FROM streets", {}, most=100)).rows)


async def filled(running: Running) -> None:
    for id, street in (("ann", SECRET), ("bob", OTHER)):
        await running.ctx.entity(Resident, id).move("before")
        await running.ctx.entity(Resident, id).move(street)
    await running.settle()


async def test_a_sealed_column_is_opened_wherever_it_is_selected(store: str) -> None:
    """In rows, in structs, alone, in lists, and by the reducers; in the store it is never plain."""
    async with testing(app, store=store) as running:
        await filled(running)
        streets = running.ctx.view(Streets)

        ann = Streets("ann", 2, SECRET, 7, {"floors": 3})
        assert await streets.all() == [ann, Streets("bob", 2, OTHER, 7, {"floors": 3})]
        assert await streets.get("ann") == ann
        assert await streets.numbered("ann") == Numbered(7, "ann")
        assert await streets.street_of("ann") == SECRET
        assert await streets.street_of("nobody") is None
        assert await streets.streets() == [SECRET, OTHER]
        assert await streets.moved_in_all() == 4
        stored = await stored_rows(running)
        assert SECRET not in stored
        assert OTHER not in stored
        assert stored.count('{"sealed":"') == 4
        await running.restart() if store != "memory:" else None
        assert await running.ctx.view(Streets).get("ann") == ann


async def test_it_is_forgotten_with_the_key_before_any_rebuild(store: str) -> None:
    """A backup without the keys reads so too; others are untouched, and a rebuild gives the same."""
    async with testing(app, store=store) as running:
        await filled(running)
        people = running.node.services.people
        assert people is not None
        before = await stored_rows(running)
        await people.keyring.forget("ann")
        await people.keyring.verify()

        ann = Streets("ann", 2, FORGOTTEN, FORGOTTEN, FORGOTTEN)
        streets = running.ctx.view(Streets)
        assert await stored_rows(running) == before
        assert await streets.all() == [ann, Streets("bob", 2, OTHER, 7, {"floors": 3})]
        assert await streets.get("ann") == ann
        assert await streets.numbered("ann") == Numbered(FORGOTTEN, "ann")
        assert await streets.street_of("ann") == FORGOTTEN
        assert await streets.streets() == [FORGOTTEN, OTHER]
        await running.ctx.forget("ann")
        assert await running.ctx.view(Streets).all() == [ann, Streets("bob", 2, OTHER, 7, {"floors": 3})]


async def test_a_row_that_belongs_to_nobody_is_set_aside_and_others_go_on(store: str) -> None:
    async with testing(App("owned", entities=[Resident], views=[Owned]), store=store) as running:
        await running.ctx.entity(Resident, "ann").move(SECRET, 13)
        await running.ctx.entity(Resident, "ann").move(OTHER, 14)
        await running.settle(allows_failures=True)

        assert await running.ctx.view(Owned).get(14) == Owned(14, "ann", OTHER)
        [aside] = await running.node.services.database.set_aside()
    assert (aside.key, aside.waiting) == ("13", 1)
    assert "belong to nobody: its column 'owner' holds no id of a person" in aside.error


async def test_a_rebuild_by_the_command_line_seals_too(tmp_path: Path) -> None:
    """It writes rows without the process that runs the application."""
    url = f"sqlite:///{tmp_path / 'streets.db'}"
    async with testing(app, store=url) as running:
        await filled(running)

    await rebuild_view(app, url, view_type(Streets), lambda position, end: None)

    async with testing(app, store=url) as running:
        assert SECRET not in await stored_rows(running)
        assert await running.ctx.view(Streets).street_of("ann") == SECRET


def test_sealing_a_column_rebuilds_the_view() -> None:
    class Plain(View, name="streets"):
        id: str
        street: Personal[str] = ""

        @reducer
        def moved(self, event: Moved) -> None:
            self.street = event.street

    plain = view_type(Plain).fingerprint

    class Plain(View, name="streets", person="id"):  # type: ignore[no-redef]
        id: str
        street: Sealed[str] = ""

        @reducer
        def moved(self, event: Moved) -> None:
            self.street = event.street

    assert view_type(Plain).fingerprint != plain


class Home(Struct):
    street: Sealed[str]


class HomeWithId(Struct):
    id: str
    street: Sealed[str]


class Renamed(Struct):
    home: Sealed[str]


class Counted(Struct):
    street: int


@pytest.mark.parametrize(
    ("sql", "answer"),
    [
        ("SELECT id FROM streets WHERE street = :street", list[str]),
        ("SELECT id FROM streets WHERE STREET IS NULL AND id = :street", list[str]),
        ("SELECT id FROM streets WHERE id = :street ORDER BY street", list[str]),
        ("SELECT street FROM streets WHERE id = :street ORDER BY street", list[Home]),
        ("SELECT street AS home FROM streets WHERE id = :street ORDER BY home", list[Renamed]),
        ("SELECT street FROM streets WHERE id = :street ORDER BY 1", list[Home]),
        ("SELECT id, street FROM streets WHERE id = :street ORDER BY 1, 2 DESC", list[HomeWithId]),
        ("SELECT DISTINCT street FROM streets WHERE id = :street", list[Home]),
        ("SELECT street FROM streets WHERE id = :street GROUP BY street", list[Home]),
        ("SELECT max(street) AS home FROM streets WHERE id = :street", list[Renamed]),
        ("SELECT count(street) AS street FROM streets WHERE id = :street", list[Counted]),
        ("SELECT street || '' AS home FROM streets WHERE id = :street", list[Renamed]),
        ("SELECT t.street FROM (SELECT street FROM streets WHERE id = :street) AS t", list[Home]),
        ("WITH t AS (SELECT * FROM streets WHERE id = :street) SELECT t.street FROM t", list[Home]),
        ("SELECT street FROM streets UNION ALL SELECT street FROM streets WHERE id = :street", list[Home]),
        ("SELECT a.id FROM streets a JOIN streets b ON a.street = b.street AND a.id = :street", list[str]),
        (
            "SELECT id FROM streets AS a WHERE EXISTS (SELECT 1 FROM streets WHERE street = :street)",
            list[str],
        ),
        (
            "SELECT street FROM streets WHERE id = :street LIMIT (SELECT count(street) FROM streets)",
            list[Home],
        ),
    ],
)
def test_sql_that_would_work_on_a_sealed_column_is_refused(sql: str, answer: Any) -> None:
    with pytest.raises(DefinitionError, match="is Sealed, so that SQL cannot compare, order or change it"):
        App("a", entities=[Resident], views=[asking(sql, answer)])


@pytest.mark.parametrize(
    ("sql", "answer", "why"),
    [
        (
            "SELECT street FROM streets WHERE id = :street",
            list[str],
            "is Sealed: annotate it as the view does",
        ),
        (
            "SELECT street FROM streets WHERE id = :street",
            list[Personal[str]],
            "is Sealed: annotate it as the view does",
        ),
        ("SELECT id AS street FROM streets WHERE id = :street", list[Home], "annotated as Sealed, but"),
    ],
)
def test_an_answer_says_what_is_sealed(sql: str, answer: Any, why: str) -> None:
    with pytest.raises(DefinitionError, match=why):
        App("a", entities=[Resident], views=[asking(sql, answer)])


def asking(sql: str, answer: Any) -> type[View]:
    """A view with a sealed column and a query."""

    class Asking(View, name="streets", person="id"):
        id: str
        street: Sealed[str] = ""

        @reducer
        def moved(self, event: Moved) -> None:
            self.street = event.street

        @query(sql)
        def asked(self, street: str) -> answer: ...

    return Asking


def test_columns_that_cannot_be_sealed_are_refused() -> None:
    class Nobodys(View):
        id: str
        street: Sealed[str] = ""

        @reducer
        def moved(self, event: Moved) -> None: ...

    class Indexed(View, person="id", indexes=["street"]):
        id: str
        street: Sealed[str] = ""

        @reducer
        def moved(self, event: Moved) -> None: ...

    class Inside(View, person="id"):
        id: str
        streets: list[Sealed[str]] = []  # noqa: RUF012

        @reducer
        def moved(self, event: Moved) -> None: ...

    class Optional(View, person="id"):
        id: str
        street: Sealed[str | None] = None

        @reducer
        def moved(self, event: Moved) -> None: ...

    class Unsealed(View, person="id"):
        id: str

        @reducer
        def moved(self, event: Moved) -> None: ...

    for view, why in [
        (Nobodys, r'nothing says whose they are: write class Nobodys\(View, person="id"\)'),
        (Indexed, "no query can look for it"),
        (Inside, "only whole columns are sealed"),
        (Optional, "NULL says that the value is forgotten"),
        (Unsealed, "has no sealed columns"),
    ]:
        with pytest.raises(DefinitionError, match=why):
            App("a", entities=[Resident], views=[view])


def test_the_key_of_a_view_cannot_be_sealed() -> None:
    class Keyed(View, person="id", key="street"):
        street: Sealed[str] = ""
        id: str = ""

        @reducer(key="street")
        def moved(self, event: Moved) -> None: ...

    with pytest.raises(DefinitionError, match="cannot be a key"):
        App("a", entities=[Resident], views=[Keyed])
