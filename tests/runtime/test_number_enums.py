"""Enums of numbers and flags, combinations of them too: taken and given back wherever a value may be."""

import asyncio
from collections.abc import Callable, Coroutine
from enum import Enum, Flag, IntEnum, IntFlag
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct, field

from actum import Actions, App, Context, Entity, Event, View, command, query, reducer
from actum.errors import Invalid
from actum.testing import testing


class Grade(Enum):
    READ = 1
    WRITE = 2


class Rights(Flag):
    READ = 1
    WRITE = 2


class Bits(IntFlag):
    READ = 1
    WRITE = 2


class Level(IntEnum):
    READ = 1
    WRITE = 2


MEMBERS: dict[Any, list[Any]] = {
    Grade: [Grade.READ, Grade.WRITE],
    Level: [Level.WRITE],
    Rights: [Rights.READ, Rights.READ | Rights.WRITE, Rights(0), ~Rights.READ],
    Bits: [Bits.WRITE, Bits.READ | Bits.WRITE, Bits(0)],
}


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres_store"))
    return "memory:" if request.param == "memory" else f"sqlite:///{tmp_path}/rights.db"


class Program:
    """An application in which one type is everywhere: event, state, row, key, reply, message, request."""

    def __init__(self, of: Any) -> None:  # noqa: C901 (one class after another)
        class Given(Event):
            right: of
            rights: list[of]
            named: dict[str, of]

        class Counted(Event):
            counts: dict[of, int]

        class User(Entity, snapshot_every=1, emits=[Counted]):
            right: of = of.READ
            rights: list[of] = field(default_factory=list)

            @command
            def give(self, right: of) -> of:
                self.emit(Given(right, [*self.rights, right], {"it": right}))
                return self.right

            @command
            def count(self, rights: list[of]) -> dict[of, int]:
                counts = dict.fromkeys(rights, 7)
                self.emit(Counted(counts))
                return counts

            @query
            def all(self) -> list[of]:
                return self.rights

            @reducer
            def given(self, event: Given) -> None:
                self.right, self.rights = event.right, event.rights

        class Held(Struct):
            id: str
            right: of

        class Users(View, indexes=["right"]):
            id: str
            right: of = of.READ
            maybe: of | None = None
            rights: list[of] = field(default_factory=list)

            @reducer
            def given(self, event: Given) -> None:
                self.right, self.maybe, self.rights = event.right, event.right, event.rights

            @query("SELECT id, right FROM users WHERE right = :right")
            def with_right(self, right: of) -> list[Held]: ...  # type: ignore[empty-body]

            @query("SELECT right FROM users WHERE right IN :rights")
            def among(self, rights: list[of]) -> list[of]: ...  # type: ignore[empty-body]

        class Uses(View, key="right"):
            right: of
            count: int = 0

            @reducer(key="right")
            def given(self, event: Given) -> None:
                self.count += 1

        actions = Actions()
        self.taken: list[Any] = []

        @actions.queue("rights")
        async def take(ctx: Context, message: dict[str, of]) -> None:
            self.taken.append(message)

        @actions.post("/rights")
        async def send(ctx: Context, data: list[of], right: of) -> list[of]:
            return [*data, right]

        self.user, self.users, self.uses, self.held = User, Users, Uses, Held
        self.app = App("rights", entities=[User], views=[Users, Uses], actions=[actions])


def run(program: Program, store: str, work: Callable[[Any], Coroutine[Any, Any, Any]]) -> Any:
    async def within() -> Any:
        async with testing(program.app, store=store) as t:
            return await work(t)

    return asyncio.run(within())


@pytest.mark.parametrize("of", MEMBERS)
def test_a_member_is_the_same_wherever_it_went(of: Any, store: str) -> None:
    program = Program(of)

    async def work(t: Any) -> None:
        for right in MEMBERS[of]:
            user = t.ctx.entity(program.user, str(right.value))
            assert await user.give(right) == right
            assert await user.count([right]) == {right: 7}
            await t.ctx.queue("rights").send({"it": right})
        await t.settle()
        await t.restart()
        for right in MEMBERS[of]:
            id = str(right.value)
            view = t.ctx.view(program.users)
            assert await t.ctx.entity(program.user, id).all() == [right]
            assert await view.get(id) == program.users(id, right, right, [right])
            assert await view.with_right(right) == [program.held(id, right)]
            assert await view.among([right]) == [right]
            assert (await t.ctx.view(program.uses).get(right)).count == 1

    run(program, store, work)

    assert sorted(taken["it"].value for taken in program.taken) == sorted(one.value for one in MEMBERS[of])
    assert all(type(taken["it"]) is of for taken in program.taken)


@pytest.mark.parametrize("of", MEMBERS)
def test_a_request_sends_a_member_as_its_number(of: Any) -> None:
    program = Program(of)

    async def work(t: Any) -> None:
        for right in MEMBERS[of]:
            response = await t.http.post(f"/rights?right={right.value}", json=[right.value])

            assert (response.status_code, response.json()) == (201, [right.value, right.value])

    run(program, "memory:", work)


@pytest.mark.parametrize("of", [Grade, Rights, Level])
def test_what_is_no_member_is_refused(of: Any) -> None:
    program = Program(of)

    async def work(t: Any) -> Any:
        for other in (64, Grade.READ if of is not Grade else Rights.READ, "READ"):
            with pytest.raises(Invalid, match="right"):
                await t.ctx.entity(program.user, "ann").give(other)
        return await t.http.post("/rights?right=1", json=[64])

    assert run(program, "memory:", work).status_code == 400


def test_flags_are_documented_as_the_sums_that_they_are() -> None:
    program = Program(Rights)

    async def work(t: Any) -> Any:
        return (await t.http.get("/schema/openapi.json")).json()

    schema = run(program, "memory:", work)

    body = schema["paths"]["/rights"]["post"]["requestBody"]["content"]["application/json"]["schema"]["items"]
    assert body["type"] == "integer"
    assert "enum" not in body
    assert "1: READ, 2: WRITE" in body["description"]
