"""Messages of an embedded queue as a worker's items."""

import asyncio
import contextlib
from collections.abc import Sequence

import msgspec

from actum.ports.database import Database, Letter, Message, NewLetter, Progress
from actum.runtime.actions.sources.source import Item, Source
from actum.runtime.services import Signals

POLL = 1.0
PAGE = 500
SHARED_POLL = 0.25
"""Seconds between two looks for messages, which other processes may send without a word to this one."""


class MessageSource(Source):
    """The messages of one queue, in order within a key; one without a key is tied to no other."""

    can_read_again = True

    def __init__(self, action: str, queue: str, database: Database, signals: Signals) -> None:
        self._action = action
        self._queue = queue
        self._database = database
        self._patience = SHARED_POLL if database.is_shared else POLL
        self._after = 0
        self._arrival = asyncio.Event()
        signals.listen(f"queue/{queue}", self._arrival.set)

    async def rewind(self) -> None:
        self._after = 0

    async def next(self, limit: int) -> list[Item]:
        self._arrival.clear()
        messages = await self._database.messages(self._queue, self._after, limit)
        if not messages:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._patience):
                    await self._arrival.wait()
            return []
        self._after = messages[-1].id
        return [self._item(message) for message in messages]

    async def read_again(self, last: Item, up_to: int, limit: int) -> tuple[list[Item], bool]:
        after = last.position
        while after < up_to and (page := await self._database.messages(self._queue, after, PAGE)):
            after = page[-1].id
            items = [self._item(one) for one in page if one.key == last.key and one.id <= up_to]
            if items:
                return items[:limit], after >= up_to and len(items) <= limit
        return [], True

    async def save(self, done: Sequence[int], parked: Sequence[NewLetter], open_from: int | None) -> None:
        if done or parked:
            await self._database.save(
                Progress(self._action, "messages", done=tuple(done), parked=tuple(parked))
            )

    async def fetch(self, letter: Letter) -> Item | None:
        return self._item(msgspec.json.decode(letter.body, type=Message))

    async def is_empty(self) -> bool:
        return not await self._database.messages(self._queue, self._after, 1)

    async def is_settled(self) -> bool:
        return not await self._database.messages(self._queue, 0, 1)

    def _item(self, message: Message) -> Item:
        key = f"#{message.id}" if message.key is None else message.key
        body = msgspec.json.encode(message)
        return Item(message.id, key, body, message, 2 * len(body))
