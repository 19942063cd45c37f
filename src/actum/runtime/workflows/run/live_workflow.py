"""A workflow that is at work in this process: its run goes on, and what it does is written."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

from actum.errors import AuthorError, StaleWrite, TryLater
from actum.model.error_text import error_text
from actum.model.workflows.workflow_type import WorkflowType
from actum.ports.workflows import ENDED, LoadedWorkflow, Status, WorkflowChange
from actum.runtime.services import Services
from actum.runtime.workflows.recorder import Recorder
from actum.runtime.workflows.run.execution import WorkflowExecution
from actum.runtime.workflows.run.step_function import StepFunctions
from actum.runtime.workflows.run.workflow_run import REASONS, Leaving, WorkflowRun

log: logging.Logger = logging.getLogger("actum.workflows")


PASSING = (StaleWrite, TryLater, asyncio.CancelledError)
"""Errors that say nothing of what was to be recorded."""
TURNS = 6
"""Iterations of the event loop after which `run`, given a result, has asked for the next thing or ended."""


class Engine(Protocol):
    """Keeps the workflows that are at work."""

    def left(self, live: "LiveWorkflow", *, is_woken: bool) -> None:
        """Hears that a workflow is at work no more, and whether it was woken while it left."""
        ...

    def woken(self, live: "LiveWorkflow") -> None:
        """Hears that a workflow at work was woken by another process."""
        ...

    def lost(self, live: "LiveWorkflow", error: BaseException) -> None:
        """Hears that nothing of a workflow, or nothing at all, can be written any more."""
        ...

    may_begin: Callable[[], Awaitable[None]] | None
    """Awaited before anything outside begins."""


class LiveWorkflow(WorkflowRun):
    """One workflow at work. It leaves when it ends, or when all of it waits."""

    def __init__(
        self,
        services: Services,
        kind: WorkflowType,
        loaded: LoadedWorkflow,
        *,
        functions: StepFunctions,
        recorder: Recorder,
        engine: Engine,
    ) -> None:
        super().__init__(services, kind, loaded.workflow)
        self.wakes: int = loaded.workflow.wakes
        self.execution = WorkflowExecution(services, kind, loaded, functions, self)
        self._instance.__dict__["execution"] = self.execution
        self._recorder = recorder
        self._engine = engine
        self._state = loaded.workflow.state
        self._writing: asyncio.Future[int | None] | None = None
        self._is_last = False
        self._is_to_write = False
        self._is_refused = False
        self._wakes_at: int | None = None
        self._waker: asyncio.Task[None] | None = None
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Begins to run it."""
        if self._ending:
            self.execution.ended = REASONS[self._ending]
        self._task = asyncio.create_task(self._run(), name=f"workflow {self._kind.name}/{self.id}")

    def refresh(self, loaded: LoadedWorkflow) -> None:
        """Takes in the signals and the request that it was woken for."""
        workflow, execution = loaded.workflow, self.execution
        if self._leaving is not None:
            return  # It has not seen this, so it is due at once when it has left.
        self.wakes = workflow.wakes
        execution.signals.add(loaded.signals)
        if workflow.request:
            # What it is doing is finished, and it is loaded again as the request leaves it.
            self.stop()
        execution.parked.wake()

    def stop(self) -> None:
        """Has it begin nothing new; it leaves once what it is doing is done, due at once."""
        self.execution.stopped = True
        self.execution.parked.wake()
        self.execution.parked.look()

    def turn_out(self) -> None:
        """Has it leave, if it has personal data in memory, and run again with what is left of that."""
        if self._leaving is None and self.execution.holds_personal:
            self.execution.is_turned_out = True
            self.stop()

    @property
    def is_over(self) -> bool:
        """Whether nothing of it runs any more."""
        return not self._tasks

    async def discard(self) -> None:
        """Ends it where it is; what it did not write is done again."""
        self._is_over = True
        tasks = self._tasks
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=2.0)
        self.let_go()

    def let_go(self) -> None:
        """Breaks the cycles of references that the garbage collector does not see.

        One is through the error of a cancelled task of CPython 3.11, the other through a struct, whose
        attributes msgspec does not show.
        """
        self._task = self._timer = self._waker = None
        self._instance.__dict__.clear()

    # What the execution needs.

    async def may_begin(self) -> None:
        """Returns when what was recorded so far is durable, and the lease on it is sure to be held."""
        await self._written()
        if self._engine.may_begin is not None:
            await self._engine.may_begin()

    async def _written(self) -> None:
        while self._has_changes or self._writing is not None:
            self._write()
            if self._writing is not None:
                await asyncio.wait({self._writing})
            if self._is_over:
                # Nothing outside may see what was not recorded; the task is being cancelled.
                await asyncio.get_running_loop().create_future()

    def has_news(self) -> None:
        """Writes what was recorded, once the part that waits for it has gone on: in one with what follows."""
        if not self._is_to_write:
            self._is_to_write = True
            asyncio.get_running_loop().call_soon(self._write_soon, TURNS)

    def is_quiet(self) -> None:
        """Leaves memory until the time comes that it waits for, or something wakes it."""
        execution = self.execution
        if self._is_over or self._leaving is not None:
            return
        if execution.stopped:
            self._leave(Leaving("running", 0, attempts=self._attempts))
            return
        dues = [due for due in (execution.parked.due, self._deadline) if due is not None]
        self._leave(Leaving("running", min(dues, default=None)))

    def is_busy(self) -> None:
        """Sees to it that the parts that wait go on in time, although others are still at work."""
        due = self.execution.parked.due
        if due is None or self._leaving is not None or (self._wakes_at is not None and self._wakes_at <= due):
            return
        if self._waker is not None:
            self._waker.cancel()
        self._wakes_at = due
        self._waker = asyncio.create_task(self._wake_at(due))

    def interrupt(self, error: Exception) -> None:
        """Leaves, to go on in a while: the store could not do what it asked for."""
        if self._leaving is None:
            self._leave(self._later(error, self._attempts))

    # What follows is how.

    async def _wake_at(self, due: int) -> None:
        await self._services.clock.sleep_until(due)
        self._wakes_at = self._waker = None
        self.execution.parked.wake()

    def _write_soon(self, turns: int) -> None:
        if turns:
            asyncio.get_running_loop().call_soon(self._write_soon, turns - 1)
            return
        self._is_to_write = False
        if self._has_changes and self._leaving is None:
            self._write()

    @property
    def end(self) -> tuple[Status, bytes] | None:
        """How it ended, as it was written; None if it only left memory, or is gone."""
        leaving = self._leaving
        if leaving is None or leaving.status not in ENDED:
            return None
        return leaving.status, self._outcome if leaving.outcome is None else leaving.outcome

    @property
    def due(self) -> int | None:
        """When it has something to do after it left, as it was written."""
        return None if self._leaving is None else self._leaving.due

    @property
    def _tasks(self) -> list[asyncio.Task[None]]:
        tasks = (self._task, self._timer, self._waker, *self.execution.tasks)
        return [task for task in tasks if task is not None and not task.done()]

    @property
    def _has_changes(self) -> bool:
        return self.execution.history.has_news or self.execution.signals.has_taken

    def _leave(self, leaving: Leaving) -> None:
        self._leaving = leaving
        for timer in (self._timer, self._waker):
            if timer is not None:
                timer.cancel()
        self._write()

    def _write(self) -> None:
        if self._writing is None and not self._is_over:
            change = self._change()
            self._is_last = self._leaving is not None
            self._writing = self._recorder.record(change)
            self._writing.add_done_callback(self._wrote)

    def _change(self) -> WorkflowChange:
        execution, workflow = self.execution, self.workflow
        self._write_state()
        leaving = self._leaving
        taken = execution.signals.give_taken()
        records = execution.history.take_news()
        if leaving is None:
            leaving, self._attempts = Leaving("running", 0), 0
        waits_for = tuple(sorted(execution.awaited)) if leaving.status == "running" and self._leaving else ()
        return WorkflowChange(
            workflow.number,
            leaving.status,
            leaving.due,
            self.wakes,
            self._services.clock.now(),
            self._state,
            self._outcome if leaving.outcome is None else leaving.outcome,
            self._ending,
            leaving.error,
            leaving.attempts,
            workflow.generation,
            workflow.deadline,
            records,
            taken,
            waits_for,
        )

    def _write_state(self) -> None:
        try:
            self._state = self._kind.write_state(self._instance)
        except AuthorError as error:
            if self._leaving is None or self._leaving.status != "stalled":
                self._leaving = self._failed(error)

    def _wrote(self, future: "asyncio.Future[int | None]") -> None:
        self._writing = None
        if self._is_over:
            return
        error = asyncio.CancelledError() if future.cancelled() else future.exception()
        if error is not None and not self._is_refused and not isinstance(error, PASSING):
            # Only this change cannot be stored: without its records the workflow can be stalled, and seen.
            self._is_refused = True
            self._leaving = Leaving("stalled", error=f"it cannot be recorded: {error_text(error)}")
            self._write()
            return
        if error is not None:
            self._is_over = True
            self._engine.lost(self, error)
            return
        wakes = future.result()
        if wakes is None:
            log.info("workflow %s/%s is gone: it was erased", self._kind.name, self.id)
        if wakes is None or self._is_last:
            self._is_over = True
            self._engine.left(self, is_woken=wakes is not None and wakes != self.wakes)
            return
        if wakes != self.wakes:
            self._engine.woken(self)
        if self._has_changes or self._leaving is not None:
            self._write()
