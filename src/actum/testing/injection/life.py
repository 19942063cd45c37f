"""One life of an application under test, from its start to its crash: its stores, and its actions."""

import asyncio
import copy
from collections.abc import Awaitable, Callable, Collection, Coroutine
from typing import Any, TypeVar

from actum.errors import Unavailable
from actum.model.action import Failure
from actum.ports.database import Database
from actum.ports.journal import Journal
from actum.ports.journal_wrapper import JournalWrapper
from actum.runtime.actions.triggers.source import Item, Run
from actum.runtime.actions.triggers.trigger import ActionTrigger
from actum.testing.faulty_database import faulty_database
from actum.testing.injection.injected_faults import CrashPoint, InjectedFaults

T = TypeVar("T")

CHECKPOINTS = {"record_workflows": "a step of a workflow", "save": "what actions and timers have done"}
"""The calls that store that something is done, and what."""
CRASHED = "the application has crashed, as its test wanted: what was under way may have happened or not"


class Life:
    """One life: once it `has_crashed`, nothing that is left of it reaches the stores."""

    def __init__(self, faults: InjectedFaults) -> None:
        self.faults = faults
        self.crashed = asyncio.Event()

    def __repr__(self) -> str:
        return f"<Life, {'crashed' if self.has_crashed else 'under way'}>"

    @property
    def has_crashed(self) -> bool:
        """Whether it is over."""
        return self.crashed.is_set()

    def check(self) -> None:
        """Raises Unavailable once it is over."""
        if self.has_crashed:
            raise Unavailable(CRASHED, is_outcome_unknown=True)

    def reach(self, point: CrashPoint, what: str) -> None:
        """Crashes at a point, if the faults say so."""
        self.check()
        if self.faults.crashes_at(point, what):
            self.crashed.set()
            self.check()

    async def unless_it_ends(self, work: Coroutine[Any, Any, None]) -> None:
        """Does some work, and stops when this life ends."""
        doing = asyncio.create_task(work)
        ending = asyncio.create_task(self.crashed.wait())
        try:
            await asyncio.wait({doing, ending}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ending.cancel()
            if self.has_crashed or not doing.done():
                doing.cancel()
                await asyncio.wait({doing})
        if not self.has_crashed:
            await doing
        elif not doing.cancelled():
            doing.exception()  # It may have met a store that is out of reach.

    def journal(self, journal: Journal) -> Journal:
        """Gives a journal as this life reaches it."""
        return MortalJournal(journal, self)

    def database(self, database: Database) -> Database:
        """Gives a database as this life reaches it."""
        return faulty_database(database, MortalCalls(self))

    def triggers(self, triggers: Collection[ActionTrigger[Any]]) -> list[ActionTrigger[Any]]:
        """Gives triggers whose items meet the faults."""
        return [self._trigger(trigger) for trigger in triggers]

    def _trigger(self, trigger: ActionTrigger[Any]) -> ActionTrigger[Any]:
        struck = copy.copy(trigger)

        def run(services: Any) -> Run:
            return self._run(trigger.name, trigger.run(services))

        setattr(struck, "run", run)  # noqa: B010 (to a type checker a method is no attribute)
        return struck

    def _run(self, name: str, run: Run) -> Run:
        faults = self.faults

        async def struck(item: Item, failure: Failure | None = None) -> None:
            self.check()
            what = f"{name} of {item.key} at {item.position}"
            for _ in range(faults.turns_held(what)):
                await asyncio.sleep(0)
            self.check()
            await run(item, failure)
            self.reach("after effect", what)
            if faults.is_repeated(what):
                await run(item, failure)

        return struck


class MortalCalls:
    """The calls of a database in one life, with the crashes that they meet."""

    def __init__(self, life: Life) -> None:
        self._life = life

    def __repr__(self) -> str:
        return f"<MortalCalls of {self._life!r}>"

    async def meet(self, method: str, call: Callable[[], Awaitable[T]]) -> T:
        """Makes a call, unless that life is over or ends before it."""
        life = self._life
        life.check()
        if method in CHECKPOINTS:
            life.reach("after effect", CHECKPOINTS[method])
        result = await call()
        life.check()
        return result


class MortalJournal(JournalWrapper):
    """A journal in one life, with the crashes that its appends meet."""

    def __init__(self, journal: Journal, life: Life) -> None:
        super().__init__(journal)
        self._life = life

    async def call(self, method: str, call: Callable[[], Awaitable[T]]) -> T:
        """Makes a call, unless that life is over or ends before it."""
        life = self._life
        if method != "append":
            life.check()
            return await call()
        life.reach("before commit", "events")
        result = await call()
        life.reach("after commit", "events")
        return result
