"""The command that drops kept replies."""

import asyncio
import sys
from pathlib import Path

import pytest

from actum.cli.loading import load_app
from actum.runtime.clock import SystemClock
from tests.cli.commands import CommandLine


async def _pay_again(store: str) -> int:
    app = load_app("shop")
    order = sys.modules["shop"].Order
    async with app.running(store) as ctx:
        paid: int = await ctx.entity(order, "a", idempotency_key="k").pay(3)
        return paid


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest) -> str:
    return (
        str(request.getfixturevalue("postgres_store")) if request.param == "postgres" else "sqlite:///shop.db"
    )


def test_replies_that_are_old_enough_are_dropped_and_others_stay(
    shop: Path, actum: CommandLine, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [asyncio.run(_pay_again(store)) for _ in range(2)] == [3, 3]

    young = actum("replies", "forget", "shop", "--older-than", "30d", "--store", store)
    assert asyncio.run(_pay_again(store)) == 3
    now = SystemClock().now()
    with monkeypatch.context() as later:
        later.setattr("actum.operations.replies.SystemClock.now", lambda _: now + 120_000_000)
        old = actum("replies", "forget", "shop", "--older-than", "1m", "--store", store)

    assert (young.code, young.out) == (0, "replies deleted: 0\n")
    # The action on what was paid may have kept one of its own.
    assert (old.code, old.out in ("replies deleted: 1\n", "replies deleted: 2\n")) == (0, True)
    assert asyncio.run(_pay_again(store)) == 6


@pytest.mark.parametrize("age", ["", "30", "d", "0d", "-1d", "1y", "1.5h"])
def test_an_age_that_is_none_is_refused(shop: Path, actum: CommandLine, age: str) -> None:
    result = actum("replies", "forget", "shop", f"--older-than={age}")

    assert (result.code, result.err) == (
        1,
        f"error: --older-than {age}: write an age, as in 30d, 12h, 90m or 4w\n",
    )
