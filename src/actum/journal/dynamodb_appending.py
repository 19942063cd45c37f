"""How an append reaches DynamoDB: cut into transactions, sent side by side, and decided anew where one is lost."""

import asyncio
from collections.abc import Iterable, Sequence

from actum.engine.dynamodb import DynamoTable, Unmet
from actum.errors import Unavailable
from actum.journal.dynamodb_chain import Chain
from actum.journal.dynamodb_items import Head, read_reply, reply_key
from actum.journal.dynamodb_limits import Measure, split, why_too_large
from actum.journal.dynamodb_parcel import Parcel
from actum.journal.dynamodb_removal import Remover
from actum.journal.dynamodb_streams import Reader
from actum.journal.outcomes import decide, recognise
from actum.journal.port import Collided, Landed, Outcome, Refused, Repeated, ReplyKey, StreamKey, Write
from actum.model.event import Stored

MOST_ATTEMPTS = 20
MOST_AT_ONCE = 8


class Appender:
    """Writes appends, and can make sure that one that was interrupted lands no more."""

    def __init__(self, table: DynamoTable, chain: Chain, reader: Reader, remover: Remover) -> None:
        self._table = table
        self._chain = chain
        self._reader = reader
        self._remover = remover

    def __repr__(self) -> str:
        return f"<Appender to {self._table.name}>"

    async def append(self, writes: Sequence[Write]) -> list[Outcome]:
        """Gives the outcome of each write."""
        return await _Append(self, writes).run() if writes else []

    async def landed(self, writes: Sequence[Write]) -> list[Outcome] | None:
        """Says what became of an append, once none that was sent before can land any more."""
        await self._chain.settle_all()
        heads = await self.heads((write.kind, write.id) for write in writes)
        replies = await self.replies(_keys(writes))
        ranges = {
            ((write.kind, write.id), write.expected, write.expected + len(write.events)): write
            for write in writes
            if write.events
        }
        events = await asyncio.gather(
            *(self._reader.events(stream, after=after, up_to=up_to) for stream, after, up_to in ranges)
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
        """Gives how streams stand, when the erasing of none of them is half done."""
        heads = await self._reader.heads(list(dict.fromkeys(streams)))
        for stream, head in heads.items():
            if head.is_erasing:
                await self._remover.erase(stream)
        return heads

    async def replies(self, keys: Sequence[ReplyKey]) -> dict[ReplyKey, Repeated]:
        """Gives the replies that are kept."""
        found = await self._table.get_many(map(reply_key, keys))
        return {key: read_reply(found[reply_key(key)]) for key in keys if reply_key(key) in found}

    async def head(self) -> int:
        """Gives the position of the last event that readers can see."""
        return await self._chain.head()

    async def reserve(self, count: int) -> list[tuple[int, str]]:
        """Gives slots, each with a token."""
        return await self._chain.reserve(count)

    async def send(self, parcel: Parcel, slot: int, token: str, head: int) -> bool:
        """Sends a parcel, and says whether it landed; afterwards its slot is filled in any case."""
        chunk = self._chain.chunk(slot, token)
        try:
            await self._table.transact(parcel.operations(slot, chunk, head), token)
        except Unmet:
            # It may have landed the first time, and been refused when it was sent again.
            return await self._chain.settle(slot, token)
        self._chain.filled(slot)
        return True

    async def pause(self, attempt: int) -> None:
        """Waits before another attempt."""
        await self._table.pause(attempt)

    @property
    def name(self) -> str:
        """The table, as messages name it."""
        return self._table.name


class _Append:
    """One append on its way: what is decided of it, and what is still to be."""

    def __init__(self, appender: Appender, writes: Sequence[Write]) -> None:
        self._appender = appender
        self._writes = writes
        self._outcomes: dict[int, Outcome] = {}
        self._pending = list(range(len(writes)))
        self._versions: dict[StreamKey, int] = {}
        self._replies: dict[ReplyKey, Repeated] = {}
        self._knows_all = False
        self._head = 0

    async def run(self) -> list[Outcome]:
        parts = split(self._writes)
        await self._refuse_too_large(parts)
        await self._look_up(parts)
        losses = 0
        while self._pending:
            await self._decide()
            if await self._send_some():
                continue
            losses += 1
            if losses == MOST_ATTEMPTS:
                raise Unavailable(
                    f"{self._appender.name}: other processes were first {losses} times: send again"
                )
            await self._appender.pause(losses)
            await self._learn()
        return [self._outcomes[number] for number in range(len(self._writes))]

    async def _refuse_too_large(self, parts: list[list[list[int]]]) -> None:
        refused = {
            number: Refused(why)
            for component in parts
            for part in component
            if (why := why_too_large([self._writes[number] for number in part])) is not None
            for number in part
        }
        if not refused:
            return
        await self._learn()
        spoiled: set[StreamKey] = set()
        # A component is cut between groups, so what follows a part that falls is all that falls with it.
        for component in parts:
            for part in component:
                if not spoiled.isdisjoint(self._stream(number) for number in part) or part[0] in refused:
                    spoiled |= {self._stream(number) for number in part}
                    for number in part:
                        self._outcomes[number] = refused.get(number) or Collided(
                            self._versions[self._stream(number)]
                        )
        self._pending = [number for number in self._pending if number not in self._outcomes]

    async def _look_up(self, parts: list[list[list[int]]]) -> None:
        """Asks for what writes without events need to know: how their streams stand, and the journal's head."""
        held = {
            self._stream(numbers[0])
            for component in parts
            if not any(_keeps(self._writes[number]) for numbers in component for number in numbers)
            for numbers in component
        }
        if held and not self._knows_all:
            heads = await self._appender.heads(held)
            self._versions |= {stream: head.version for stream, head in heads.items()}
        if any(not write.events for write in self._writes):
            self._head = await self._appender.head()

    async def _learn(self) -> None:
        """Finds out how the streams of what is pending stand, and which of its keys are taken."""
        pending = [self._writes[number] for number in self._pending]
        heads = await self._appender.heads((write.kind, write.id) for write in pending)
        self._replies = await self._appender.replies(_keys(pending))
        self._versions = {stream: head.version for stream, head in heads.items()}
        self._knows_all = True

    async def _decide(self) -> None:
        """Settles what does not land; until something says otherwise, streams are where they are expected."""
        outcomes = self._decided()
        if not self._knows_all and not all(type(outcome) is Landed for outcome in outcomes):
            await self._learn()
            outcomes = self._decided()
        for number, outcome in zip(self._pending, outcomes, strict=True):
            if type(outcome) is not Landed:
                self._outcomes[number] = outcome
        self._pending = [number for number in self._pending if number not in self._outcomes]

    def _decided(self) -> list[Outcome]:
        pending = [self._writes[number] for number in self._pending]
        expected: dict[StreamKey, int] = {}
        for write in pending:
            expected.setdefault((write.kind, write.id), write.expected)
        return decide(
            pending,
            head=0,
            after=0,
            version_of=lambda stream: self._versions.get(stream, expected[stream]),
            reply_of=self._replies.get,
        )

    async def _send_some(self) -> bool:
        """Sends what can be sent side by side; False if a part of it was lost to another writer."""
        batches = self._pack()
        if not batches:
            return True
        parcels = [Parcel(batch, [self._writes[number] for number in batch]) for batch in batches]
        slots = await self._appender.reserve(len(parcels))
        places = asyncio.Semaphore(MOST_AT_ONCE)

        async def send(parcel: Parcel, slot: int, token: str) -> bool:
            async with places:
                return await self._appender.send(parcel, slot, token, self._head)

        results = await asyncio.gather(
            *(send(parcel, *slot) for parcel, slot in zip(parcels, slots, strict=True)),
            return_exceptions=True,
        )
        failures = [result for result in results if isinstance(result, BaseException)]
        if failures:
            raise failures[0]
        for parcel, (slot, _), has_landed in zip(parcels, slots, results, strict=True):
            if has_landed:
                self._take(parcel, slot)
        self._pending = [number for number in self._pending if number not in self._outcomes]
        return all(results)

    def _take(self, parcel: Parcel, slot: int) -> None:
        positions = parcel.positions(slot, self._head)
        for number, position in zip(parcel.numbers, positions, strict=True):
            self._outcomes[number] = Landed(position)
            write = self._writes[number]
            if write.events:
                self._versions[write.kind, write.id] = write.expected + len(write.events)
            if write.key is not None:
                self._replies[write.kind, write.id, write.key] = Repeated(write.call, write.reply, position)
        self._head = max(self._head, *positions)

    def _pack(self) -> list[list[int]]:
        """Gives the numbers of the writes that go into each transaction; what waits for them goes later."""
        pending = [self._writes[number] for number in self._pending]
        batches: list[list[int]] = []
        room = Measure()
        for component in split(pending):
            numbers = [self._pending[place] for part in component for place in part]
            if not any(_keeps(self._writes[number]) for number in numbers):
                # How its streams stand was asked just now, and there is nothing to write.
                self._outcomes.update((number, Landed(self._head)) for number in numbers)
                continue
            chosen: list[int] = []
            alone = Measure()
            for part in component:
                alone.add(pending[place] for place in part)
                if not alone.fits:
                    break
                chosen += (self._pending[place] for place in part)
            room.add(self._writes[number] for number in chosen)
            if not batches or not room.fits:
                batches.append([])
                room = Measure()
                room.add(self._writes[number] for number in chosen)
            batches[-1] += chosen
        self._pending = [number for number in self._pending if number not in self._outcomes]
        return [sorted(batch) for batch in batches]

    def _stream(self, number: int) -> StreamKey:
        return self._writes[number].kind, self._writes[number].id


def _keeps(write: Write) -> bool:
    """Whether the journal keeps anything of a write."""
    return bool(write.events) or write.key is not None


def _keys(writes: Iterable[Write]) -> list[ReplyKey]:
    return [(write.kind, write.id, write.key) for write in writes if write.key is not None]
