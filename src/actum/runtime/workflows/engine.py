"""The engine of one kind of workflows: takes those that have something to do, and keeps them at work."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from actum.errors import LeaseLost, StaleWrite, TryLater, is_of_other_code
from actum.model.error_text import error_text
from actum.model.workflows.workflow_type import WorkflowType
from actum.ports.workflows import LoadedWorkflow, StoredWorkflow, WorkflowChange
from actum.runtime.services import Services
from actum.runtime.workflows.recorder import Recorder
from actum.runtime.workflows.requests import carry_out
from actum.runtime.workflows.run.live_workflow import LiveWorkflow
from actum.runtime.workflows.run.step_function import StepFunctions
from actum.runtime.workflows.slices import Leases, WorkflowSlices

MAX_AT_WORK = 1_000
"""Workflows of a kind at work in a process; those that only wait do not count."""
PAGE = 200
"""Workflows that are loaded at once."""
FIRST_PAUSE = timedelta(milliseconds=50)
MAX_PAUSE = timedelta(seconds=1)
POLL = 0.5
"""Seconds between two looks for what other processes ask of workflows."""
GRACE = 5.0
"""Seconds that steps under way have when the application stops."""

log: logging.Logger = logging.getLogger("actum.workflows")


class WorkflowEngine:
    """Runs the workflows of one kind whose slices are leased by this process.

    `may_begin` is awaited before anything outside begins, so that it does not under a lease that is lost.
    """

    def __init__(
        self,
        services: Services,
        kind: WorkflowType,
        slices: WorkflowSlices,
        may_begin: Callable[[], Awaitable[None]] | None,
    ) -> None:
        self.kind = kind
        self.may_begin = may_begin
        self.live: dict[str, LiveWorkflow] = {}
        self.taken: int = 0
        """How often it has taken a workflow to work, or given one news."""
        self._services = services
        self._database = services.database
        self._slices = slices
        self._recorder = Recorder(slices, services.clock)
        self._functions = StepFunctions(services.workflows.stand_ins)
        self._arrival = asyncio.Event()
        self._woken: set[str] = set()
        # Who left memory since the load that is under way began, which may not have seen what they did last.
        self._departed: set[str] = set()
        self._ends: set[asyncio.Task[None]] = set()
        self._is_running = False
        self.has_run: bool = False
        self._has_backlog = True
        self._failure: asyncio.Future[None] | None = None
        self._waits_for: int | None = None
        self._is_waiting = False

    def __repr__(self) -> str:
        return f"<WorkflowEngine {self.kind.name}, {len(self.live)} at work>"

    async def run(self) -> None:
        """Runs workflows until cancelled; raises what keeps them from being recorded."""
        self._failure = asyncio.get_running_loop().create_future()
        calls = self._services.workflows
        calls.hosts[self.kind.name] = self
        self._is_running = self.has_run = True
        await self._resume_what_other_code_left()
        intake = asyncio.create_task(self._take_in(), name=f"workflows {self.kind.name}")
        try:
            await asyncio.wait({intake, self._failure}, return_when=asyncio.FIRST_COMPLETED)
            for ended in (intake, self._failure):
                if ended.done():
                    ended.result()
        finally:
            self._is_running = False
            if calls.hosts.get(self.kind.name) is self:
                del calls.hosts[self.kind.name]
            intake.cancel()
            await asyncio.shield(asyncio.create_task(self._stop()))

    async def is_idle(self) -> bool:
        """Whether nothing is to be done before the clock moves."""
        if self.live or self._ends or not self._recorder.is_idle:
            return False
        if not self._is_waiting or self._arrival.is_set():
            return False
        # What is at work in another process is due in the store.
        return not await self._database.due_workflows(self.kind.name, self._services.clock.now(), 1)

    async def remove(self, number: int, *, is_lost: bool) -> None:
        """Ends the workflows of a slice; the other slices go on meanwhile.

        What is under way has a while to end and to be written, so that nothing is repeated where the slice
        goes, unless its lease is lost already.
        """
        self._slices.withdraw(number)
        if not is_lost:
            for live in self._of_slice(number):
                live.stop()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(GRACE):
                    while self._of_slice(number):  # noqa: ASYNC110 (short, and each leaves by itself)
                        await asyncio.sleep(0.005)
        self._slices.forget(number)
        await asyncio.gather(*(self._drop(live) for live in self._of_slice(number)))

    def look(self) -> None:
        """Looks for what is due, because there are more slices."""
        self._arrival.set()

    # What callers tell.

    def offer(self, workflow: StoredWorkflow) -> None:
        """Takes a workflow to work that was started just now, if there is room."""
        if not self._is_running or workflow.id in self.live or not self._slices.has(workflow.number):
            return
        if len(self.live) >= MAX_AT_WORK:
            self._has_backlog = True
            return
        try:
            self._begin(LoadedWorkflow(workflow, [], []))
        except Exception:
            # Its caller has started it all the same; it is taken again, and stalled if it cannot begin.
            log.exception("workflow %s/%s could not begin", self.kind.name, workflow.id)
            self.wake(workflow.id)

    def wake(self, id: str) -> None:
        """Gives a workflow its signals and its request."""
        self._woken.add(id)
        self._arrival.set()

    def has(self, id: str) -> bool:
        """Says whether a workflow is at work here."""
        return id in self.live

    def turn_out(self) -> None:
        """Has workflows that hold personal data leave memory, once what they are doing is done."""
        for live in list(self.live.values()):
            live.turn_out()

    # What the workflows at work tell.

    def left(self, live: LiveWorkflow, *, is_woken: bool) -> None:
        """Forgets a workflow that is at work no more."""
        del self.live[live.id]
        self._departed.add(live.id)
        if live.is_over:
            live.let_go()
        else:
            self._end_apart(live.discard())
        if (ended := live.end) is not None:
            self._services.workflows.ended((self.kind.name, live.id), *ended)
        due = live.due
        is_earlier = due is not None and (self._waits_for is None or due < self._waits_for)
        is_unsure = due is not None and not self._is_waiting
        if is_woken or is_earlier or is_unsure or self._has_backlog:
            self._arrival.set()

    def woken(self, live: LiveWorkflow) -> None:
        """Gives a workflow at work what it was woken for."""
        self.wake(live.id)

    def lost(self, live: LiveWorkflow, error: BaseException) -> None:
        """Drops a workflow whose lease is lost; ends, if nothing can be recorded any more."""
        if isinstance(error, LeaseLost):
            self._end_apart(self._drop(live))
        elif self._failure is not None and not self._failure.done():
            self._failure.set_exception(error)

    # How.

    async def _resume_what_other_code_left(self) -> None:
        """Resumes, once, what stands still because the code of before could not read what is stored of it."""
        database, after = self._database, 0
        with contextlib.suppress(TryLater):  # The next start does it.
            while page := await database.workflows(
                kind=self.kind.name, status="stalled", after=after, limit=PAGE
            ):
                for one in page:
                    if is_of_other_code(one.error) and not one.request:
                        await database.request_workflow(self.kind.name, one.id, "resume")
                after = page[-1].number

    async def _take_in(self) -> None:
        pause = FIRST_PAUSE
        while True:
            try:
                await self._take_due()
                pause = FIRST_PAUSE
            except TryLater as error:
                # Those at work go on: what they record is tried again by the recorder.
                log.warning("workflows %s: %s", self.kind.name, error_text(error))
                await self._services.clock.pause(pause)
                pause = min(pause * 2, MAX_PAUSE)

    async def _take_due(self) -> None:
        """Takes what is due, and waits for what is next."""
        clock, name = self._services.clock, self.kind.name
        self._arrival.clear()
        now = clock.now()
        here = self._slices.here
        numbers = None if self._slices.is_whole else here
        due = await self._database.due_workflows(name, now, MAX_AT_WORK + PAGE, slices=numbers)
        self._has_backlog = len(due) >= MAX_AT_WORK + PAGE
        woken, self._woken = self._woken, set()
        fresh = [id for id, _ in due if id not in self.live]
        room = MAX_AT_WORK - len(self.live)
        self._has_backlog = self._has_backlog or len(fresh) > room
        again = {id for id, wakes in due if id in self.live and self.live[id].wakes != wakes}
        again |= {id for id in woken if id in self.live}
        await self._load([*again, *fresh[:room]], here)
        if self._arrival.is_set():
            return
        self._waits_for = await self._database.next_workflow(name, now, slices=numbers)
        self._is_waiting = True
        try:
            await clock.wait(self._arrival, until=self._waits_for, patience=POLL)
        finally:
            self._is_waiting = False

    async def _load(self, ids: Sequence[str], here: Mapping[int, Leases]) -> None:
        """Loads workflows and takes those to work whose slices have been here since before that."""
        waiting = list(dict.fromkeys(ids))
        self._departed.clear()
        while waiting:
            page = await self._database.load_workflows(self.kind.name, waiting[:PAGE])
            if self._services.people is not None:
                await self._services.people.prepare(*(text for loaded in page for text in _texts_of(loaded)))
            found = {loaded.workflow.id for loaded in page}
            tried, waiting = waiting[:PAGE], waiting[PAGE:]
            if page:
                waiting += [id for id in tried if id not in found]
            for loaded in page:
                number = loaded.workflow.number
                if self._slices.has(number) and self._slices.leases_of(number) == here.get(
                    self._slices.of(number)
                ):
                    await self._take_safely(loaded)

    async def _take_safely(self, loaded: LoadedWorkflow) -> None:
        """Takes a workflow to work; one that cannot even begin is stalled, and holds up no other."""
        workflow = loaded.workflow
        try:
            await self._take(loaded)
        except LeaseLost as error:
            log.info("workflow %s/%s: %s", self.kind.name, workflow.id, error)
        except (TryLater, StaleWrite):
            raise
        except Exception as error:
            log.exception("workflow %s/%s could not begin", self.kind.name, workflow.id)
            self.live.pop(workflow.id, None)
            stalled = replace(_as_it_is(workflow), status="stalled", due=None, error=error_text(error))
            await self._record(replace(stalled, answers=workflow.request))

    async def _take(self, loaded: LoadedWorkflow) -> None:
        self.taken += 1
        workflow = loaded.workflow
        live = self.live.get(workflow.id)
        if live is not None:
            if live.workflow.number == workflow.number:
                live.refresh(loaded)
            return
        if workflow.id in self._departed:
            self._arrival.set()  # What was loaded may be without what it did last: it is loaded again.
            return
        if len(self.live) >= MAX_AT_WORK:
            self._has_backlog = True  # Others were started while it was being loaded.
        elif workflow.request:
            await self._carry_out(loaded)
        elif workflow.status == "running":
            self._begin(loaded)
        else:
            await self._record(_as_it_is(workflow))

    async def _carry_out(self, loaded: LoadedWorkflow) -> None:
        request = loaded.workflow.request
        changed, drop_from = carry_out(loaded, self.kind, self._services.clock.now())
        workflow = changed.workflow
        log.info("workflow %s/%s: %s", workflow.kind, workflow.id, request)
        change = replace(_as_it_is(workflow), drop_from=drop_from, answers=request)
        wakes = await self._record(change)
        if not self._slices.has(workflow.number):
            return
        if wakes == workflow.wakes and workflow.status == "running":
            self._begin(replace(changed, workflow=replace(workflow, request="")))
        elif wakes is not None and wakes != workflow.wakes:
            self._arrival.set()

    async def _record(self, change: WorkflowChange) -> int | None:
        return await self._recorder.record(change)

    def _begin(self, loaded: LoadedWorkflow) -> None:
        self.taken += 1
        live = LiveWorkflow(
            self._services,
            self.kind,
            loaded,
            functions=self._functions,
            recorder=self._recorder,
            engine=self,
        )
        self.live[live.id] = live
        live.begin()

    def _of_slice(self, number: int) -> list[LiveWorkflow]:
        return [live for live in self.live.values() if self._slices.of(live.workflow.number) == number]

    async def _drop(self, live: LiveWorkflow) -> None:
        """Ends a workflow here that another process works on."""
        if self.live.get(live.id) is live:
            del self.live[live.id]
            self._departed.add(live.id)
        await live.discard()

    def _end_apart(self, end: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(end)
        self._ends.add(task)
        task.add_done_callback(self._ends.discard)

    async def _stop(self) -> None:
        """Lets what is under way end, for a while, and writes it; the rest is done again later."""
        is_lost = self._failure is not None and self._failure.done()
        if not is_lost:
            for live in list(self.live.values()):
                live.stop()
            try:
                async with asyncio.timeout(GRACE):
                    while self.live:  # noqa: ASYNC110 (short, and each leaves by itself)
                        await asyncio.sleep(0.005)
                    await self._recorder.drained()
            except TimeoutError:
                log.warning(
                    "%d workflows of %s were at work when it stopped: their steps run again",
                    len(self.live),
                    self.kind.name,
                )
        self._recorder.stop()
        await asyncio.gather(*(live.discard() for live in self.live.values()), return_exceptions=True)
        self.live.clear()
        if self._ends:
            await asyncio.wait(self._ends)


def _texts_of(loaded: LoadedWorkflow) -> list[bytes]:
    """Gives what is stored of a workflow and may hold sealed values."""
    texts = [loaded.workflow.input, loaded.workflow.outcome]
    texts += [record.body for record in loaded.records]
    return texts + [signal.body for signal in loaded.signals]


def _as_it_is(workflow: StoredWorkflow) -> WorkflowChange:
    """Gives the change that leaves a workflow as it is, due when it says if it runs."""
    return WorkflowChange(
        workflow.number,
        workflow.status,
        workflow.due if workflow.status == "running" else None,
        workflow.wakes,
        workflow.updated,
        workflow.state,
        workflow.outcome,
        workflow.ending,
        workflow.error,
        workflow.attempts,
        workflow.generation,
        workflow.deadline,
    )
