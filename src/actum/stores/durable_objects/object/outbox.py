"""Sends events to the feed: at once, and by the alarm until the feed has confirmed them."""

from collections.abc import Callable
from contextlib import suppress

import msgspec

from actum.errors import Unavailable
from actum.stores.durable_objects.object.history import History, as_page
from actum.stores.durable_objects.object.platform import Latch, Platform
from actum.stores.durable_objects.refusal import Answer, refused
from actum.stores.durable_objects.wire_feed import FeedCall, Forget, Take, Taken

SOON = 5_000_000
"""Microseconds after a write when the alarm checks whether the feed has confirmed it."""
LATE = 1_000_000
"""Microseconds until the alarm retries after a failure."""
PATIENCE = 5.0
"""Seconds for which a call waits for another call's hand-over before it checks again."""
ATTEMPTS = 3

decode_answer: Callable[[bytes | str], Answer] = msgspec.json.Decoder(Answer).decode


class Outbox:
    """Sends events in order, one message at a time; what accumulates meanwhile goes with the next."""

    def __init__(self, platform: Platform, history: History) -> None:
        self._platform = platform
        self._history = history
        self._under_way: Latch | None = None
        self._alarm = history.next_due() or 0

    def woken(self) -> None:
        """Notes that the alarm has gone off."""
        self._alarm = 0

    def wake_at(self, moment: int) -> None:
        """Makes sure that the alarm goes off at that time or before."""
        if not self._alarm or moment < self._alarm:
            self._alarm = moment
            self._platform.set_alarm(moment)

    def wake_soon(self) -> None:
        """Sets the alarm that guarantees the hand-over; called before the events are written."""
        self.wake_at(self._platform.now() + SOON)

    def wake_when_needed(self) -> None:
        """Sets the alarm for what remains to be done, if anything."""
        if self._history.confirmed < self._history.version:
            self.wake_at(self._platform.now() + LATE)
        due = self._history.next_due()
        if due is not None:
            self.wake_at(due)

    async def position(self, version: int) -> int:
        """Returns the position of an event, once the feed has numbered it; 0 if there is no such event."""
        attempts = 0
        while self._history.confirmed < version:
            under_way = self._under_way
            if under_way is not None:
                await under_way.wait(PATIENCE)
                if self._under_way is under_way:
                    self._under_way = None  # The call was cut off; the feed knows what it has received.
                continue
            attempts += 1
            try:
                await self._hand_on()
            except Unavailable as error:
                if attempts >= ATTEMPTS:
                    raise Unavailable(
                        f"{self._history.kind}/{self._history.id}: it is written, but the feed has not "
                        f"confirmed it yet ({error}); send it again with the same idempotency key"
                    ) from error
        return self._history.position(version)

    async def head(self) -> int:
        """Returns the feed's newest position."""
        return (await self._take(Take(self._history.kind, self._history.id, []))).head

    async def drain(self) -> None:
        """Sends everything, as far as the feed takes it."""
        with suppress(Unavailable):
            await self.position(self._history.version)

    async def forget(self, what: Forget) -> int:
        """Has the feed remove what was pruned or erased here; returns the erasure's position, 0 if none."""
        return msgspec.json.decode(await self._ask(what), type=int)

    async def _hand_on(self) -> None:
        latch = self._under_way = self._platform.latch()
        try:
            facts = as_page(self._history.unconfirmed())
            taken = await self._take(Take(self._history.kind, self._history.id, facts))
            self._history.confirm(facts, taken.positions)
        finally:
            if self._under_way is latch:
                self._under_way = None
            latch.open()

    async def _take(self, what: Take) -> Taken:
        return msgspec.json.decode(await self._ask(what), type=Taken)

    async def _ask(self, what: FeedCall) -> bytes:
        answer = decode_answer(
            await self._platform.ask_feed(self._history.space, msgspec.json.encode(what).decode())
        )
        if answer.refusal is not None:
            raise Unavailable(str(refused(answer.refusal, "the feed")))
        return bytes(answer.value)
