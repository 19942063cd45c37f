"""A trigger in this process: the assignments it consists of, and the worker for those leased here."""

import asyncio
import logging
from collections.abc import Callable, Sequence

from actum.errors import LeaseLost
from actum.model.retries import Retries
from actum.ports.database import Database
from actum.ports.membership import slice_name
from actum.runtime.actions.sliced_worker import SlicedWorker
from actum.runtime.actions.triggers.sliced_source import Leases, SlicedSource
from actum.runtime.actions.triggers.source import Source
from actum.runtime.actions.worker import Worker
from actum.runtime.clock import Clock
from actum.runtime.cluster.assignment import Assignment
from actum.runtime.coalescer import Coalescer
from actum.runtime.supervisor import Supervisor

MAX_SLICES = 1_000_000

log: logging.Logger = logging.getLogger("actum.worker")


class RunningAction:
    """Runs one worker for whatever of a trigger is leased here.

    `assignments` are its slices, or one for the whole where it is not split. `source` opens the source of its
    items, `make` makes a worker.
    """

    def __init__(
        self,
        action: str,
        source: Callable[[Database], Source],
        make: Callable[..., Worker],
        *,
        slices: int,
        retries: Retries,
        database: Database,
        clock: Clock,
        supervisor: Supervisor,
        lose: Callable[[str], None],
    ) -> None:
        self.name: str = f"action {action}"
        self.worker: Worker | None = None
        names = [slice_name(self.name, number, slices) for number in range(slices)]
        self.assignments: Sequence[ActionAssignment] = [
            ActionAssignment(self, number, name)
            for number, name in enumerate(names if slices > 1 else [self.name])
        ]
        self.action: str = action
        self._source = source
        self._observer: Source | None = None
        self._make = make
        self._retries = retries
        self._database = database
        self._clock = clock
        self._supervisor = supervisor
        self._lose = lose
        self._held: set[int] = set()
        self._turn = asyncio.Lock()
        self._begins = Coalescer[tuple[int, Database], None](self._begin_all, most=MAX_SLICES)
        self._ends = Coalescer[tuple[int, bool], None](self._end_all, most=MAX_SLICES)

    def __repr__(self) -> str:
        return f"<RunningAction {self.action}, {len(self._held)} of {len(self.assignments)} slices>"

    async def begin(self, number: int, database: Database) -> None:
        """Begins a slice, together with others that begin now."""
        await self._begins.get((number, database))

    async def end(self, number: int, *, is_lost: bool = False) -> None:
        """Ends a slice, together with others that end now; the worker stops with the last one."""
        await self._ends.get((number, is_lost))

    async def is_idle(self) -> bool:
        """Returns whether nothing is left to do before the clock moves, in any process."""
        if self.worker is not None:
            if not await self.worker.is_idle():
                return False
            if len(self._held) == len(self.assignments):
                return True
        if self._observer is None:
            self._observer = self._source(self._database)
        return not await self._has_letters() and await self._observer.is_settled()

    async def _begin_all(self, begun: Sequence[tuple[int, Database]]) -> Sequence[None]:
        numbers = {number for number, _ in begun}
        leases = {number: database.leases for number, database in begun}
        async with self._turn:
            worker = self.worker
            if worker is None:
                worker = self.worker = await self._open(leases, begun[0][1])
                self._supervisor.start(self.name, lambda: self._run(worker))
                leases = {}
            # From here on the worker is not stopped for lack of slices.
            self._held |= numbers
        if leases and isinstance(worker, SlicedWorker):
            try:
                await worker.add(leases)
            except BaseException:
                self._held -= numbers
                raise
        return [None] * len(begun)

    async def _open(self, leases: dict[int, Leases], database: Database) -> Worker:
        if len(self.assignments) == 1:
            return self._make(Worker, self._source(database), database)
        source = self._source(self._database)
        assert isinstance(source, SlicedSource)
        source.on_lost = self._lose_slice
        worker = self._make(SlicedWorker, source, self._database)
        assert isinstance(worker, SlicedWorker)
        await worker.add(leases)
        return worker

    async def _end_all(self, ended: Sequence[tuple[int, bool]]) -> Sequence[None]:
        async with self._turn:
            self._held -= {number for number, _ in ended}
            try:
                # What is lost is aborted before anything waits for attempts to end by themselves.
                await self._remove([(number, is_lost) for number, is_lost in ended if is_lost])
            finally:
                if not self._held:
                    await self._supervisor.stop(self.name)
                    self.worker = None
        await self._remove([(number, is_lost) for number, is_lost in ended if not is_lost])
        return [None] * len(ended)

    async def _remove(self, slices: Sequence[tuple[int, bool]]) -> None:
        worker = self.worker
        if not isinstance(worker, SlicedWorker):
            return
        removing = [worker.remove(number, is_lost=is_lost) for number, is_lost in slices]
        for error in await asyncio.gather(*removing, return_exceptions=True):
            if error is not None:
                raise error

    def _lose_slice(self, number: int) -> None:
        self._lose(self.assignments[number].name)

    async def _run(self, worker: Worker) -> None:
        try:
            await worker.run()
        except LeaseLost:
            for assignment in self.assignments:
                self._lose(assignment.name)

    async def _has_letters(self) -> bool:
        """Says whether a letter is to be tried now, by whichever process has the lease."""
        now = self._clock.now()
        for key in await self._database.blocked(self.action):
            letter = await self._database.first_letter(self.action, key)
            if letter is None:
                continue
            if letter.request or (letter.status != "dead" and self._retries.is_due(letter.due, now)):
                return True
        return False


class ActionAssignment(Assignment):
    """One slice of a trigger, or the whole of one that is not split."""

    def __init__(self, action: RunningAction, number: int, name: str) -> None:
        self.name: str = name
        self._action = action
        self._number = number

    def __repr__(self) -> str:
        return f"<ActionAssignment {self.name}>"

    async def begin(self, database: Database) -> None:
        await self._action.begin(self._number, database)

    async def end(self) -> None:
        await self._action.end(self._number)

    async def abandon(self) -> None:
        await self._action.end(self._number, is_lost=True)

    async def is_idle(self) -> bool:
        return await self._action.is_idle()
