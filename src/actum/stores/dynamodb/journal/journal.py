"""Keeps events in one DynamoDB table, to which several processes may write."""

import asyncio
import contextlib
import logging
import uuid
from collections.abc import Sequence

from actum.errors import Unavailable
from actum.model.deletion import ERASED
from actum.model.event import Stored
from actum.ports.journal import (
    ClaimKey,
    Erased,
    EventRange,
    Journal,
    Loaded,
    Outcome,
    Repeated,
    ReplyKey,
    Snapshot,
    StreamKey,
    StreamListing,
    StreamPage,
    Write,
)
from actum.stores.dynamodb.connection.client import ConditionFailed, DynamoTable, key_item
from actum.stores.dynamodb.journal.append import Append
from actum.stores.dynamodb.journal.appending import Appender
from actum.stores.dynamodb.journal.chain import Chain
from actum.stores.dynamodb.journal.claims import taking
from actum.stores.dynamodb.journal.items import IDENTITY, PLACE_BITS, SNAPSHOT, head_key, number, partition_of
from actum.stores.dynamodb.journal.limits import ITEM_OVERHEAD, MAX_ITEM
from actum.stores.dynamodb.journal.listing import list_streams
from actum.stores.dynamodb.journal.removal import Remover
from actum.stores.dynamodb.journal.streams import Reader
from actum.stores.dynamodb.journal.transfer import DynamoJournalTransfer
from actum.stores.dynamodb.person_keys import DynamoPersonKeys

FIRST_POLL = 0.02
MAX_POLL_TIME = 1.0
MAX_REPLIES = 100
"""Replies that are requested at once, each of 400 KB at most."""

log: logging.Logger = logging.getLogger("actum.dynamodb")


class DynamoJournal(Journal):
    """Events in DynamoDB, written by any number of processes.

    Positions grow with the slots of the chain behind the feed, and have gaps.
    """

    is_shared = True
    why_no_states = (
        "an append to a DynamoDB table cannot remove the events before it in its transaction; let the entity "
        "declare events, or keep it in SQLite or PostgreSQL"
    )

    def __init__(self, table: DynamoTable) -> None:
        self._table = table
        self.person_keys = DynamoPersonKeys(table)
        self.transfer = DynamoJournalTransfer(table)
        self._chain = Chain(table)
        self._reader = Reader(table)
        self._remover = Remover(table, self._chain)
        self._appender = Appender(table, self._chain, self._reader, self._remover)
        self._arrival = asyncio.Event()
        self._is_closed = False

    def __repr__(self) -> str:
        return f"<DynamoJournal {self._table.name}>"

    async def identity(self) -> str:
        self._check_open()
        with contextlib.suppress(ConditionFailed):
            # The first process gives the table its identity.
            await self._table.put({**key_item(IDENTITY), "i": {"S": uuid.uuid4().hex}}, only_new=True)
        item = await self._table.get(IDENTITY)
        if item is None:
            raise Unavailable(
                f"{self._table.name}: its identity is missing, so items were deleted: restore a backup"
            )
        return str(item["i"]["S"])

    async def append(self, writes: Sequence[Write]) -> list[Outcome]:
        self._check_open()
        try:
            return await Append(self._appender, writes).run()
        finally:
            self._notify()

    async def landed(self, writes: Sequence[Write]) -> list[Outcome] | None:
        self._check_open()
        return await self._appender.landed(writes)

    async def load(self, streams: Sequence[StreamKey], fingerprints: dict[str, str]) -> list[Loaded]:
        self._check_open()
        return await self._reader.load(streams, fingerprints)

    async def read(self, part: EventRange) -> list[Stored]:
        self._check_open()
        return await self._reader.events(part)

    async def replies(self, keys: Sequence[ReplyKey]) -> list[Repeated | None]:
        self._check_open()
        keys = keys[:MAX_REPLIES]
        found = await self._appender.replies(keys)
        return [found.get(key) for key in keys]

    async def holders(self, claims: Sequence[ClaimKey]) -> list[str | None]:
        self._check_open()
        found = await self._appender.holders(claims)
        return [found.get(claim) for claim in claims]

    async def restore_claims(self, claims: Sequence[tuple[ClaimKey, str]]) -> int:
        self._check_open()
        restored = 0
        for claim, id in claims:
            with contextlib.suppress(ConditionFailed):
                await self._table.transact(taking(claim, id))
                restored += 1
        return restored

    async def streams(self, listing: StreamListing) -> StreamPage:
        self._check_open()
        return await list_streams(self._table, self._reader, listing)

    async def feed(self, after: int, limit: int) -> list[Stored]:
        self._check_open()
        return await self._reader.feed(after, limit)

    async def head(self) -> int:
        self._check_open()
        return await self._chain.head()

    async def position_before(self, position: int, count: int) -> int:
        # Every slot has an event at least.
        return max(0, position - (count << PLACE_BITS))

    async def last(self) -> int:
        self._check_open()
        return await self._chain.last()

    async def wait(self, after: int) -> None:
        pause = FIRST_POLL
        whole = -1
        while True:
            self._check_open()
            arrival = self._arrival
            await self._chain.advance()
            # Other processes move the chain on while this one reads its head.
            seen, whole = whole, self._chain.contiguous
            if whole != seen and await self._chain.head() > after:
                return
            # What a missing slot holds up becomes visible without a notification.
            pause = FIRST_POLL if self._chain.is_held_up else min(pause * 1.5, MAX_POLL_TIME)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(arrival.wait(), pause)

    async def save_snapshot(self, kind: str, id: str, snapshot: Snapshot) -> None:
        self._check_open()
        stream = (kind, id)
        partition = partition_of(stream)
        if len(partition.encode()) + len(snapshot.state) + ITEM_OVERHEAD > MAX_ITEM:
            log.warning(
                "%s/%s: a snapshot of %d bytes does not fit into an item", kind, id, len(snapshot.state)
            )
            return
        version = {":v": number(snapshot.version)}
        held_by = {**version, ":t": number(snapshot.time)}
        # On condition that the stream has not changed: erasing and pruning must not be undone.
        held = {
            "Key": key_item(head_key(stream)),
            "ConditionExpression": "v >= :v AND d < :v AND u <= :t",
            "ExpressionAttributeValues": held_by,
        }
        kept = {
            "Item": {
                **key_item((partition, SNAPSHOT)),
                "v": number(snapshot.version),
                "t": number(snapshot.time),
                "f": {"S": snapshot.fingerprint},
                "d": {"B": snapshot.state},
            },
            "ConditionExpression": "attribute_not_exists(p) OR v <= :v OR f <> :f",
            "ExpressionAttributeValues": {**version, ":f": {"S": snapshot.fingerprint}},
        }
        with contextlib.suppress(ConditionFailed):
            await self._table.transact([{"ConditionCheck": held}, {"Put": kept}])

    async def prune(self, kind: str, id: str, up_to: int) -> int:
        self._check_open()
        return await self._remover.prune((kind, id), up_to)

    async def erase(
        self,
        kind: str,
        id: str,
        *,
        time: int,
        since: int | None = None,
        why: str = ERASED,
        version: int | None = None,
    ) -> Erased:
        self._check_open()
        try:
            return await self._remover.erase((kind, id), time, since, why=why, version=version)
        finally:
            self._notify()

    async def forget_replies(self, before: int) -> int:
        self._check_open()
        return await self._remover.forget(before)

    async def close(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            self._notify()
            await self._table.close()

    def _check_open(self) -> None:
        if self._is_closed:
            raise Unavailable(f"{self._table.name}: the journal is closed")

    def _notify(self) -> None:
        self._arrival.set()
        self._arrival = asyncio.Event()
