"""Errors that workflows handle: the same ones are raised when `run` is called again."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from actum import App, Context, Entity, Event, Taken, Workflow, command, reducer
from actum.errors import (
    ActumError,
    AlreadyExists,
    AlreadyStarted,
    AnswerErased,
    CallerError,
    Conflict,
    Forbidden,
    Invalid,
    KeyReused,
    NotEnded,
    NotFound,
    Rejected,
    StepFailed,
    TooLarge,
    Unauthenticated,
    WorkflowCancelled,
    WorkflowError,
    WorkflowFailed,
    WrongStatus,
    WrongVersion,
)
from actum.runtime.workflows.run.outcome import (
    DECISIONS,
    KeptError,
    error_of,
    kept_error,
    read_error,
    write_error,
)
from actum.testing import testing

ERRORS: list[ActumError] = [
    CallerError("no"),
    Invalid("no number", field="amount"),
    TooLarge("too many rows", field="limit"),
    Rejected("there are 7 left", code="sold-out", left=7),
    Taken("User/ann", "email"),
    Unauthenticated("say who you are", challenge="Bearer"),
    Forbidden("not for you"),
    NotFound("no order o-1"),
    Conflict("another was first"),
    WrongVersion("Order/o-1", expected=3, actual=4),
    WrongVersion("Order/o-1", expected=None, actual=0, said='If-Match: "2"'),
    KeyReused("k-1", "Order/o-1"),
    AnswerErased("k-1"),
    AlreadyExists("Order 'o-1' exists already"),
    AlreadyStarted("it was started", workflow="Fulfilment/o-1"),
    WrongStatus("it has ended", workflow="Fulfilment/o-1", status="completed"),
    StepFailed("charge", "TimeoutError: too late"),
    WorkflowFailed("it failed"),
    WorkflowCancelled("it was cancelled"),
    NotEnded("it goes on", workflow="Fulfilment/o-1"),
]


def below(cls: type[ActumError]) -> set[type[ActumError]]:
    return {cls} | {found for one in cls.__subclasses__() for found in below(one)}


def test_every_error_that_a_workflow_may_handle_is_among_these() -> None:
    handled = {found for cls in DECISIONS for found in below(cls) if found.__module__ == "actum.errors"}

    assert handled - {WorkflowError} == {type(error) for error in ERRORS}


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: f"{type(error).__name__} {error}"[:40])
def test_an_error_is_recorded_with_its_class_and_all_that_it_has(error: ActumError) -> None:
    again = read_error(write_error(kept_error(error, step="charge")))

    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))


def test_an_invalid_of_an_earlier_version_keeps_its_field() -> None:
    again = error_of(KeptError("Invalid", "no number", field="amount"))

    assert isinstance(again, Invalid)
    assert (str(again), again.field) == ("no number", "amount")


class Named(Event):
    name: str


class User(Entity):
    name: str = ""

    @command
    def call(self, name: str) -> None:
        self.claim("name", name)
        self.emit(Named(name))

    @command
    def leave(self) -> None:
        self.release("name", self.name)
        self.emit(Named(""))

    @reducer
    def named(self, event: Named) -> None:
        self.name = event.name


class Registration(Workflow):
    """Takes a name, or another one where it is taken."""

    async def run(self, ctx: Context, id: str, name: str) -> str:
        try:
            await ctx.entity(User, id).call(name)
        except Taken as error:
            name = f"{name} of {error.entity}"
            await ctx.entity(User, id).call(name)
        await self.receive(Named)
        return name


class Insistence(Workflow):
    """Takes a name, and fails where it is taken."""

    async def run(self, ctx: Context, id: str, name: str) -> None:
        await ctx.entity(User, id).call(name)


app = App("names", entities=[User], workflows=[Registration, Insistence])


@pytest.mark.parametrize("store", ["memory:", "sqlite"])
async def test_a_name_that_is_taken_is_still_so_when_the_workflow_runs_again(
    store: str, tmp_path: Path
) -> None:
    """Although it was released since: what the workflow did next rests on it."""
    url: Any = store if store == "memory:" else f"sqlite:///{tmp_path / 'names.db'}"
    async with testing(app, store=url) as t:
        await t.ctx.entity(User, "ann").call("Ann")
        await t.ctx.workflow(Registration, "r").start("bob", "Ann")
        await t.settle()
        await t.ctx.entity(User, "ann").leave()
        await t.restart() if store != "memory:" else await t.settle()
        await t.ctx.workflow(Registration, "r").signal(Named("go on"))
        await t.settle()

        assert await t.ctx.workflow(Registration, "r").result() == "Ann of User/bob"
        assert (await t.ctx.state(User, "bob")).name == "Ann of User/bob"


async def test_a_workflow_that_does_not_handle_it_fails_by_it() -> None:
    async with testing(app) as t:
        await t.ctx.entity(User, "ann").call("Ann")
        await t.ctx.workflow(Insistence, "i").start("bob", "Ann")
        await t.settle()

        with pytest.raises(Taken, match="another entity holds it"):
            await t.ctx.workflow(Insistence, "i").result()


def test_facts_are_json() -> None:
    """What is recorded of each can be read by any process."""
    for error in ERRORS:
        assert msgspec.json.decode(write_error(kept_error(error)))["message"]
