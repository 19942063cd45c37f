"""Where an event came from: who acts is text that can be kept, and what was written badly is still read."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from actum import Context, DefinitionError, Invalid
from actum.model.event import Metadata, read_metadata, write_metadata
from actum.ports.journal import Write
from actum.runtime.context.context import session_of
from actum.stores.memory import MemoryJournal
from tests.runtime.bank import Account, Notebook, plain
from tests.runtime.nodes import running

HALF = "\ud83d"


@pytest.fixture
async def ctx() -> AsyncGenerator[Context, None]:
    async with running(plain, MemoryJournal()) as ctx:
        yield ctx


@pytest.mark.parametrize("who", [None, 7, b"ann", 1.5, ["ann"]])
async def test_who_acts_is_text(ctx: Context, who: Any) -> None:
    """Anything else is refused at once, and says what to write; nothing is written for it."""
    with pytest.raises(DefinitionError, match=r"ctx\.by.*str\(user\.id\)"):
        ctx.by = who
    with pytest.raises(DefinitionError, match=r"ctx\.by"):
        Context(ctx._services, by=who)

    await ctx.entity(Account, "a").deposit(5)
    assert (await ctx.history(Account, "a"))[0].metadata.by == ""


@pytest.mark.parametrize("who", [HALF, f"ann{HALF}", "a\0b", "x" * 1_001])
async def test_text_that_cannot_be_kept_says_nobody(ctx: Context, who: str) -> None:
    """Half a character, NUL and what is too long are the caller's mistake."""
    with pytest.raises(Invalid, match=r"ctx\.by"):
        ctx.by = who
    with pytest.raises(Invalid, match="correlation"):
        Context(ctx._services, correlation_id=who)


def test_what_caused_something_is_text_of_any_length(ctx: Context) -> None:
    """It is made of a kind and an id, which together may be longer than either."""
    with pytest.raises(Invalid, match="causation"):
        Context(ctx._services, causation_id=HALF)
    with pytest.raises(DefinitionError, match="causation"):
        Context(ctx._services, causation_id=7)  # type: ignore[arg-type]

    long = Context(ctx._services, causation_id=f"Account/{'x' * 1_000}@7")
    assert session_of(long).metadata.causation_id


async def test_every_text_that_is_kept_is_looked_at_first(ctx: Context) -> None:
    """Ids, keys, names and arguments with half a character are refused, and never by the store."""
    hour = timedelta(hours=1)
    calls: list[Callable[[], Awaitable[Any]]] = [
        lambda: ctx.entity(Account, HALF).deposit(5),
        lambda: ctx.entity(Account, "a", idempotency_key=HALF).deposit(5),
        lambda: ctx.schedule(Account.deposit, HALF, after=hour)(5),
        lambda: ctx.schedule(Account.deposit, "a", after=hour, name=HALF)(5),
        lambda: ctx.schedule(Notebook.note, "n", after=hour)(HALF),
        lambda: ctx.cancel(HALF),
        lambda: ctx.history(Account, HALF),
        lambda: ctx.state(Account, HALF),
        lambda: ctx.delete(Account, HALF),
        lambda: ctx.what_if(Account, HALF, []),
    ]

    for call in calls:
        with pytest.raises(Invalid):
            await call()

    assert await ctx.timers() == []


@pytest.mark.parametrize(
    ("written", "by"),
    [
        (b'{"command":"deposit","correlation_id":"c","by":null}', ""),
        (b'{"command":"deposit","correlation_id":"c","by":7}', "7"),
        (b'{"command":"deposit","correlation_id":"c","by":"x\xed\xa0\xbd"}', "x\ufffd\ufffd\ufffd"),
    ],
)
async def test_what_was_written_badly_is_read(ctx: Context, written: bytes, by: str) -> None:
    """An earlier version kept whatever a guard said; its history, views and actions go on."""
    journal = ctx._services.journal
    await journal.append([Write("Account", "old", 0, [("Deposited", 1, b'{"amount":5}')], written, 1_000)])

    [recorded] = await ctx.history(Account, "old")

    assert recorded.metadata == Metadata("deposit", "c", "", by)
    assert await ctx.entity(Account, "old").deposit(1) == 6


@pytest.mark.parametrize("written", [b"", b"[]", b"{", b"7"])
def test_metadata_that_is_none_says_nothing(written: bytes) -> None:
    """It never stands in the way of the event that it came with."""
    assert read_metadata(written) == Metadata()


def test_good_metadata_comes_back_as_it_was() -> None:
    """To the letter."""
    metadata = Metadata("deposit", "c-1", "Account/a@3", "ann \N{SLICE OF PIZZA}")

    assert read_metadata(write_metadata(metadata)) == metadata


async def test_a_query_answers_on_the_state(ctx: Context) -> None:
    """The same method gives a value on what ctx.state gave, and is awaited through ctx.entity."""
    await ctx.entity(Account, "a").deposit(5)
    state = await ctx.state(Account, "a")

    balance: int = state.current_balance()

    assert balance == await ctx.entity(Account, "a").current_balance() == 5
