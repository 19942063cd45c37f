"""The bank that the suite's tests use: deposits on accounts, and how they are read back."""

import asyncio
import hashlib
from collections.abc import Iterable, Sequence

import msgspec

from actum.model.event import Stored
from actum.ports.asking import ask_for_all
from actum.ports.journal import (
    Claim,
    Journal,
    Landed,
    Loaded,
    Outcome,
    Repeated,
    ReplyKey,
    StreamKey,
    StreamListing,
    StreamPage,
    Write,
)

OPENING = 1_700_000_000_000_000
SECOND = 1_000_000
PATIENCE = 60.0


def deposit(
    id: str,
    expected: int,
    *amounts: int,
    kind: str = "Account",
    time: int = OPENING,
    metadata: bytes = b'{"command":"deposit"}',
    key: str | None = None,
    call: str = "",
    reply: bytes = b"null",
    group: int | None = None,
    claims: Sequence[Claim] = (),
) -> Write:
    """Gives a write with one event for each amount."""
    events = [("Deposited", 1, b'{"amount":%d}' % amount) for amount in amounts]
    return Write(kind, id, expected, events, metadata, time, key, call, reply, group, claims)


def claim(value: str, *, name: str = "email", kind: str = "Account") -> Claim:
    """Claims a value."""
    return Claim(name, hashlib.sha256(f"{kind}/{name}/{value}".encode()).digest())


def release(value: str, *, name: str = "email") -> Claim:
    """Releases a value."""
    return Claim(name, claim(value, name=name).digest, is_released=True)


async def holders(
    journal: Journal, *values: str, kind: str = "Account", name: str = "email"
) -> list[str | None]:
    """Says who holds each value."""
    return await journal.holders(
        [(kind, name, claim(value, name=name, kind=kind).digest) for value in values]
    )


def amounts(events: Iterable[Stored]) -> list[int]:
    """Gives the deposited amounts, in the order of the events."""
    deposits = [event for event in events if event.type == "Deposited"]
    return [msgspec.json.decode(deposit.payload)["amount"] for deposit in deposits]


def versions(events: Iterable[Stored]) -> list[int]:
    """Gives the versions of events."""
    return [event.version for event in events]


def positions(events: Iterable[Stored]) -> list[int]:
    """Gives the positions of events."""
    return [event.position for event in events]


def following(page: StreamPage) -> StreamListing:
    """Gives the listing of the next page, after one that is not the last."""
    assert page.next is not None
    return page.next


def have_landed(outcomes: Sequence[Outcome]) -> list[bool]:
    """Says of each write whether it landed."""
    return [isinstance(outcome, Landed) for outcome in outcomes]


async def load_all(journal: Journal, streams: Sequence[StreamKey]) -> list[Loaded]:
    """Loads streams without snapshots, all of them."""
    return await ask_for_all(lambda left: journal.load(left, {}), streams)


async def replies_of(journal: Journal, keys: Sequence[ReplyKey]) -> list[Repeated | None]:
    """Looks up stored replies, all of them."""
    return await ask_for_all(journal.replies, keys)


async def fill(journal: Journal, id: str, count: int, *, kind: str = "Account") -> None:
    """Deposits 1, 2, 3, … on a new account."""
    for first in range(0, count, 90):
        following = range(first + 1, min(first + 90, count) + 1)
        outcomes = await journal.append([deposit(id, first, *following, kind=kind)])
        assert have_landed(outcomes) == [True]


async def erase(journal: Journal, id: str, *, kind: str = "Account", time: int = OPENING) -> int:
    """Erases an account; gives how many events were removed."""
    return (await journal.erase(kind, id, time=time)).events


async def follow(journal: Journal, count: int, *, after: int = 0, limit: int = 100) -> list[Stored]:
    """Reads the feed as a subscription does, until it has seen `count` events."""
    seen: list[Stored] = []
    async with asyncio.timeout(PATIENCE):
        while len(seen) < count:
            events = await journal.feed(after, limit)
            seen += events
            if events:
                after = events[-1].position
            else:
                await journal.wait(after)
    return seen
