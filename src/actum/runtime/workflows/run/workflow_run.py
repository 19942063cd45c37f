"""A workflow's run, forward and back: how it is called, and how the workflow is left after it."""

import asyncio
import logging
from abc import ABC, abstractmethod
from datetime import timedelta
from typing import Any

from msgspec import Struct
from msgspec.json import encode

from actum.errors import AuthorError, DefinitionError, Invalid, OutdatedRecord, TryLater
from actum.model.error_text import error_text
from actum.model.event import Metadata
from actum.model.people.unsaid import class_alone
from actum.model.workflows.workflow_type import WorkflowType
from actum.ports.workflows import Ending, Status, StoredWorkflow
from actum.runtime.contained_tasks import runs_author_code
from actum.runtime.containment import comes_from_outside, log_failure
from actum.runtime.instruments.running import running
from actum.runtime.instruments.tracing import tracing
from actum.runtime.services import Services
from actum.runtime.workflows.run.execution import WorkflowExecution
from actum.runtime.workflows.run.guard import GuardedRun, outside_steps
from actum.runtime.workflows.run.outcome import (
    DECISIONS,
    MAX_RESULT_BYTES,
    KeptError,
    read_error,
    write_error,
)
from actum.runtime.workflows.run.workflow_context import WorkflowContext

LATER = timedelta(seconds=1)
"""When a workflow is tried again that could not go on because of the store."""
REASONS: dict[Ending, str] = {
    "failed": "has failed",
    "cancelled": "is cancelled",
    "timed out": "took too long",
}

log: logging.Logger = logging.getLogger("actum.workflows")


class Leaving(Struct, frozen=True):
    """How a workflow is left: what is written, beside what it did, when nothing of it runs any more."""

    status: Status
    due: int | None = None
    outcome: bytes | None = None
    error: str = ""
    attempts: int = 0


class WorkflowRun(ABC):
    """Calls the `run` of one workflow, then its compensations if it did not succeed."""

    execution: WorkflowExecution
    workflow: StoredWorkflow

    def __init__(self, services: Services, kind: WorkflowType, workflow: StoredWorkflow) -> None:
        self.id: str = workflow.id
        self.workflow = workflow
        self._services = services
        self._kind = kind
        self._instance: Any = kind.cls()
        self._ending: Ending = workflow.ending
        self._outcome: bytes = workflow.outcome
        self._attempts = workflow.attempts
        self._is_over = False
        self._leaving: Leaving | None = None
        self._timer: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._kind.name}/{self.id}>"

    @abstractmethod
    def _leave(self, leaving: Leaving) -> None:
        """Writes how the workflow is left."""

    @property
    def _deadline(self) -> int | None:
        return None if self._ending else self.workflow.deadline

    async def _run(self) -> None:
        runs_author_code.set(True)
        running.note(self.workflow)
        with tracing.continuation("workflow", self._kind.name, lambda: self.workflow.traceparent):
            self.execution.traceparent = tracing.traceparent()
            await self._run_and_leave()

    async def _run_and_leave(self) -> None:
        try:
            deadline = self._deadline
            if deadline is not None and self._services.clock.now() >= deadline:
                self._time_out()
            elif deadline is not None:
                self._timer = asyncio.create_task(self._watch(deadline))
            leaving = await self._forward()
            if leaving is None:
                leaving = await self._undo()
        except BaseException as error:
            if comes_from_outside(error):
                raise
            leaving = self._failed(error)
        if self._leaving is None and not self._is_over:
            self._leave(leaving)

    async def _forward(self) -> Leaving | None:
        """Calls `run`; gives how the workflow is left, None if its compensations are to run."""
        kind, execution = self._kind, self.execution
        try:
            result = await self._called()
        except DECISIONS as error:
            if not self._ending:
                self._end("failed", await execution.kept_error(error))
            return None
        except (AuthorError, DefinitionError, TryLater):
            raise
        except Exception as error:
            if not self._ending:
                raise
            # It is ending anyway, and what it did until here can be undone.
            log.warning("workflow %s/%s: %s", self._kind.name, self.id, error_text(error))
            return None
        if self._ending:
            return None
        isolated = kind.signature.isolate(result)
        written = encode(isolated)
        if kind.signature.sealed_reply is not None:
            written = bytes(await execution.sealed(kind.signature.sealed_reply, isolated))
        if len(written) > MAX_RESULT_BYTES:
            raise OutdatedRecord(
                f"run returned {len(written):,} bytes of JSON, and {MAX_RESULT_BYTES:,} are the most"
            )
        execution.ended = "has ended"
        return Leaving("completed", outcome=written)

    async def _called(self) -> Any:
        kind, workflow = self._kind, self.workflow
        try:
            arguments = kind.signature.bind_json(workflow.input)
            owner = kind.owner.of(workflow.id, arguments) if kind.is_personal else ""
        except Invalid as error:
            raise OutdatedRecord(f"its recorded arguments no longer fit: {error}") from error
        if kind.is_personal and self.execution.sealer is not None:
            await self.execution.sealer.begin(owner)
        metadata = Metadata("", workflow.correlation_id, workflow.causation_id, workflow.by)
        context = WorkflowContext(self._services, self.execution, metadata)
        coroutine = kind.run(self._instance, context, *arguments)
        if outside_steps.is_enforced:
            return await GuardedRun(coroutine, outside_steps)
        return await coroutine

    async def _undo(self) -> Leaving:
        """Runs the compensations, and ends, or stands still where one of them is given up."""
        execution = self.execution
        execution.ended = ""
        try:
            await execution.undo(self._kind.retries)
        except Exception as error:  # noqa: BLE001 (shown, until somebody resumes it)
            text = f"a compensation failed: {error_text(error)}"
            log_failure(log, logging.ERROR, "workflow %s/%s: %s", self._kind.name, self.id, text, error=error)
            return Leaving("stalled", error=f"a compensation failed: {self._shown(error)}")
        execution.ended = "has ended"
        why = self._shown(read_error(self._outcome))
        return Leaving("cancelled" if self._ending == "cancelled" else "failed", error=why)

    def _failed(self, error: BaseException) -> Leaving:
        """Gives how a workflow is left whose code failed: it is tried again, or stands still."""
        if isinstance(error, TryLater):
            return self._later(error, self._attempts)
        attempts = self._attempts + 1
        text = error_text(error)
        message = "workflow %s/%s failed in its run, attempt %d: %s"
        log_failure(log, logging.ERROR, message, self._kind.name, self.id, attempts, text, error=error)
        retries = self._kind.retries
        shown = self._shown(error)
        if isinstance(error, AuthorError | DefinitionError) or attempts >= retries.attempts:
            return Leaving("stalled", error=shown, attempts=attempts)
        due = self._services.clock.now() + retries.pause(attempts, self._services.clock.jittered)
        return Leaving("running", due, error=shown, attempts=attempts)

    def _shown(self, error: BaseException) -> str:
        """Gives what operators are shown of an error; its class alone where it may hold personal data."""
        if not self.execution.holds_personal or isinstance(error, OutdatedRecord | DefinitionError):
            return error_text(error)
        return class_alone(error)

    def _later(self, error: BaseException, attempts: int) -> Leaving:
        due = self._services.clock.now() + LATER // timedelta(microseconds=1)
        return Leaving("running", due, error=error_text(error), attempts=attempts)

    def _end(self, ending: Ending, error: KeptError) -> None:
        self._ending, self._outcome = ending, write_error(error)
        self.execution.ended = REASONS[ending]

    def _time_out(self) -> None:
        if not self._ending:
            text = f"{self._kind.name}/{self.id} took longer than {self._kind.timeout}"
            self._end("timed out", KeptError("WorkflowFailed", text))
            self.execution.parked.wake()

    async def _watch(self, deadline: int) -> None:
        await self._services.clock.sleep_until(deadline)
        self._time_out()
