"""Generators where a function is to run: refused where they are declared, by name, with the fix."""

import functools
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest

from actum import Actions, App, Context, DefinitionError, Entity, Event, View, command, query, reducer
from actum.testing import testing


class Grown(Event, version=2):
    size: int


class Mailer:
    """What a resource gives."""


def drip(*given: Any) -> Generator[Any]:
    yield given


async def drip_later(*given: Any) -> AsyncGenerator[Any]:
    yield given


async def later(*given: Any) -> Any:
    return given


class Dripping:
    """An object that is called like a function."""

    def __call__(self, *given: Any) -> Generator[Any]:
        yield given


class DrippingLater:
    async def __call__(self, *given: Any) -> AsyncGenerator[Any]:
        yield given


GENERATORS = [drip, drip_later, functools.partial(drip, 7), Dripping(), DrippingLater()]
NAMES = r"(drip|drip_later|Dripping\.__call__|DrippingLater\.__call__)"


def upcast_of(function: Any) -> None:
    class Old(Event, version=2):
        size: int

    Old.upcast(1)(function)


def key_of(function: Any) -> None:
    class Sizes(View):
        id: str

        @reducer(key=function)
        def grown(self, event: Grown) -> None: ...

    App("grow", views=[Sizes])


def route_with(name: str) -> Callable[[Any], None]:
    def declare(function: Any) -> None:
        actions = Actions()
        option = {name: [function] if name == "guards" else function}
        if name == "exception_handlers":
            option = {name: {ValueError: function}}

        @actions.get("/", **option)
        async def look(ctx: Context) -> int:
            return 7

        App("grow", actions=[actions])

    declare.__name__ = name
    return declare


def group_with_guard(function: Any) -> None:
    actions = Actions(path="/grow", guards=[function])

    @actions.get("/")
    async def look(ctx: Context) -> int:
        return 7

    App("grow", actions=[actions])


CALLED = [
    upcast_of,
    key_of,
    group_with_guard,
    *map(route_with, ["guards", "before_request", "after_request", "after_response", "exception_handlers"]),
]


@pytest.mark.parametrize("declare", CALLED, ids=lambda declare: declare.__name__)
@pytest.mark.parametrize("function", GENERATORS, ids=lambda function: type(function).__name__)
def test_a_generator_is_refused_wherever_a_function_is_given(
    declare: Callable[[Any], None], function: Any
) -> None:
    with pytest.raises(DefinitionError, match=rf"{NAMES} is a generator.*remove the yield"):
        declare(function)


@pytest.mark.parametrize("declare", [upcast_of, key_of])
def test_what_is_used_at_once_is_not_async(declare: Callable[[Any], None]) -> None:
    with pytest.raises(DefinitionError, match="later is async, but its result is needed at once"):
        declare(later)


def test_a_command_that_is_a_generator_is_refused_when_the_class_is_defined() -> None:
    with pytest.raises(DefinitionError, match=r"command .*Plant\.grow is a generator.*self\.emit"):

        class Plant(Entity, emits=[Grown]):
            @command
            def grow(self) -> None:
                yield self.emit(Grown(7))  # type: ignore[misc]


def test_a_query_or_a_reducer_that_is_a_generator_is_refused_when_the_class_is_defined() -> None:
    with pytest.raises(DefinitionError, match=r"query .*Plant\.sizes is a generator.*as a list"):

        class Plant(Entity, emits=[Grown]):
            @query
            def sizes(self) -> list[int]:
                yield 7  # type: ignore[misc]

    with pytest.raises(DefinitionError, match=r"reducer .*Sizes\.grown is a generator"):

        class Sizes(View):
            id: str

            @reducer
            def grown(self, event: Grown) -> None:
                yield event.size  # type: ignore[misc]


@pytest.mark.parametrize("function", [drip, drip_later])
def test_an_action_or_its_hook_that_is_a_generator_is_refused_where_it_is_declared(function: Any) -> None:
    actions = Actions()

    with pytest.raises(DefinitionError, match=r"action drip.* is a generator.*return its answer"):
        actions.on(Grown)(function)
    with pytest.raises(DefinitionError, match=r"action drip.* is a generator"):
        actions.get("/")(function)

    actions.every(hours=1, on_failure=function)(later)
    with pytest.raises(DefinitionError, match=r"action drip.* is a generator"):
        App("grow", actions=[actions])


@pytest.mark.parametrize("function", [functools.partial(later, 7), DrippingLater()])
def test_an_action_that_is_no_function_with_a_name_is_refused(function: Any) -> None:
    with pytest.raises(DefinitionError, match="is not a function with a name: write one with async def"):
        Actions().queue("sizes")(function)


def plain() -> Generator[Mailer]:
    yield Mailer()


async def pausing() -> AsyncGenerator[Mailer]:
    yield Mailer()


@pytest.mark.parametrize(
    "resource",
    [pausing, contextmanager(plain), contextmanager(pausing), asynccontextmanager(plain)],  # type: ignore[arg-type]
)
def test_a_resource_that_could_not_be_opened_is_refused_when_the_app_is_built(resource: Any) -> None:
    with pytest.raises(DefinitionError, match="write it as\n    @asynccontextmanager\n    async def"):
        App("grow", resources=[resource])


@pytest.mark.parametrize("function", [drip, drip_later, lambda unit: 7])
async def test_a_unit_that_cannot_be_awaited_is_refused_with_the_fix(function: Any) -> None:
    async with testing(App("grow")) as t:
        with pytest.raises(
            DefinitionError, match=r"this one returned a value of type .*: write it with async def"
        ):
            await t.ctx.atomic(function)
