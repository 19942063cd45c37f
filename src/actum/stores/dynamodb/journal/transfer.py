"""Gives and takes a whole journal in DynamoDB: events, replies, claims and keys of persons."""

import contextlib
from collections.abc import AsyncIterator, Collection, Sequence

from actum.errors import StoreError
from actum.model.event import Stored
from actum.ports.journal import ReplyKey, StreamKey
from actum.ports.person_keys import ApplicationKey, PersonKey
from actum.ports.transfer import ClaimTaken, JournalTransfer, Row
from actum.stores.dynamodb.connection.client import ConditionFailed, DynamoTable, Item, Key, key_item, key_of
from actum.stores.dynamodb.journal.claims import (
    CLAIM,
    claim_key,
    holding_key,
    read_holding,
    releasing,
    taking,
)
from actum.stores.dynamodb.journal.items import (
    IDENTITY,
    PLACE_BITS,
    REPLY,
    number,
    partition_of,
    read_reply,
    reply_key,
)
from actum.stores.dynamodb.journal.limits import MAX_ITEM
from actum.stores.dynamodb.journal.restoring import Restoring
from actum.stores.dynamodb.person_keys import (
    END,
    PEOPLE,
    REQUEST,
    DynamoPersonKeys,
    forgetting_items,
)
from actum.stores.statements.carried_tables import CLAIMS, OF_JOURNAL, OF_STREAMS, REPLIES

MAX_EMPTY = 100_000
"""Slots that are left empty at most, so that no event gets a position that another one had."""
KEY_BYTES = 16
"""Bytes of a claim's digest that tell it apart where its name is not known."""


class DynamoJournalTransfer(JournalTransfer):
    """A journal in a DynamoDB table that no application runs on. Events get new positions, in their order."""

    keeps_positions = False

    def __init__(self, table: DynamoTable) -> None:
        self._table = table
        self._people = DynamoPersonKeys(table)
        self._restoring = Restoring(table)
        self._tables = {one.name: one for one in OF_JOURNAL}
        self.tables = (*self._tables, CLAIMS)

    def __repr__(self) -> str:
        return f"<DynamoJournalTransfer {self._table.name}>"

    def columns(self, table: str) -> Sequence[str]:
        return OF_STREAMS[table] if table == CLAIMS else tuple(self._tables[table].columns)

    async def rows(self, table: str, after: Row | None, limit: int) -> list[Row]:
        if table == REPLIES.name:
            return [row async for row in self._replies(after, limit)]
        if table == CLAIMS:
            return [row async for row in self._claims(after, limit)]
        return await self._rows_of_people(table, after, limit)

    async def _rows_of_people(self, table: str, after: Row | None, limit: int) -> list[Row]:
        match table:
            case "person_keys":
                page = await self._people.page("" if after is None else after[1], limit)
                return [(key.person, key.id, key.wrapped, key.under) for key in page]
            case "forgettings":
                found = await self._people.forgettings(0 if after is None else after[0], limit)
                return [(one.number, one.time, one.is_done) for one in found]
            case _ if after is not None:
                # There are so few of the others that they are one page.
                return []
            case "application_keys":
                keys = await self._people.application_keys()
                return [(key.id, key.wrapped, key.time) for key in keys]
            case _:
                requests = self._table.query(PEOPLE, REQUEST, f"{REQUEST}{END}")
                return [(item["n"]["S"],) async for item in requests]

    async def restore(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> int:
        if table == CLAIMS:
            return await self._restore_claims(rows)
        asked = self._tables[table]
        asked.check(columns)
        order = [list(columns).index(name) for name in asked.columns]
        given = [tuple(row[place] for place in order) for row in rows]
        match table:
            case REPLIES.name:
                await self._restoring.put_all([_reply(row) for row in given])
            case "person_keys":
                await self._people.add([PersonKey(*row) for row in given])
            case "application_keys":
                for row in given:
                    await self._people.add_application_key(ApplicationKey(*row))
            case "forgettings":
                await self._restoring.put_all(forgetting_items(given))
            case _:
                await self._people.request([person for (person,) in given])
        return 0

    async def numbers(self) -> dict[str, int]:
        return {"forgettings": await self._people.last()}

    async def restore_numbers(self, numbers: dict[str, int]) -> None:
        if last := numbers.get("forgettings"):
            await self._people.number_from(last)

    async def begin(self, identity: str, last: int) -> None:
        first = (last >> PLACE_BITS) + 1
        if first > MAX_EMPTY:
            raise StoreError(
                f"the export has positions up to {last:,}, and {self._table.name} would have to leave "
                f"{first:,} places of its feed empty to give every event a later one: import into PostgreSQL "
                "or SQLite"
            )
        await self._table.put({**key_item(IDENTITY), "i": {"S": identity}})
        await self._restoring.begin(first)

    async def restore_events(
        self, events: Sequence[Stored], taken: Collection[ClaimTaken], released: Collection[ClaimTaken]
    ) -> Sequence[int]:
        done, positions = await self._restoring.restore(events)
        if not done:
            for kind, name, digest, id in released:
                with contextlib.suppress(ConditionFailed):
                    await self._table.transact(releasing((kind, name, digest), id))
            for claim in taken:
                await self._take(claim)
            await self._restoring.note()
        return positions

    async def finish(self, last: int) -> None:
        """Every event can be read already, and later ones follow."""

    async def _take(self, claim: ClaimTaken) -> None:
        kind, name, digest, id = claim
        key = (kind, name, digest)
        held = await self._table.get(claim_key(key))
        before = None if held is None else held["i"]["S"]
        if before not in (None, id):
            await self._table.transact(releasing(key, before))
        if before != id:
            await self._table.transact(taking(key, id))

    async def _restore_claims(self, rows: Sequence[Row]) -> int:
        lost = 0
        for kind, id, name, digest in rows:
            if name:
                with contextlib.suppress(ConditionFailed):
                    await self._table.transact(taking((kind, name, digest), id))
            else:
                held = self._table.query(partition_of((kind, id)), CLAIM, f"{CLAIM}~")
                lost += not any(
                    [
                        read_holding((kind, id), item)[2][:KEY_BYTES] == digest[:KEY_BYTES]
                        async for item in held
                    ]
                )
        return lost

    async def _replies(self, after: Row | None, limit: int) -> AsyncIterator[Row]:
        start = None if after is None else reply_key(after[:3])
        async for item in self._scan(REPLY, start, limit):
            kind, id = self._stream_of(item)
            key = self._rest_of(item, f"{REPLY}/")
            found = read_reply(item)
            yield kind, id, key, found.call, found.reply, found.position, int(item["t"]["N"])

    async def _claims(self, after: Row | None, limit: int) -> AsyncIterator[Row]:
        start = None if after is None else holding_key((after[0], after[2], after[3]), after[1])
        async for item in self._scan(CLAIM, start, limit):
            stream = self._stream_of(item)
            kind, name, digest = read_holding(stream, item)
            yield kind, stream[1], name, digest

    async def _scan(self, beginning: str, after: Key | None, limit: int) -> AsyncIterator[Item]:
        """Gives items of the table whose sort keys begin with a text, in its own order."""
        asked: Item = {
            "FilterExpression": "begins_with(s, :b) AND begins_with(p, :p)",
            "ExpressionAttributeValues": {":b": {"S": beginning}, ":p": {"S": "stream"}},
        }
        if after is not None:
            asked["ExclusiveStartKey"] = key_item(after)
        left = limit
        async for item in self._table.scan(**asked):
            yield item
            left -= 1
            if not left:
                return

    def _stream_of(self, item: Item) -> StreamKey:
        """Reads kind and id from a partition, which has the length of the kind in it."""
        begun, _, rest = key_of(item)[0].partition("/")
        length, _, names = rest.partition("/")
        if begun != "stream":
            raise self._unlisted(item)
        return names[: int(length)], names[int(length) + 1 :]

    def _rest_of(self, item: Item, beginning: str) -> str:
        place = key_of(item)[1]
        if not place.startswith(beginning):
            raise self._unlisted(item)
        return place.removeprefix(beginning)

    def _unlisted(self, item: Item) -> StoreError:
        return StoreError(
            f"{self._table.name} keeps the digest of an id or key that is too long for it, and not the text, "
            f"of the item {'/'.join(key_of(item))!r}: leave such out with `--without replies` or `--without "
            "claims`"
        )


def _reply(row: Row) -> Item:
    kind, id, key, call, reply, position, time = row
    item: ReplyKey = (kind, id, key)
    if len(reply) + len(call) + len(id) + len(key) > MAX_ITEM - 1_000:
        raise StoreError(
            f"the reply of the key {key!r} to {kind}/{id} has {len(reply):,} bytes, and an item of DynamoDB "
            f"may have {MAX_ITEM:,}: leave replies out with `--without replies`"
        )
    return {
        **key_item(reply_key(item)),
        "c": {"S": call},
        "r": {"B": reply},
        "o": number(position),
        "t": number(time),
    }
