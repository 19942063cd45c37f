"""A journal that fails on purpose: as planned, or at random from a seed that repeats the same faults."""

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Sequence
from enum import Enum
from typing import TypeVar

from actum.errors import Unavailable
from actum.ports.journal import Journal
from actum.ports.journal_wrapper import JournalWrapper

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


class FaultyJournal(Faults, JournalWrapper):
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
        Faults.__init__(self, seed=seed, rate=rate, methods=methods, faults=faults)
        JournalWrapper.__init__(self, journal)
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

    async def call(self, method: str, call: Callable[[], Awaitable[T]]) -> T:
        """Makes the call of a method, with the fault that it meets, and held where that was asked for."""
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
