"""Listings of ids, page by page: what a page token holds, and which tokens are refused."""

import base64
from collections.abc import AsyncGenerator

import msgspec
import pytest

from actum import Context, Invalid
from actum.model.event import to_datetime
from actum.runtime.clock import SECOND, ManualClock
from actum.stores.memory import MemoryJournal
from tests.runtime.bank import Account, Notebook, plain
from tests.runtime.nodes import START, running


@pytest.fixture
async def ctx() -> AsyncGenerator[Context, None]:
    clock = ManualClock(START)
    async with running(plain, MemoryJournal(), clock=clock) as ctx:
        for number in range(6):
            clock.move_to(START + 10 * number * SECOND)
            await ctx.entity(Account, f"a{number}").deposit(1)
        await ctx.entity(Notebook, "n").note("x")
        yield ctx


async def test_a_token_remembers_what_the_listing_asked_for(ctx: Context) -> None:
    """Other arguments beside a token do not change the listing it belongs to."""
    last = to_datetime(START + 50 * SECOND)
    first = await ctx.ids(Account, limit=2, first_before=last, reverse=True)

    later = to_datetime(START + 30 * SECOND)
    second = await ctx.ids(Account, page=first.next, limit=50, first_after=later)

    assert [item.id for item in first.items] == ["a4", "a3"]
    assert [item.id for item in second.items] == ["a2", "a1"]
    assert second.next is not None


async def test_a_token_that_an_earlier_version_gave_is_read(ctx: Context) -> None:
    """Those who page through a listing while a new version is deployed go on where they were."""
    asked = ["Account", 3, None, START + 50 * SECOND, False, START + 10 * SECOND, 2]
    token = base64.urlsafe_b64encode(msgspec.json.encode(asked)).decode()

    page = await ctx.ids(Account, page=token)

    assert [item.id for item in page.items] == ["a2", "a3", "a4"]


@pytest.mark.parametrize("limit", [0, -1])
async def test_a_page_has_at_least_one_item(ctx: Context, limit: int) -> None:
    """A page of no items could never end."""
    with pytest.raises(Invalid, match="limit") as raised:
        await ctx.ids(Account, limit=limit)

    assert raised.value.field == "limit"


async def test_a_page_is_bounded_whatever_limit_was_asked_for(ctx: Context) -> None:
    """A limit beyond what a page holds is no mistake."""
    assert len((await ctx.ids(Account, limit=2**70)).items) == 6


@pytest.mark.parametrize(
    "token",
    ["", " ", "next", "💥", "W10=", "bnVsbA==", "e30=", "2", "' OR 1=1; --", "A" * 5_000, "====", "\ud800"],
)
async def test_what_is_no_token_is_refused(ctx: Context, token: str) -> None:
    """A token that no page gave is the caller's mistake, and said to be one."""
    with pytest.raises(Invalid, match="page token"):
        await ctx.ids(Account, page=token)


async def test_a_token_that_was_cut_off_is_refused(ctx: Context) -> None:
    """A token is taken whole or not at all."""
    page = await ctx.ids(Account, limit=1)

    with pytest.raises(Invalid, match="page token"):
        await ctx.ids(Account, page=(page.next or "")[:-5])


async def test_a_token_of_another_kind_is_refused(ctx: Context) -> None:
    """A token belongs to the kind whose listing gave it."""
    page = await ctx.ids(Account, limit=1)

    with pytest.raises(Invalid, match="another listing"):
        await ctx.ids(Notebook, page=page.next)
