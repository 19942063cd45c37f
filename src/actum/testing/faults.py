"""A journal that fails on purpose: as planned, or at random from a seed that repeats the same faults."""

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Sequence
from enum import Enum
from typing import TypeVar

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

T = TypeVar("T")

JOURNAL_METHODS = tuple(sorted(Journal.__abstractmethods__ - {"close"}))
"""Every method of the journal that a fault can meet."""
MAX_DELAY = 20


class Fault(Enum):
    """What goes wrong with one call."""

    BEFORE = "it fails and nothing happens"
    AFTER = "it happens, but fails to answer"
    DELAY = "it is slow"
    TWICE = "it is sent twice"


FAULTS = tuple(Fault)


class Faults:
    """The faults that the calls of a store meet.

    Each call of a method in `methods` meets a fault with probability `rate`; the seed, which `repr` shows,
    decides which. `plan` sets the faults of the next calls, and `met` lists those that were met.
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        rate: float = 0.0,
        methods: Collection[str] = (),
        faults: Sequence[Fault] = FAULTS,
    ) -> None:
        self.rate = rate
        self.met: list[tuple[str, Fault]] = []
        self._seed = seed
        self._chance = random.Random(seed)
        self._methods = frozenset(methods)
        self._faults = faults
        self._plans: dict[str, deque[Fault]] = {}

    def __repr__(self) -> str:
        return f"<Faults, seed {self._seed}, {len(self.met)} met>"

    def plan(self, method: str, *faults: Fault) -> None:
        """Makes the next calls of a method meet these faults, one each."""
        self._plans.setdefault(method, deque()).extend(faults)

    async def meet(self, method: str, call: Callable[[], Awaitable[T]]) -> T:
        """Makes a call, with the fault that it meets, if any."""
        planned = self._plans.get(method)
        fault = planned.popleft() if planned else None
        if fault is None and method in self._methods and self._chance.random() < self.rate:
            fault = self._chance.choice(self._faults)
        if fault is None:
            return await call()
        self.met.append((method, fault))
        if fault is Fault.BEFORE:
            raise Unavailable(f"{method}: {fault.value}")
        if fault is Fault.DELAY:
            for _ in range(self._chance.randint(1, MAX_DELAY)):
                await asyncio.sleep(0)
        result = await call()
        if fault is Fault.TWICE:
            await call()
        if fault is Fault.AFTER:
            raise Unavailable(f"{method}: {fault.value}")
        return result


class FaultyJournal(Faults, Journal):
    """Wraps another journal, whose calls meet faults; `hold` holds calls until `release`."""

    def __init__(
        self,
        journal: Journal,
        *,
        seed: int = 0,
        rate: float = 0.0,
        methods: Collection[str] = JOURNAL_METHODS,
        faults: Sequence[Fault] = FAULTS,
    ) -> None:
        super().__init__(seed=seed, rate=rate, methods=methods, faults=faults)
        self.is_shared: bool = journal.is_shared
        self.why_no_states: str = journal.why_no_states
        self._journal = journal
        self._gates: dict[str, asyncio.Event] = {}
        self._holds_answers = False
        self._arrivals: dict[str, asyncio.Event] = {}

    def __repr__(self) -> str:
        return f"<FaultyJournal of {self._journal!r}, seed {self._seed}, {len(self.met)} faults>"

    def hold(self, method: str, *, answers: bool = False) -> None:
        """Holds the calls of a method before they do anything, or with `answers` before they return."""
        self._gates[method] = asyncio.Event()
        self._holds_answers = answers
        self._arrivals[method] = asyncio.Event()

    async def held(self, method: str) -> None:
        """Returns when a call of a method is being held."""
        await self._arrivals[method].wait()

    def release(self, *methods: str) -> None:
        """Releases the held calls of these methods, or of all."""
        for method in methods or tuple(self._gates):
            self._gates.pop(method).set()

    def keep_newest(self, kinds: Collection[str]) -> None:
        super().keep_newest(kinds)
        self._journal.keep_newest(kinds)

    async def identity(self) -> str:
        return await self._held("identity", self._journal.identity)

    async def append(self, writes: Sequence[Write]) -> list[Outcome]:
        return await self._held("append", lambda: self._journal.append(writes))

    async def landed(self, writes: Sequence[Write]) -> list[Outcome] | None:
        return await self._held("landed", lambda: self._journal.landed(writes))

    async def load(self, streams: Sequence[StreamKey], fingerprints: dict[str, str]) -> list[Loaded]:
        return await self._held("load", lambda: self._journal.load(streams, fingerprints))

    async def read(self, part: EventRange) -> list[Stored]:
        return await self._held("read", lambda: self._journal.read(part))

    async def replies(self, keys: Sequence[ReplyKey]) -> list[Repeated | None]:
        return await self._held("replies", lambda: self._journal.replies(keys))

    async def holders(self, claims: Sequence[ClaimKey]) -> list[str | None]:
        return await self._held("holders", lambda: self._journal.holders(claims))

    async def restore_claims(self, claims: Sequence[tuple[ClaimKey, str]]) -> int:
        return await self._held("restore_claims", lambda: self._journal.restore_claims(claims))

    async def streams(self, listing: StreamListing) -> StreamPage:
        return await self._held("streams", lambda: self._journal.streams(listing))

    async def feed(self, after: int, limit: int) -> list[Stored]:
        return await self._held("feed", lambda: self._journal.feed(after, limit))

    async def head(self) -> int:
        return await self._held("head", self._journal.head)

    async def last(self) -> int:
        return await self._held("last", self._journal.last)

    async def wait(self, after: int) -> None:
        await self._held("wait", lambda: self._journal.wait(after))

    async def save_snapshot(self, kind: str, id: str, snapshot: Snapshot) -> None:
        await self._held("save_snapshot", lambda: self._journal.save_snapshot(kind, id, snapshot))

    async def prune(self, kind: str, id: str, up_to: int) -> int:
        return await self._held("prune", lambda: self._journal.prune(kind, id, up_to))

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
        return await self._held(
            "erase",
            lambda: self._journal.erase(kind, id, time=time, since=since, why=why, version=version),
        )

    async def forget_replies(self, before: int) -> int:
        return await self._held("forget_replies", lambda: self._journal.forget_replies(before))

    async def close(self) -> None:
        await self._journal.close()

    async def _held(self, method: str, call: Callable[[], Awaitable[T]]) -> T:
        if not self._holds_answers:
            await self._wait_at_gate(method)
        answer = await self.meet(method, call)
        if self._holds_answers:
            await self._wait_at_gate(method)
        return answer

    async def _wait_at_gate(self, method: str) -> None:
        gate = self._gates.get(method)
        if gate is not None:
            self._arrivals[method].set()
            await gate.wait()
