"""What is done with entities leaves none of them in memory once nobody uses it any more."""

import gc
from collections.abc import Awaitable, Callable

import pytest

from actum import Context, Rejected
from actum.model.turn import Instance
from actum.testing import testing
from tests.runtime.bank import Account, Deposited, app

Use = Callable[[Context, str], Awaitable[object]]


def held(id: str) -> int:
    """How many instances of an entity are in memory."""
    gc.collect()
    return sum(type(found) is Instance and found.id == id for found in gc.get_objects())


def forget_all(ctx: Context) -> None:
    """Drops whatever is live, as a conflict would."""
    directory = ctx._services.directory
    for actor in list(directory.live.values()):
        directory.drop(actor)


async def command(ctx: Context, id: str) -> None:
    await ctx.entity(Account, id).deposit(1)


async def refused_command(ctx: Context, id: str) -> None:
    await ctx.entity(Account, id).deposit(1)
    with pytest.raises(Rejected):
        await ctx.entity(Account, id).withdraw(1_000)


async def query(ctx: Context, id: str) -> None:
    await ctx.entity(Account, id).current_balance()


async def unit(ctx: Context, id: str) -> None:
    async def deposit(inner: Context) -> None:
        await inner.entity(Account, id).deposit(1)

    await ctx.atomic(deposit)


async def state(ctx: Context, id: str) -> None:
    await command(ctx, id)
    assert (await ctx.state(Account, id)).id == id
    assert (await ctx.state(Account, id, version=1)).version == 1


async def what_if(ctx: Context, id: str) -> None:
    assert (await ctx.what_if(Account, id, [Deposited(5)])).balance == 5


@pytest.mark.parametrize("use", [command, refused_command, query, unit, state, what_if])
async def test_nothing_is_left_of_an_entity_that_was_used(use: Use) -> None:
    async with testing(app) as t:
        await use(t.ctx, "used")
        await t.settle()
        forget_all(t.ctx)

        assert held("used") == 0
