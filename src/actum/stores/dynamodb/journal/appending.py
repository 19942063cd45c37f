"""The operations of an append to DynamoDB: read, send, and make sure what has landed."""

import asyncio
from collections.abc import Iterable, Sequence

from actum.model.event import Stored
from actum.ports.journal import ClaimKey, EventRange, Outcome, Repeated, ReplyKey, StreamKey, Write
from actum.stores.dynamodb.connection.client import ConditionFailed, DynamoTable
from actum.stores.dynamodb.journal.append_transaction import AppendTransaction
from actum.stores.dynamodb.journal.chain import Chain
from actum.stores.dynamodb.journal.claims import claim_key
from actum.stores.dynamodb.journal.items import Head, read_reply, reply_key
from actum.stores.dynamodb.journal.removal import Remover
from actum.stores.dynamodb.journal.reserved_slot import ReservedSlot
from actum.stores.dynamodb.journal.streams import Reader
from actum.stores.outcomes import recognise


class Appender:
    """Sends transactions, and can make sure that an interrupted one does not land later."""

    def __init__(self, table: DynamoTable, chain: Chain, reader: Reader, remover: Remover) -> None:
        self._table = table
        self._chain = chain
        self._reader = reader
        self._remover = remover

    def __repr__(self) -> str:
        return f"<Appender to {self._table.name}>"

    async def landed(self, writes: Sequence[Write]) -> list[Outcome] | None:
        """Says what became of an append, once nothing that was sent before can land any more."""
        await self._chain.settle_all()
        heads = await self.heads((write.kind, write.id) for write in writes)
        replies = await self.replies(keys_of(writes))
        ranges = {
            ((write.kind, write.id), write.expected, write.expected + len(write.events)): write
            for write in writes
            if write.events
        }
        events = await asyncio.gather(
            *(self._reader.events(EventRange(*stream, after, up_to)) for stream, after, up_to in ranges)
        )
        found: dict[tuple[StreamKey, int, int], list[Stored]] = dict(zip(ranges, events, strict=True))
        return recognise(
            writes,
            head=await self._chain.head(),
            version_of=lambda stream: heads[stream].version,
            reply_of=replies.get,
            events_of=lambda stream, after, up_to: found.get((stream, after, up_to), []),
        )

    async def heads(self, streams: Iterable[StreamKey]) -> dict[StreamKey, Head]:
        """Returns the heads of streams, once no erasure of one of them is half done."""
        heads = await self._reader.heads(list(dict.fromkeys(streams)))
        for stream, head in heads.items():
            if head.is_erasing:
                await self._remover.erase(stream, 0)
        return heads

    async def replies(self, keys: Sequence[ReplyKey]) -> dict[ReplyKey, Repeated]:
        """Returns the replies that are stored."""
        found = await self._table.get_many(map(reply_key, keys))
        return {key: read_reply(found[reply_key(key)]) for key in keys if reply_key(key) in found}

    async def holders(self, claims: Sequence[ClaimKey]) -> dict[ClaimKey, str]:
        """Returns who holds claims, of those that somebody holds."""
        if not claims:
            return {}
        found = await self._table.get_many(map(claim_key, claims))
        return {claim: found[claim_key(claim)]["i"]["S"] for claim in claims if claim_key(claim) in found}

    async def head(self) -> int:
        """Returns the position of the last event that readers can see."""
        return await self._chain.head()

    async def reserve(self, count: int) -> list[ReservedSlot]:
        """Returns slots in the feed that no other writer has."""
        return [ReservedSlot(slot) for slot in await self._chain.reserve(count)] if count else []

    async def send(self, transaction: AppendTransaction, reserved: ReservedSlot) -> AppendTransaction | None:
        """Sends a transaction; returns the one that has landed in the slot, or None."""
        token = reserved.token_for(transaction)
        chunk = self._chain.chunk(reserved.slot, token)
        try:
            await self._table.transact(transaction.operations(reserved.slot, chunk), token)
        except ConditionFailed:
            # An earlier one may have landed in the meantime, or this one itself, if it was sent twice.
            return reserved.found(await self._chain.look(reserved.slot))
        self._chain.filled(reserved.slot)
        return reserved.found(token)

    async def settle(self, reserved: ReservedSlot) -> AppendTransaction | None:
        """Makes sure that nothing more lands in a reserved slot; returns what has landed there."""
        return reserved.found(await self._chain.settle(reserved.slot))

    async def pause(self, attempt: int) -> None:
        """Waits before another attempt."""
        await self._table.pause(attempt)

    @property
    def name(self) -> str:
        """The table's name, as messages show it."""
        return self._table.name


def keys_of(writes: Iterable[Write]) -> list[ReplyKey]:
    """Returns the keys of the writes that have one."""
    return [(write.kind, write.id, write.key) for write in writes if write.key is not None]
