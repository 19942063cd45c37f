"""Answers of queries that are too large: refused with a problem that says how to ask, and cheap to refuse."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from actum import (
    Actions,
    App,
    Context,
    DefinitionError,
    Entity,
    Event,
    TooLarge,
    View,
    command,
    query,
    reducer,
)
from actum.testing import testing
from actum.testing.application import Running
from tests.servers.postgres import empty, url_of


class Written(Event):
    text: str


class Note(Entity, emits=[Written]):
    @command
    def write(self, texts: list[str]) -> None:
        for text in texts:
            self.emit(Written(text))


class Notes(View):
    id: str
    text: str = ""

    @reducer
    def written(self, event: Written) -> None:
        self.text = event.text

    @query("SELECT text FROM notes ORDER BY id")
    def all(self) -> list[str]: ...

    @query("SELECT text FROM notes ORDER BY id", max_bytes=2_000)
    def few(self) -> list[str]: ...

    @query("SELECT text FROM notes WHERE id > :after ORDER BY id LIMIT 5", max_bytes=5_000)
    def page(self, after: str) -> list[str]: ...

    @query("SELECT printf('%.*c', :length, 'x') FROM notes LIMIT 1")
    def wide(self, length: int) -> str: ...


reading = Actions()


@reading.get("/all")
async def all_notes(ctx: Context) -> list[str]:
    return await ctx.view(Notes).all()


@reading.get("/wide")
async def wide_note(ctx: Context, length: int) -> str:
    return await ctx.view(Notes).wide(length)


app = App("notes", entities=[Note], views=[Notes], actions=[reading], query_max_bytes=20_000)


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgres":
        server: Any = request.getfixturevalue("postgres")
        await empty(server)
        return url_of(server, schema="store")
    return f"sqlite:///{tmp_path / 'notes.db'}" if request.param == "sqlite" else "memory:"


@pytest.fixture
async def notes(store: str) -> AsyncIterator[Running]:
    """Thirty notes of a thousand bytes."""
    async with testing(app, store=store) as t:
        for number in range(30):
            await t.ctx.entity(Note, f"n{number:02}").write(["x" * 1_000])
        await t.settle()
        yield t


async def test_an_answer_with_too_many_bytes_is_a_problem_that_says_how_to_page(notes: Running) -> None:
    for path in ("/all", "/wide?length=300000000"):
        response = await notes.http.get(path)

        problem = response.json()
        assert (response.status_code, problem["code"]) == (422, "answer-too-large")
        assert problem["type"] == "urn:actum:problem:answer-too-large"
        assert "more than 20,000 bytes: ask for one page at a time" in problem["detail"]
    assert len((await notes.http.get("/wide?length=19000")).text) == 19_000


async def test_a_query_has_its_own_bound_where_it_says_one(notes: Running) -> None:
    view = notes.ctx.view(Notes)

    with pytest.raises(TooLarge, match="more than 2,000 bytes"):
        await view.few()
    assert await view.page("n07") == ["x" * 1_000] * 5


@pytest.mark.parametrize("given", [0, -5, 1.5, "5 MB", True, timedelta(seconds=5)])
def test_what_is_no_number_of_bytes_is_refused(given: Any) -> None:
    with pytest.raises(DefinitionError, match=r"query_max_bytes=.* is no number of bytes"):
        App("notes", entities=[Note], query_max_bytes=given)
    with pytest.raises(DefinitionError, match=r"max_bytes=.* is no number of bytes"):
        query("SELECT 1", max_bytes=given)
