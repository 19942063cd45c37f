"""The chain of slots behind the feed in DynamoDB: numbered by a counter, each filled once and for good.

A writer takes a slot and puts a chunk there in the transaction that writes its events, on condition that
the slot is free. A chunk is never removed. A reader goes from slot to slot and stops at the first one
that is missing, so nothing can appear before a position that it has passed. A slot whose writer is gone is
filled with an empty chunk; the transaction that was meant for it can then never land.
"""

import asyncio

from actum.stores.dynamodb.connection.client import ConditionFailed, DynamoTable, Item, key_item
from actum.stores.dynamodb.journal.items import FEED, SLOTS, number, position_of, references, slot_place

PATIENCE = 1.0
"""Seconds that a missing slot may hold up readers before it is filled; correctness does not depend on it."""

MAX_FILLED = 1_000
HEAD_PAGE = 4
FIRST, LAST = slot_place(1), slot_place(2**47)


class Chain:
    """What this process knows of the chain.

    Every slot up to `contiguous` holds a chunk. Each chunk records how far that was known when it was
    written, so that opening the journal need not begin at 1.
    """

    def __init__(self, table: DynamoTable) -> None:
        self.contiguous: int = 0
        self._table = table
        self._open: set[int] = set()
        self._is_begun = False
        self._missing: list[int] = []
        self._missed_since = 0.0

    def __repr__(self) -> str:
        return f"<Chain whole up to {self.contiguous}, {len(self._open)} slots open>"

    @property
    def is_held_up(self) -> bool:
        """Whether something was written behind a missing slot."""
        return bool(self._missing)

    async def reserve(self, count: int) -> list[int]:
        """Returns slots that no other writer has. They are open until they are known to be filled."""
        if not self._is_begun:
            await self.advance()
        answer = await self._table.call(
            "update_item",
            Key=key_item(SLOTS),
            UpdateExpression="ADD n :n",
            ExpressionAttributeValues={":n": number(count)},
            ReturnValues="UPDATED_NEW",
        )
        last = int(answer["Attributes"]["n"]["N"])
        given = range(last - count + 1, last + 1)
        self._open.update(given)
        return list(given)

    def chunk(self, slot: int, token: str) -> Item:
        """Returns a slot's chunk that names no records yet; its token distinguishes it from any other."""
        key = key_item((FEED, slot_place(slot)))
        return {**key, "b": number(self.contiguous), "w": {"S": token}}

    def filled(self, slot: int) -> None:
        """Notes that a slot holds a chunk."""
        self._open.discard(slot)
        if slot == self.contiguous + 1:
            self.contiguous = slot

    async def look(self, slot: int) -> str | None:
        """Returns the token of the chunk in a slot, or None while there is none."""
        chunk = await self._table.get((FEED, slot_place(slot)))
        if chunk is None:
            return None
        self.filled(slot)
        token: str = chunk["w"]["S"]
        return token

    async def settle(self, slot: int) -> str | None:
        """Makes sure that a slot is filled, so that nothing else can land there; returns its token."""
        token: str | None = ""
        try:
            await self._table.put(self.chunk(slot, ""), only_new=True)
        except ConditionFailed:
            token = await self.look(slot)
        self.filled(slot)
        return token

    async def settle_all(self) -> None:
        """Returns when no transaction that was sent before can land any more."""
        await asyncio.gather(*map(self.settle, tuple(self._open)))

    async def advance(self) -> None:
        """Reads how far the chain goes, and fills what has been missing for too long."""
        if not self._is_begun:
            async for newest in self._table.query(FEED, FIRST, LAST, limit=1, reverse=True):
                self.contiguous = max(self.contiguous, int(newest["b"]["N"]))
                break
            self._is_begun = True
        slot = self.contiguous
        missing: list[int] = []
        async for chunk in self._table.query(FEED, slot_place(slot + 1), LAST):
            found = int(chunk["s"]["S"], 16)
            missing += range(slot + 1, found)[: MAX_FILLED - len(missing)]
            slot = found
            if not missing:
                self.contiguous = max(self.contiguous, slot)
        await self._fill(missing)

    async def head(self) -> int:
        """Returns the position of the last event before the first missing slot, 0 if there is none."""
        await self.advance()
        return await self._last_before(slot_place(self.contiguous))

    async def last(self) -> int:
        """Returns the position of the last event, even behind a missing slot; 0 if there is none."""
        return await self._last_before(LAST)

    async def _last_before(self, end: str) -> int:
        async for chunk in self._table.query(FEED, FIRST, end, limit=HEAD_PAGE, reverse=True):
            named = references(chunk)
            if named:
                return position_of(int(chunk["s"]["S"], 16), max(one.place for one in named))
        return 0

    async def _fill(self, missing: list[int]) -> None:
        now = asyncio.get_running_loop().time()
        if missing[:1] != self._missing[:1]:
            self._missed_since = now
        self._missing = missing
        if missing and now - self._missed_since >= PATIENCE:
            self._missing = []
            await asyncio.gather(*map(self.settle, missing))
            await self.advance()
