"""What commands and queries may be called: anything that references do not use themselves."""

from collections.abc import Callable

import pytest

from actum import App, DefinitionError, Entity, Event, Page, View, command, query, reducer
from actum.testing import testing


class Noted(Event):
    text: str


class Note(Entity):
    text: str = ""

    @command
    def write(self, text: str) -> None:
        self.emit(Noted(text))

    @reducer
    def noted(self, event: Noted) -> None:
        self.text = event.text


class Notes(View):
    id: str
    text: str = ""

    @reducer
    def noted(self, event: Noted) -> None:
        self.text = event.text

    @query("SELECT text FROM notes ORDER BY text")
    def page(self) -> Page[str]: ...

    @query("SELECT text FROM notes ORDER BY text")
    def sender(self) -> list[str]: ...

    @query("SELECT text FROM notes ORDER BY text")
    def view(self) -> list[str]: ...

    @query("SELECT text FROM notes WHERE text = :query")
    def query(self, query: str) -> list[str]: ...


class Sends(Entity):
    text: str = ""

    @command
    def sender(self) -> None:
        self.emit(Noted(""))

    @reducer
    def noted(self, event: Noted) -> None: ...


class Inner(View):
    id: str
    text: str = ""

    @reducer
    def noted(self, event: Noted) -> None: ...

    @query("SELECT text FROM inner_table")
    def _page(self) -> list[str]: ...


async def test_queries_of_a_view_are_called_as_references_attributes_are() -> None:
    async with testing(App("notes", entities=[Note], views=[Notes])) as running:
        ctx = running.ctx
        await ctx.entity(Note, "a").write("one")
        view = ctx.view(Notes)

        assert (await view.page()).items == ["one"]
        assert await view.sender() == await view.view() == await view.query("one") == ["one"]


@pytest.mark.parametrize(
    ("app", "named"),
    [
        pytest.param(lambda: App("sends", entities=[Sends]), "Sends.sender", id="a command"),
        pytest.param(lambda: App("inner", entities=[Note], views=[Inner]), "Inner._page", id="a query"),
    ],
)
async def test_a_name_that_references_use_is_refused_by_name(app: Callable[[], App], named: str) -> None:
    with pytest.raises(DefinitionError, match=f"{named}: a command or query cannot bear this name"):
        async with testing(app()):
            pass
