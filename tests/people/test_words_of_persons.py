"""Personal columns that are searched: whoever is forgotten is found no more, and their words are gone."""

from pathlib import Path

import pytest

from actum import App, DefinitionError, Entity, Event, Personal, Sealed, View, command, query, reducer
from actum.key_services.open import new_key
from actum.model.view import view_type
from actum.testing import testing
from tests.people.test_forgetting import dump

NAME = "Annabel Forgettable"
OTHER = "Robert Remembered"


class Registered(Event):
    name: Personal[str]
    about: str


class Member(Entity, person="id"):
    name: Personal[str] = ""

    @command
    def register(self, name: Personal[str], about: str) -> None:
        self.emit(Registered(name, about))

    @reducer
    def registered(self, event: Registered) -> None:
        self.name = event.name


class People(View, search=["name", "about"]):
    id: str
    name: Personal[str] = ""
    about: str = ""

    @reducer
    def registered(self, event: Registered) -> None:
        self.name, self.about = event.name, event.about

    @query("SELECT id FROM people WHERE search(people, :words) ORDER BY relevance(people, :words) DESC, id")
    def find(self, words: str) -> list[str]: ...


class Names(View, of=Member, search=["name"]):
    """Mirrors the entity."""

    name: Personal[str]

    @query("SELECT id FROM names WHERE search(names, :words) ORDER BY id")
    def find(self, words: str) -> list[str]: ...


app = App("club", entities=[Member], views=[People, Names])


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACTUM_KEY", new_key())


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres_store"))
    return f"sqlite:///{tmp_path}/club.db" if request.param == "sqlite" else "memory:"


async def test_who_is_forgotten_is_found_no_more(store: str, tmp_path: Path) -> None:
    async with testing(app, store=store) as t:
        await t.ctx.entity(Member, "a").register(NAME, "likes chess")
        await t.ctx.entity(Member, "b").register(OTHER, "likes chess")
        people, names = t.ctx.view(People), t.ctx.view(Names)
        before = [await people.find("forgettable"), await names.find("annabel")]
        kept = await dump(store, tmp_path)

        await t.ctx.forget("a")
        await t.settle()

        assert before == [["a"], ["a"]]
        assert [await people.find(words) for words in ("forgettable", "anna*", "annabel chess")] == [
            [],
            [],
            [],
        ]
        assert await names.find("annabel") == []
        assert await people.find("chess") == ["a", "b"]
        assert await people.find("remembered") == await names.find("robert") == ["b"]
        if store != "memory:":
            left = (await dump(store, tmp_path)).lower()
            # FTS5 keeps what follows a common beginning.
            assert [kept.lower().count(word) > 0 for word in (b"annabel", b"orgettable")] == [True, True]
            assert [left.count(word) for word in (b"annabel", b"nnabel", b"orgettable")] == [0, 0, 0]


async def test_the_words_of_a_person_are_not_kept_when_the_name_changes(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/club.db"
    async with testing(app, store=store) as t:
        await t.ctx.entity(Member, "a").register(NAME, "likes chess")
        await t.settle()
        await t.ctx.entity(Member, "a").register("Anna", "")
        await t.settle()

        assert await t.ctx.view(People).find("forgettable") == []
        assert await t.ctx.view(People).find("anna") == ["a"]
        assert await t.ctx.view(People).find("chess") == []


def test_sealed_columns_are_refused() -> None:
    class Letters(View, person="id", search=["text"]):
        id: str
        text: Sealed[str] = ""

        @reducer
        def registered(self, event: Registered) -> None: ...

    with pytest.raises(DefinitionError, match=r"'text', which is Sealed.* or declare it Personal"):
        view_type(Letters)
