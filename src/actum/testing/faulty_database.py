"""A database that fails on purpose, by plan or by chance, as `FaultyJournal` does."""

import random
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any, TypeVar, cast

from actum.ports.database import Database
from actum.ports.membership import Lease, Membership
from actum.testing.faults import FAULTS, Fault, meet

T = TypeVar("T")

DATABASE_METHODS = tuple(sorted(Database.__abstractmethods__ - {"close"}))
"""Every method of the port that a fault can meet."""


class Faults:
    """What goes wrong with the calls of some methods, with probability `rate`; the seed decides which."""

    def __init__(
        self,
        *,
        seed: int = 0,
        rate: float = 0.0,
        methods: Collection[str] = DATABASE_METHODS,
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
        """Has the next calls of a method meet these faults, one each."""
        self._plans.setdefault(method, deque()).extend(faults)

    async def meet(self, method: str, call: Callable[[], Awaitable[T]]) -> T:
        """Makes a call, with whatever goes wrong with it."""
        planned = self._plans.get(method)
        fault = planned.popleft() if planned else None
        if fault is None and method in self._methods and self._chance.random() < self.rate:
            fault = self._chance.choice(self._faults)
        if fault is None:
            return await call()
        self.met.append((method, fault))
        return await meet(fault, method, call, self._chance)


class _FaultyDatabase:
    """Hands everything on to another database, by way of the faults."""

    def __init__(self, database: Database, faults: Faults) -> None:
        self._database = database
        self._faults = faults

    def __repr__(self) -> str:
        return f"<FaultyDatabase of {self._database!r}, {self._faults!r}>"

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._database, name)
        if name not in DATABASE_METHODS:
            return found

        async def call(*positional: Any, **named: Any) -> Any:
            return await self._faults.meet(name, lambda: found(*positional, **named))

        return call

    def join(self, works: Sequence[str]) -> Membership:
        return self._database.join(works)

    def under(self, lease: Lease) -> Database:
        return faulty_database(self._database.under(lease), self._faults)


def faulty_database(database: Database, faults: Faults) -> Database:
    """Gives a database whose calls meet faults."""
    return cast(Database, _FaultyDatabase(database, faults))
