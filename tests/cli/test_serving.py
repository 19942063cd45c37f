"""The server under the command line, as far as it can be looked at without one."""

import gc
from collections.abc import Iterator

import pytest

from actum.cli.server.serving import COLLECTED_AFTER, Message, Receive, Send, settled


@pytest.fixture(autouse=True)
def unfrozen() -> Iterator[None]:
    threshold = gc.get_threshold()
    gc.unfreeze()
    yield
    gc.unfreeze()
    gc.set_threshold(*threshold)


async def received() -> Message:
    return {"type": "http.request"}


async def sent_by(kind: str, *messages: str) -> list[str]:
    """What passes through of the messages that an application sends in a scope of this kind."""
    sent: list[str] = []

    async def application(scope: Message, receive: Receive, send: Send) -> None:
        for message in messages:
            await send({"type": message})

    async def send(message: Message) -> None:
        sent.append(message["type"])

    await settled(application)({"type": kind}, received, send)
    return sent


async def test_what_is_there_at_the_start_is_left_alone_by_the_garbage_collector() -> None:
    """A full collection would look through every class and route, and hold up all requests meanwhile."""
    sent = await sent_by("lifespan", "lifespan.startup.complete", "lifespan.shutdown.complete")

    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert gc.get_freeze_count() > 1_000
    assert gc.get_threshold() == COLLECTED_AFTER


async def test_nothing_is_frozen_by_a_start_that_failed_or_by_a_request() -> None:
    sent = [
        *await sent_by("lifespan", "lifespan.startup.failed"),
        *await sent_by("http", "http.response.start", "http.response.body"),
    ]

    assert sent == ["lifespan.startup.failed", "http.response.start", "http.response.body"]
    assert gc.get_freeze_count() == 0
