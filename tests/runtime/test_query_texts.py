"""Texts that one database could not keep: refused alike on each, in queries and in look-ups."""

from pathlib import Path
from typing import Any

import pytest

from actum import Actions, App, Context, Entity, Event, View, command, query, reducer
from actum.errors import Invalid
from actum.testing import testing
from tests.servers.postgres import empty, url_of


class Named(Event):
    name: str


class Person(Entity, emits=[Named]):
    @command
    def rename(self, name: str) -> None:
        self.emit(Named(name))


class People(View):
    id: str
    name: str = ""

    @reducer
    def named(self, event: Named) -> None:
        self.name = event.name

    @query("SELECT id FROM people WHERE name = :name")
    def called(self, name: str) -> list[str]: ...  # type: ignore[empty-body]

    @query("SELECT id FROM people WHERE name LIKE :name OR length(:name) = 7")
    def like(self, name: str) -> list[str]: ...  # type: ignore[empty-body]

    @query("SELECT id FROM people WHERE name IN :names")
    def among(self, names: list[str]) -> list[str]: ...  # type: ignore[empty-body]

    @query("SELECT id FROM people, json_each(:given) WHERE value = name")
    def within(self, given: dict[str, str]) -> list[str]: ...  # type: ignore[empty-body]

    @query("SELECT :name || '!' FROM people")
    def shout(self, name: str | None) -> list[str | None]: ...  # type: ignore[empty-body]


actions = Actions()


@actions.get("/people")
async def called(ctx: Context, name: str) -> list[str]:
    return await ctx.view(People).called(name)


app = App("people", entities=[Person], views=[People], actions=[actions])


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgres":
        server: Any = request.getfixturevalue("postgres")
        await empty(server)
        return url_of(server, schema="store")
    return f"sqlite:///{tmp_path / 'people.db'}" if request.param == "sqlite" else "memory:"


@pytest.mark.parametrize("text", ["a\0b", "\0", "\ud800", "a\udfff"], ids=ascii)
async def test_a_text_that_no_column_holds_is_refused_by_name(store: str, text: str) -> None:
    async with testing(app, store=store) as t:
        await t.ctx.entity(Person, "p").rename("ann")
        await t.settle()
        people = t.ctx.view(People)

        for asked, name in [
            (people.called(text), "name"),
            (people.like(text), "name"),
            (people.among(["ann", text]), "names"),
            (people.within({"it": text}), "given"),
            (people.within({text: "ann"}), "given"),
            (people.shout(text), "name"),
        ]:
            with pytest.raises(Invalid, match=name) as refused:
                await asked
            assert refused.value.field == name
        with pytest.raises(Invalid):
            await people.get(text)
        assert await people.called("ann") == ["p"]
        assert await people.shout("ä😀") == ["ä😀!"]


async def test_a_request_hears_which_parameter_it_is(store: str) -> None:
    async with testing(app, store=store) as t:
        response = await t.http.get("/people?name=a%00b")

        assert (response.status_code, response.json()["field"]) == (400, "name")
        assert "NUL" in response.json()["detail"]
