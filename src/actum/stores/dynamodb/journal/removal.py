"""How events, streams and replies are removed from DynamoDB, in steps that resume after an interruption.

What is removed leaves its chunk before it leaves its stream: so a reader that misses it can tell an event
that is gone from one that is landing.
"""

import uuid
from collections.abc import Sequence
from typing import Any

from actum.errors import Unavailable
from actum.model.deletion import ERASED, deletion
from actum.ports.journal import ClaimKey, Erased, StreamKey
from actum.stores.dynamodb.connection.client import ConditionFailed, DynamoTable, Item, Key, key_item, key_of
from actum.stores.dynamodb.journal.chain import Chain
from actum.stores.dynamodb.journal.claims import CLAIM, read_holding, releasing
from actum.stores.dynamodb.journal.items import (
    EVENT,
    FEED,
    LATEST,
    NO_HEAD,
    REPLY,
    SNAPSHOT,
    Head,
    Part,
    Reference,
    event_place,
    head_key,
    listing_of,
    listing_place,
    number,
    pack,
    partition_of,
    position_of,
    read_head,
    read_parts,
    slot_of,
    slot_place,
)

MAX_ATTEMPTS = 20
PAUSE = 0.5
"""Seconds between two megabytes when a whole table is read."""
BEFORE_ALL, AFTER_ALL = " ", "~"


class Remover:
    """Removes what is in a table."""

    def __init__(self, table: DynamoTable, chain: Chain) -> None:
        self._table = table
        self._chain = chain

    def __repr__(self) -> str:
        return f"<Remover in {self._table.name}>"

    async def prune(self, stream: StreamKey, up_to: int) -> int:
        """Removes events up to a version, never the last one, and returns how many."""
        for attempt in range(1, MAX_ATTEMPTS + 1):
            head = read_head(await self._table.get(head_key(stream)))
            cut = max(min(up_to, head.version - 1), head.pruned)
            if cut <= 0:
                return 0
            if cut == head.pruned or (
                await self._shows_all(stream, head.pruned, cut) and await self._mark_pruned(stream, head, cut)
            ):
                return await self._remove_up_to(stream, cut)
            await self._table.pause(attempt)
        raise Unavailable(f"{self._table.name}: other processes were first {MAX_ATTEMPTS} times: try again")

    async def erase(
        self,
        stream: StreamKey,
        time: int,
        since: int | None = None,
        *,
        why: str = ERASED,
        version: int | None = None,
    ) -> Erased:
        """Removes a stream with its snapshot and replies, and adds its erasure to the feed.

        With `version`, only a stream at that version; one whose erasure was begun before is removed anyway.
        """
        for attempt in range(1, MAX_ATTEMPTS + 1):
            head = read_head(await self._table.get(head_key(stream)))
            before = await self._erased_at(stream)
            if since is not None and before > since and not head.is_erasing:
                return Erased(0, before)
            if version not in (None, head.version) and not head.is_erasing:
                return Erased(0, before)
            if (
                head == NO_HEAD
                or head.is_erasing
                or (
                    await self._shows_all(stream, head.pruned, head.version)
                    and await self._mark_erased(stream, head, time, why)
                )
            ):
                return Erased(await self._remove_all(stream), await self._erased_at(stream))
            await self._table.pause(attempt)
        raise Unavailable(f"{self._table.name}: other processes were first {MAX_ATTEMPTS} times: try again")

    async def forget(self, before: int) -> int:
        """Deletes replies older than a time, and returns how many; reads the whole table, slowly."""
        forgotten = 0
        found = self._table.scan(
            pause=PAUSE,
            ConsistentRead=False,
            FilterExpression="begins_with(s, :r) AND t < :t",
            ExpressionAttributeValues={":r": {"S": REPLY}, ":t": number(before)},
            ProjectionExpression="p, s",
        )
        async for item in found:
            try:
                await self._table.call(
                    "delete_item",
                    Key=key_item(key_of(item)),
                    ConditionExpression="t < :t",
                    ExpressionAttributeValues={":t": number(before)},
                )
            except ConditionFailed:
                continue
            forgotten += 1
        return forgotten

    async def _shows_all(self, stream: StreamKey, after: int, up_to: int) -> bool:
        """Whether all events to be removed are visible; one that is landing would be left behind."""
        version = after
        async for item in self._table.query(
            partition_of(stream), event_place(after + 1), event_place(LATEST)
        ):
            if version >= up_to or int(item["a"]["N"]) > version + 1:
                break
            version = int(item["s"]["S"].removeprefix(EVENT), 16)
        return version >= up_to

    async def _mark_pruned(self, stream: StreamKey, head: Head, cut: int) -> bool:
        mark = {
            "Key": key_item(head_key(stream)),
            "UpdateExpression": "SET d = :d",
            "ConditionExpression": "f = :f AND d = :o",
            "ExpressionAttributeValues": {
                ":d": number(cut),
                ":o": number(head.pruned),
                ":f": number(head.first_position),
            },
        }
        # The snapshot contains what is removed.
        return await self._transact({"Update": mark}, _deletion((partition_of(stream), SNAPSHOT)))

    async def _erased_at(self, stream: StreamKey) -> int:
        """Returns the position at which a stream was erased last, or 0."""
        item = await self._table.get((partition_of(stream), event_place(0)))
        return 0 if item is None else position_of(slot_of(item), 1)

    async def _mark_erased(self, stream: StreamKey, head: Head, time: int, why: str) -> bool:
        [slot] = await self._chain.reserve(1)
        mark = {
            "Item": {**key_item(head_key(stream)), "x": {"BOOL": True}},
            # A slot that was reserved early would put it before events that it must follow.
            "ConditionExpression": "f = :f AND v = :v AND o < :o",
            "ExpressionAttributeValues": {
                ":f": number(head.first_position),
                ":v": number(head.version),
                ":o": number(position_of(slot, 1)),
            },
        }
        place = listing_place(head.first_time, head.first_position)
        token = str(uuid.uuid4())
        chunk = {**self._chain.chunk(slot, token), "r0": {"B": pack(Reference(*stream, 0, 1))}}
        is_marked = await self._transact(
            {"Put": {"Item": chunk, "ConditionExpression": "attribute_not_exists(p)"}},
            {"Put": {"Item": _fact(stream, slot, time, why)}},
            {"Put": mark},
            _deletion((listing_of(stream[0]), place)),
            _deletion((partition_of(stream), SNAPSHOT)),
        )
        # Sent twice, it may have landed the first time.
        return await self._chain.settle(slot) == token or is_marked

    async def _remove_up_to(self, stream: StreamKey, cut: int) -> int:
        removed = 0
        async for item in self._table.query(partition_of(stream), event_place(1), event_place(LATEST)):
            if int(item["a"]["N"]) > cut:
                break
            parts = read_parts(item)
            kept = [left for part in parts if (left := _after(part, cut)) is not None]
            removed += _count(parts) - _count(kept)
            if not kept:
                await self._remove_record(item)
                continue
            await self._cut_record(item, kept)
        return removed

    async def _cut_record(self, item: Item, kept: list[Part]) -> None:
        try:
            await self._table.call(
                "update_item",
                Key=key_item(key_of(item)),
                UpdateExpression="SET e = :e, a = :a",
                ConditionExpression="c = :c AND a < :a",
                ExpressionAttributeValues={
                    ":e": {"B": pack(kept)},
                    ":a": number(kept[0].version),
                    ":c": item["c"],
                },
            )
        except ConditionFailed:
            # Another process has cut it further, or removed it.
            return

    async def _remove_all(self, stream: StreamKey) -> int:
        removed = 0
        leaving: list[Key] = []
        async for item in self._table.query(partition_of(stream), BEFORE_ALL, AFTER_ALL):
            key = key_of(item)
            if key[1] == event_place(0):
                continue
            if key[1].startswith(CLAIM):
                await self._release(stream, read_holding(stream, item))
                continue
            if key[1].startswith(EVENT):
                removed += _count(read_parts(item))
                await self._leave_chunk(item)
            if key != head_key(stream):
                leaving.append(key)
        await self._table.delete_many(leaving)
        try:
            await self._table.call(
                "delete_item", Key=key_item(head_key(stream)), ConditionExpression="attribute_exists(x)"
            )
        except ConditionFailed:
            # There was none.
            return removed
        return removed

    async def _release(self, stream: StreamKey, claim: ClaimKey) -> None:
        """Releases a claim of a stream that is being erased, unless another process has finished that."""
        check = {"Key": key_item(head_key(stream)), "ConditionExpression": "attribute_exists(x)"}
        await self._transact({"ConditionCheck": check}, *releasing(claim, stream[1]))

    async def _remove_record(self, item: Item) -> None:
        await self._leave_chunk(item)
        await self._table.delete_many([key_of(item)])

    async def _leave_chunk(self, item: Item) -> None:
        try:
            await self._table.call(
                "update_item",
                Key=key_item((FEED, slot_place(slot_of(item)))),
                UpdateExpression=f"REMOVE {item['n']['S']}",
                ConditionExpression="attribute_exists(p)",
            )
        except ConditionFailed:
            # Its chunk is not visible yet, and the record must not be removed before it.
            raise Unavailable(
                f"{self._table.name}: a transaction is landing at this moment: try again"
            ) from None

    async def _transact(self, *operations: Any) -> bool:
        try:
            await self._table.transact(operations)
        except ConditionFailed:
            return False
        return True


def _fact(stream: StreamKey, slot: int, time: int, why: str) -> Item:
    """Returns the record that says that a stream was erased; it replaces an older one."""
    fact = deletion(0, *stream, time, why)
    part = Part(1, 0, fact.metadata, time, [(fact.type, fact.type_version, fact.payload)])
    return {
        **key_item((partition_of(stream), event_place(0))),
        "a": number(0),
        "c": number(slot),
        "n": {"S": "r0"},
        "e": {"B": pack([part])},
    }


def _deletion(key: Key) -> Item:
    return {"Delete": {"Key": key_item(key)}}


def _after(part: Part, version: int) -> Part | None:
    """Returns the rest of a part after a version."""
    skipped = max(version + 1 - part.version, 0)
    if skipped >= len(part.events):
        return None
    return Part(part.place + skipped, part.version + skipped, part.metadata, part.time, part.events[skipped:])


def _count(parts: Sequence[Part]) -> int:
    return sum(len(part.events) for part in parts)
