"""One append to DynamoDB: sent as parallel transactions, and decided again where one of them loses."""

import asyncio
from collections.abc import Mapping, Sequence

from actum.errors import Unavailable
from actum.ports.journal import (
    ClaimKey,
    Collided,
    Held,
    Landed,
    Outcome,
    Refused,
    Repeated,
    ReplyKey,
    StreamKey,
    Write,
)
from actum.stores.dynamodb.journal.append_transaction import AppendTransaction
from actum.stores.dynamodb.journal.appending import Appender, keys_of
from actum.stores.dynamodb.journal.items import Head, position_of
from actum.stores.dynamodb.journal.limits import Measure, split, why_too_large
from actum.stores.dynamodb.journal.reserved_slot import ReservedSlot
from actum.stores.outcomes import claim_keys, decide

MAX_ATTEMPTS = 20
MAX_AT_ONCE = 8


class Append:
    """An append: what is decided, and what is still pending."""

    def __init__(self, appender: Appender, writes: Sequence[Write]) -> None:
        self._appender = appender
        self._writes = writes
        self._outcomes: dict[int, Outcome] = {}
        self._pending = list(range(len(writes)))
        self._versions: dict[StreamKey, int] = {}
        self._places: dict[StreamKey, int] = {}
        self._replies: dict[ReplyKey, Repeated] = {}
        self._holders: dict[ClaimKey, str] = {}
        self._reserved: list[ReservedSlot] = []
        self._knows_all = False
        self._head = 0

    async def run(self) -> list[Outcome]:
        """Returns the outcome of each write."""
        if not self._writes:
            return []
        parts = split(self._writes)
        await self._refuse_too_large(parts)
        await self._look_up(parts)
        losses = 0
        while self._pending:
            if await self._advance():
                continue
            losses += 1
            if losses == MAX_ATTEMPTS:
                raise Unavailable(
                    f"{self._appender.name}: other processes were first {losses} times: try again"
                )
            await self._appender.pause(losses)
            await self._learn()
        return [self._outcomes[number] for number in range(len(self._writes))]

    async def _advance(self) -> bool:
        """Decides, and sends what can be sent in parallel; False if the streams must be read again first."""
        decided = self._decided()
        if not self._knows_all and not all(type(outcome) is Landed for outcome in decided.values()):
            await self._learn()
            decided = self._decided()
        batches, settled = self._pack(decided)
        transactions = [
            AppendTransaction(
                batch, [self._writes[number] for number in batch], self._head, dict(self._holders)
            )
            for batch in batches
        ]
        reserved_slots = await self._slots_for(transactions)
        if reserved_slots is None:
            return False
        for number in settled:
            outcome = decided[number]
            self._outcomes[number] = Landed(self._head) if type(outcome) is Landed else outcome
        landed = await self._send(transactions, reserved_slots)
        if landed:
            self._settle_failed(decided)
        self._reserved = [reserved for reserved in reserved_slots if not reserved.is_taken]
        self._pending = [number for number in self._pending if number not in self._outcomes]
        return landed

    def _settle_failed(self, decided: Mapping[int, Outcome]) -> None:
        """Notes what does not land, once all that it was decided with has landed.

        Decided again without what landed, a write could get a value that a later one has released.
        """
        if any(type(one) is Landed and number not in self._outcomes for number, one in decided.items()):
            return
        for number, outcome in decided.items():
            if isinstance(outcome, Held | Collided):
                self._outcomes.setdefault(number, outcome)

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
        # A component is cut between groups, so a refused part takes exactly the parts after it with it.
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
        """Reads the holders of claims; for writes without events, the versions of streams and the head."""
        self._holders = await self._appender.holders(claim_keys(self._writes))
        held = {
            self._stream(numbers[0])
            for component in parts
            if not any(_keeps(self._writes[number]) for numbers in component for number in numbers)
            for numbers in component
        }
        if held and not self._knows_all:
            heads = await self._appender.heads(held)
            self._versions |= self._seen(heads)
        if any(not write.events for write in self._writes):
            self._head = await self._appender.head()

    async def _learn(self) -> None:
        """Reads the versions of all pending streams, and which of the pending keys are taken."""
        self._pending = [number for number in self._pending if number not in self._outcomes]
        pending = [self._writes[number] for number in self._pending]
        heads = await self._appender.heads((write.kind, write.id) for write in pending)
        self._replies = await self._appender.replies(keys_of(pending))
        self._holders = await self._appender.holders(claim_keys(pending))
        self._versions = self._seen(heads)
        self._places = {stream: head.position for stream, head in heads.items()}
        self._knows_all = True

    def _decided(self) -> dict[int, Outcome]:
        """Returns the outcome of each write; unread streams are assumed to be at the expected version."""
        pending = [self._writes[number] for number in self._pending]
        expected: dict[StreamKey, int] = {}
        for write in pending:
            expected.setdefault((write.kind, write.id), write.expected)
        outcomes = decide(
            pending,
            head=0,
            after=0,
            version_of=lambda stream: self._versions.get(stream, expected[stream]),
            reply_of=self._replies.get,
            holder_of=self._holders.get,
        )
        return dict(zip(self._pending, outcomes, strict=True))

    def _pack(self, decided: Mapping[int, Outcome]) -> tuple[list[list[int]], list[int]]:
        """Returns the writes that go into each transaction, and those that need none.

        A write that has to wait for one of these is decided again afterwards.
        """
        batches: list[list[int]] = []
        settled: list[int] = []
        room = Measure()
        for component in split([self._writes[number] for number in self._pending]):
            parts = [[self._pending[place] for place in part] for part in component]
            landing = [number for part in parts for number in part if type(decided[number]) is Landed]
            if not any(_keeps(self._writes[number]) for number in landing):
                # Its streams were read just now, and there is nothing to write.
                settled += (number for part in parts for number in part)
                continue
            chosen = self._fitting(parts, decided)
            room.add(self._writes[number] for number in chosen)
            if not batches or not room.fits:
                batches.append([])
                room = Measure()
                room.add(self._writes[number] for number in chosen)
            batches[-1] += chosen
        return [sorted(batch) for batch in batches], settled

    def _fitting(self, parts: list[list[int]], decided: Mapping[int, Outcome]) -> list[int]:
        """Returns the writes that land from the first parts, as many as fit into a transaction."""
        chosen: list[int] = []
        measure = Measure()
        for part in parts:
            landing = [number for number in part if type(decided[number]) is Landed]
            measure.add(self._writes[number] for number in landing)
            if not measure.fits:
                break
            chosen += landing
        return chosen

    async def _slots_for(self, transactions: Sequence[AppendTransaction]) -> list[ReservedSlot] | None:
        """Returns a reserved slot for each transaction; None if a leftover slot turns out to hold something.

        A slot that was not filled is used again, so that what was behind it in the feed stays behind it,
        unless a stream of the transaction has gone past it.
        """
        free = self._reserved
        found: list[ReservedSlot | None] = []
        for transaction in transactions:
            passed = max((self._places.get(stream, 0) for stream in transaction.streams), default=0)
            fits = bool(free) and position_of(free[0].slot, 0) > passed
            found.append(free[0] if fits else None)
            free = free[1:] if fits else free
        self._reserved = [reserved for reserved in found if reserved is not None]
        surprises = [one for one in await asyncio.gather(*map(self._appender.settle, free)) if one]
        for reserved in free:
            self._take(reserved)
        if any(surprises):
            return None
        fresh = iter(await self._appender.reserve(found.count(None)))
        return [reserved or next(fresh) for reserved in found]

    async def _send(
        self, transactions: Sequence[AppendTransaction], reserved_slots: Sequence[ReservedSlot]
    ) -> bool:
        """Sends transactions, not too many at once, and says whether all of them landed."""
        places = asyncio.Semaphore(MAX_AT_ONCE)

        async def send(transaction: AppendTransaction, reserved: ReservedSlot) -> bool:
            async with places:
                return await self._appender.send(transaction, reserved) is transaction

        results = await asyncio.gather(
            *(
                send(transaction, reserved)
                for transaction, reserved in zip(transactions, reserved_slots, strict=True)
            ),
            return_exceptions=True,
        )
        for result in results:
            if isinstance(result, BaseException):
                raise result
        for reserved in reserved_slots:
            self._take(reserved)
        return all(results)

    def _take(self, reserved: ReservedSlot) -> None:
        """Notes the outcomes of what has landed in a reserved slot."""
        transaction = reserved.transaction
        if transaction is None:
            return
        positions = transaction.positions(reserved.slot)
        for number, position in zip(transaction.numbers, positions, strict=True):
            write = self._writes[number]
            self._outcomes[number] = Landed(position)
            if write.events:
                self._versions[write.kind, write.id] = write.expected + len(write.events)
                self._places[write.kind, write.id] = position
            if write.key is not None:
                self._replies[write.kind, write.id, write.key] = Repeated(write.call, write.reply, position)
        for claim, holder in transaction.claims.after.items():
            if holder is None:
                self._holders.pop(claim, None)
            else:
                self._holders[claim] = holder
        self._head = max(self._head, *positions)

    def _seen(self, heads: Mapping[StreamKey, Head]) -> dict[StreamKey, int]:
        """Returns the versions of streams; 0 for one that was erased and has begun anew since."""
        firsts = {(write.kind, write.id): write.first for write in self._writes if write.first}
        return {
            stream: head.version if firsts.get(stream, head.first_position) == head.first_position else 0
            for stream, head in heads.items()
        }

    def _stream(self, number: int) -> StreamKey:
        return self._writes[number].kind, self._writes[number].id


def _keeps(write: Write) -> bool:
    """Whether the journal stores anything of a write."""
    return bool(write.events) or write.key is not None
