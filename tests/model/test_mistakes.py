"""What an author is told who writes a decorator without its brackets, or uses a class like a thing."""

from collections.abc import Callable
from typing import Any

import pytest

from actum import Actions, App, Context, DefinitionError, Entity, Event, command, reducer


class Made(Event):
    name: str


class Thing(Entity):
    name: str = ""

    @command
    def make(self, name: str) -> str:
        self.emit(Made(name))
        return f"{self.id} {name}"

    @reducer
    def made(self, event: Made) -> None:
        self.name = event.name


async def answer(ctx: Context) -> int:
    return 7


@pytest.mark.parametrize("decorator", ["get", "post", "put", "patch", "delete", "queue", "cron"])
def test_a_decorator_without_its_brackets_is_refused(decorator: str) -> None:
    """A function that would be lost without a word is an error, which says how to write it."""
    actions = Actions()

    with pytest.raises(DefinitionError, match=rf"write @actions\.{decorator}\(") as refused:
        getattr(actions, decorator)(answer)

    assert "answer" in str(refused.value)
    assert not actions.bound


@pytest.mark.parametrize(
    "misuse",
    [lambda: Thing().make("ann"), lambda: Thing().id, lambda: Thing().exists],
    ids=["emit", "id", "exists"],
)
def test_an_entity_that_stands_alone_says_where_it_belongs(misuse: Callable[[], Any]) -> None:
    """Whoever makes an entity by hand hears of `ctx.entity` and `given`."""
    with pytest.raises(DefinitionError, match=r"ctx\.entity\(Thing, id\)"):
        misuse()


@pytest.mark.parametrize("parameter", ["entities", "views", "actions", "resources"])
def test_a_declaration_that_is_no_list_is_refused(parameter: str) -> None:
    """One class in place of a list of classes is told apart."""
    wrong: dict[str, Any] = {parameter: Thing}

    with pytest.raises(DefinitionError, match=rf"write {parameter}=\[…\]"):
        App("things", **wrong)
