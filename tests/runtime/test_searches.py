"""Searches of a running application: they show what was written, through rebuilds, redeploys and erasures."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from actum import App, Context, Entity, Event, Page, View, command, query, reducer
from actum.testing import testing

WORD = "zyzzyva"


class Written(Event):
    title: str
    text: str


class Reviewed(Event):
    note: str


class Note(Entity):
    title: str = ""
    text: str = ""

    @command
    def write(self, title: str, text: str = "") -> None:
        self.emit(Written(title, text))

    @command
    def review(self, note: str) -> None:
        self.emit(Reviewed(note))

    @reducer
    def written(self, event: Written) -> None:
        self.title, self.text = event.title, event.text

    @reducer
    def reviewed(self, event: Reviewed) -> None: ...


class Hit(Struct, frozen=True):
    id: str
    relevance: int


class Notes(View, search=["title", "text"]):
    id: str
    title: str = ""
    text: str | None = None
    reviews: int = 0

    @reducer
    def written(self, event: Written) -> None:
        if event.title == "broken":
            raise ValueError("this title is not for me")
        self.title, self.text = event.title, event.text or None

    @reducer
    def reviewed(self, event: Reviewed) -> None:
        self.reviews += 1

    @query("SELECT id FROM notes WHERE search(notes, :words) ORDER BY relevance(notes, :words) DESC, id")
    def find(self, words: str | None = None) -> list[str]: ...

    @query(
        "SELECT id, relevance(n, :words) AS relevance FROM notes n WHERE search(n, :words) ORDER BY 2 DESC"
    )
    def page(self, words: str) -> Page[Hit]: ...

    @query(
        "SELECT n.id FROM notes n JOIN mirrors m ON m.id = n.id AND search(m, :mine) WHERE search(n, :words)"
    )
    def both(self, words: str, mine: str) -> list[str]: ...


class Mirrors(View, of=Note, search=["title"]):
    """Mirrors the entity."""

    title: str

    @query("SELECT id FROM mirrors WHERE search(mirrors, :words)")
    def find(self, words: str) -> list[str]: ...


app = App("notes", entities=[Note], views=[Notes, Mirrors])


@pytest.fixture(params=["memory", "sqlite", "postgres", "dynamodb"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres_store"))
    if request.param == "dynamodb":
        return f"{request.getfixturevalue('dynamodb_url')}&database=sqlite:///{tmp_path}/notes.db"
    return f"sqlite:///{tmp_path}/notes.db" if request.param == "sqlite" else "memory:"


async def fill(ctx: Context) -> None:
    await ctx.entity(Note, "a").write("Quick foxes", "run")
    await ctx.entity(Note, "b").write("Dogs", "are lazy, a quick fox is not")
    await ctx.entity(Note, "c").write("Fox")


async def test_a_search_shows_what_its_context_has_written(store: str) -> None:
    async with testing(app, store=store) as t:
        await fill(t.ctx)
        view = t.ctx.view(Notes)

        assert await view.find("fox") == ["c", "b"]
        assert await view.find("FOX* quick") == ["a", "b"]
        assert await view.find("cat") == []
        assert await view.find() == await view.find("") == ["a", "b", "c"]
        assert await t.ctx.view(Mirrors).find("fox*") in (["a", "c"], ["c", "a"])
        assert await view.both("lazy", "dogs") == ["b"]

        await t.ctx.entity(Note, "b").write("Dogs", "are lazy")
        await t.ctx.entity(Note, "a").review("good")
        await t.ctx.delete(Note, "c", erase=True)

        assert await view.find("fox") == []
        assert await view.find("fox*") == ["a"]
        assert await t.ctx.view(Mirrors).find("fox*") == ["a"]


async def test_pages_follow_relevance_and_then_the_key(store: str) -> None:
    async with testing(app, store=store) as t:
        for number in range(7):
            await t.ctx.entity(Note, f"n{number}").write("fox" if number % 3 else "x", "fox")
        seen: list[Hit] = []
        after = None
        while True:
            page = await t.ctx.view(Notes, page_size=2, after=after, with_total=True).page("fox")
            seen += page.items
            assert page.total == 7
            if page.next is None:
                break
            after = page.next
            # A row that has nothing to do with it changes nobody's relevance.
            await t.ctx.entity(Note, f"other{len(seen)}").write("wolf", "wolf")

        assert [hit.id for hit in seen] == ["n5", "n4", "n2", "n1", "n6", "n3", "n0"]
        assert seen == sorted(seen, key=lambda hit: -hit.relevance)
        everything = await t.ctx.view(Notes, page_size=50).page("")
        assert len(everything.items) == 10


async def test_a_rebuild_ends_with_the_words_of_the_rows(store: str) -> None:
    async with testing(app, store=store) as t:
        await fill(t.ctx)
        await t.node.services.views.rebuild("notes")
        await t.node.services.views.rebuild("mirrors")
        await t.settle()

        assert await t.ctx.view(Notes).find("fox") == ["c", "b"]
        assert await t.ctx.view(Mirrors).find("fox") == ["c"]
        await t.ctx.entity(Note, "d").write("A fox")
        assert await t.ctx.view(Notes).find("fox") == ["c", "d", "b"]


async def test_a_row_that_is_set_aside_keeps_its_words(store: str) -> None:
    async with testing(app, store=store) as t:
        await fill(t.ctx)
        await t.ctx.entity(Note, "c").write("broken")
        await t.settle(allows_failures=True)

        assert await t.ctx.view(Notes).find("fox") == ["c", "b"]
        assert await t.ctx.view(Notes).find("broken") == []


def declared(search: list[str] | None, sql: str) -> tuple[App, Any]:
    class Texts(View, name="notes", search=search):
        id: str
        title: str = ""
        text: str = ""

        @reducer
        def written(self, event: Written) -> None:
            self.title, self.text = event.title, event.text

        @query(sql)
        def find(self, words: str) -> list[str]: ...

    return App("notes", entities=[Note], views=[Texts]), Texts


async def found(declared: tuple[App, Any], store: str, words: str) -> Any:
    app, view = declared
    async with testing(app, store=store) as t:
        await t.settle()
        return await t.ctx.view(view).find(words)


@pytest.mark.parametrize("store", ["sqlite", "postgres", "dynamodb"], indirect=True)
async def test_search_is_added_changed_and_removed_by_a_redeploy(store: str) -> None:
    searched = "SELECT id FROM notes WHERE search(notes, :words) ORDER BY id"
    plain = "SELECT id FROM notes WHERE title = :words ORDER BY id"
    async with testing(declared(None, plain)[0], store=store) as t:
        await fill(t.ctx)

    assert await found(declared(["title"], searched), store, "fox") == ["c"]
    assert await found(declared(["title", "text"], searched), store, "fox") == ["b", "c"]
    assert await found(declared(None, plain), store, "Fox") == ["c"]
    assert await found(declared(["text"], searched), store, "fox") == ["b"]


async def test_nothing_of_an_erased_row_is_left_in_the_index(tmp_path: Path) -> None:
    async with testing(app, store=f"sqlite:///{tmp_path}/notes.db") as t:
        for number in range(80):
            await t.ctx.entity(Note, f"n{number}").write(f"{WORD}{number} common", "text")
        await t.ctx.entity(Note, "n3").write("changed")
        await t.settle()
        files = [tmp_path / "notes.db", tmp_path / "notes.db-wal"]
        before = await asyncio.to_thread(
            lambda: sum(path.read_bytes().count(WORD.encode()) for path in files)
        )

        for number in range(80):
            await t.ctx.delete(Note, f"n{number}", erase=True)
        await t.ctx.entity(Note, "left").write("common")
        await t.settle()

        assert await t.ctx.view(Notes).find("common") == ["left"]
        # FTS5 keeps what follows a common beginning.
        left = await asyncio.to_thread(
            lambda: [
                path.read_bytes().count(word)
                for path in files
                for word in (WORD.encode(), b"_" + WORD[:4].encode())
            ]
        )
        assert before > 80
        assert left == [0, 0, 0, 0]


async def test_an_operator_rebuilds_a_view_that_is_searched(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/notes.db"
    async with testing(app, store=store) as t:
        await fill(t.ctx)
        await t.settle()
    async with testing(app, store=store) as t:
        await t.node.services.database.request_rebuild("notes")
        await t.settle()

        assert await t.ctx.view(Notes).find("fox") == ["c", "b"]
