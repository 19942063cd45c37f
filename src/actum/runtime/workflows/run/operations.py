"""What a workflow does outside: each operation is done once, recorded, and answered from its record later."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import copy_context
from datetime import timedelta
from functools import partial
from typing import Any, Protocol

from msgspec import Raw

from actum.errors import DefinitionError, OutdatedRecord, StepFailed, TryLater, WorkflowCancelled, WrongReply
from actum.model.error_text import error_text
from actum.model.people.sealing import SealedType
from actum.model.people.unsaid import class_alone
from actum.model.retries import Retries
from actum.model.values.round_trip import LOST
from actum.model.workflows.workflow_type import WorkflowType
from actum.ports.workflows import LoadedWorkflow, StoredWorkflow, WorkflowKey
from actum.runtime.contained_tasks import runs_author_code
from actum.runtime.containment import comes_from_outside, log_failure
from actum.runtime.context.context import Context, session_of
from actum.runtime.instruments.instruments import Work
from actum.runtime.instruments.running import running
from actum.runtime.instruments.tracing import tracing
from actum.runtime.services import Services
from actum.runtime.workflows.run.history import History, Key, shown
from actum.runtime.workflows.run.outcome import DECISIONS, Kept, KeptError, error_of, kept_error
from actum.runtime.workflows.run.record_sealer import RecordSealer
from actum.runtime.workflows.run.signals import Signals
from actum.runtime.workflows.run.step_function import StepFunctions
from actum.runtime.workflows.run.waiting import Parked

MICROSECOND = timedelta(microseconds=1)
STUBBORN_AFTER = 5.0
"""Seconds that a step has to end once it is cancelled, before it is abandoned."""

log: logging.Logger = logging.getLogger("actum.workflows")

MakeContext = Callable[[], Context]
"""Makes a context whose calls have keys of their own."""
Do = Callable[[MakeContext], Awaitable[Raw]]
"""Does something outside, and gives the result as JSON."""
Read = Callable[[bytes], Any]


class Keeper(Protocol):
    """What an execution needs of whoever keeps it."""

    async def may_begin(self) -> None:
        """Returns when what was recorded so far is durable, and this process surely has the workflow."""
        ...

    def has_news(self) -> None:
        """Hears that something is to be written soon."""
        ...

    def is_quiet(self) -> None:
        """Hears that nothing of the workflow runs, and it only waits."""
        ...

    def is_busy(self) -> None:
        """Hears that parts of the workflow wait while others run."""
        ...

    def interrupt(self, error: Exception) -> None:
        """Hears that it cannot go on now, and is to be tried again later."""
        ...


class Operations:
    """The operations of one workflow. Each takes its key at once, in the order of calls."""

    def __init__(
        self,
        services: Services,
        kind: WorkflowType,
        loaded: LoadedWorkflow,
        functions: StepFunctions,
        keeper: Keeper,
    ) -> None:
        workflow = loaded.workflow
        self.id: str = workflow.id
        self.history: History = History(loaded.records, workflow.created)
        self.signals: Signals = Signals()
        self.awaited: set[WorkflowKey] = set()
        self.seen: int = 0
        self.stopped: bool = False
        """Whether nothing new is to begin, because it is being stopped."""
        self.is_turned_out: bool = False
        """Whether `run` is given nothing more, because what it holds in memory was forgotten."""
        self.ended: str = ""
        """Why nothing new is to begin in `run`, because the workflow is ending; "" while it goes forward."""
        self.compensations: list[Callable[[], Awaitable[object]]] = []
        self.by: str = workflow.by
        self.sealer: RecordSealer | None = (
            None if services.people is None else RecordSealer(services.people.keyring)
        )
        self.parked: Parked = Parked(keeper.is_quiet, keeper.is_busy)
        self.tasks: set[asyncio.Task[None]] = set()
        self._late: set[asyncio.Task[None]] = set()
        self._outside = copy_context()
        self.services = services
        self._kind = kind
        self._functions = functions
        self._keeper = keeper
        self.workflow: StoredWorkflow = workflow
        # The span of the call of `run` that is under way.
        self.traceparent: str = ""
        self.source = f"$workflow/{workflow.kind}/{workflow.id}@{workflow.number}/{workflow.generation}"
        self._made = self._drawn = 0
        self.signals.add(loaded.signals)

    def __repr__(self) -> str:
        return f"<WorkflowExecution {self.workflow.kind}/{self.id}, {self.parked!r}>"

    @property
    def holds_personal(self) -> bool:
        """Whether the workflow has met personal data since it was loaded."""
        return self.sealer is not None and self.sealer.is_used

    async def sealed(self, sealed: SealedType, value: Any, owner: str = "") -> Raw:
        """Gives what is recorded of a value: its JSON, with its personal values sealed."""
        if self.sealer is None:
            raise self._kind.owner.no_key(sealed)
        if not (owner or self.sealer.owner):
            self._kind.owner.check(sealed)
        return Raw(await self.sealer.seal(sealed, value, owner))

    async def kept_error(self, error: BaseException, *, step: str = "") -> KeptError:
        """Gives what is recorded of an error, sealed in a workflow with personal data."""
        kept = kept_error(error, step=step)
        if self.sealer is None or not (self._kind.is_personal or self.sealer.owner):
            return kept
        return await self.sealer.seal_error(kept)

    async def operate(
        self, key: Key, label: str, do: Do, read: Read, retries: Retries | None, limit: float | None
    ) -> Any:
        """Does something outside once, and gives its recorded result; `label` is what it is reported as."""
        while (kept := self.history.find(key)) is None or not kept.is_final:
            await self.admit()
            if kept is not None and kept.due is not None and self.now() < kept.due:
                await self.parked.wait(kept.due)
                continue
            attempts = 0 if kept is None else kept.attempts
            await self.apart(key, partial(self._attempt, key, label, do, retries, attempts), limit)
        if self.is_turned_out:
            await self.leave()
        return self.given(key, kept, read)

    def given(self, key: Key, kept: Kept, read: Read) -> Any:
        self.history.give(key)
        self.seen = max(self.seen, kept.seen)
        if kept.error is not None:
            raise error_of(kept.error)
        try:
            return read(bytes(kept.result))
        except LOST as error:
            text = bytes(kept.result)[:200].decode(errors="replace")
            raise OutdatedRecord(
                f"{shown(key)}: its recorded result {text} no longer fits: {error}. Change the annotation "
                f"so that it does and resume, or restart from {key[0]!r}"
            ) from error

    async def admit(self) -> None:
        """Raises, or never returns, where nothing new is to begin."""
        if self.ended:
            raise WorkflowCancelled(f"{self.workflow.kind}/{self.id} {self.ended}: nothing new is begun")
        while self.stopped:
            await self.parked.wait(None)

    async def leave(self) -> None:
        """Never returns: the workflow leaves memory, and its `run` is called again."""
        while True:
            await self.parked.wait(None)

    def keep(self, key: Key, kept: Kept) -> Kept:
        self.history.keep(key, kept, self.now())
        self._keeper.has_news()
        return kept

    def now(self) -> int:
        return self.services.clock.now()

    async def apart(
        self, key: Key, attempt: Callable[[], Coroutine[Any, Any, None]], limit: float | None
    ) -> None:
        """Runs an attempt in a task, outside the guard of `run`, and cuts it off when it takes too long."""
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[None] = loop.create_future()
        self.parked.under_way += 1
        # Not in the context of `run`, which marks the tasks that the author's code makes.
        task = loop.create_task(attempt(), context=self._outside.copy())
        self.tasks.add(task)
        task.add_done_callback(lambda _: _set(ended))
        timer = None if limit is None else loop.call_later(limit, self._cut_off, task, ended)
        try:
            await ended
            if task.done():
                task.result()
            else:
                text = f"TimeoutError: it took longer than {limit} s and does not end: it may still run"
                self.keep(key, Kept(error=KeptError("StepFailed", text, step=key[0])))
        except asyncio.CancelledError:
            task.cancel()
            raise
        finally:
            self.tasks.discard(task)
            self._late.discard(task)
            if timer is not None:
                timer.cancel()
            self.parked.under_way -= 1
            self.parked.look()

    def _cut_off(self, task: "asyncio.Task[None]", ended: "asyncio.Future[None]") -> None:
        self._late.add(task)
        task.cancel()
        # One that swallows its cancellation is left behind: it cannot be ended.
        asyncio.get_running_loop().call_later(STUBBORN_AFTER, _set, ended)

    async def _attempt(self, key: Key, label: str, do: Do, retries: Retries | None, attempts: int) -> None:
        # What this depends on is durable before anything outside can see it.
        await self._keeper.may_begin()
        runs_author_code.set(True)
        running.note(self.workflow)
        made: list[Context] = []

        def make_context() -> Context:
            made.append(self._context(key))
            return made[0]

        try:
            result = await self._reported(label, do(make_context))
        except BaseException as error:
            is_cut_off = asyncio.current_task() in self._late
            if not is_cut_off and comes_from_outside(error):
                raise
            await self._fail(key, error, retries, attempts + 1, is_cut_off=is_cut_off)
            return
        self.keep(key, Kept(result=result, seen=session_of(made[0]).seen if made else 0))

    async def _reported(self, label: str, doing: Awaitable[Raw]) -> Raw:
        work = Work("step", f"{self.workflow.kind}.{label}")
        with (
            self.services.instruments.measuring(work),
            tracing.continuation("step", work.name, lambda: self.traceparent),
        ):
            return await doing

    async def _fail(
        self, key: Key, error: BaseException, retries: Retries | None, attempts: int, *, is_cut_off: bool
    ) -> None:
        if isinstance(error, DefinitionError | OutdatedRecord | WrongReply):
            raise error
        if retries is None:
            if isinstance(error, TryLater):
                self._keeper.interrupt(error)
            if not isinstance(error, DECISIONS):
                raise error
            self.keep(key, Kept(error=await self.kept_error(error, step=key[0])))
            return
        recorded: BaseException = error
        text = "TimeoutError: it took too long and was cut off" if is_cut_off else error_text(error)
        if self.services.people is not None and not isinstance(error, DECISIONS):
            # A step reads personal data, and may name it in its error; what is recorded is not sealed.
            log_failure(log, logging.WARNING, "%s/%s: %s", self.workflow.kind, self.id, text, error=error)
            text = class_alone(error)
            recorded = StepFailed(key[0], text)
        log.warning("%s/%s: %s failed: %s", self.workflow.kind, self.id, shown(key), text)
        if retries.is_final(error) or attempts >= retries.attempts:
            failed = None if is_cut_off else await self.kept_error(recorded, step=key[0])
            failed = failed or KeptError("StepFailed", text, step=key[0])
            self.keep(key, Kept(error=failed, attempts=attempts))
            return
        due = self.now() + retries.pause(attempts, self.services.clock.jittered)
        self.keep(key, Kept(due=due, attempts=attempts))

    def _context(self, key: Key) -> Context:
        workflow, cause = self.workflow, f"{self.source}/{key[0]}/{key[1]}"
        context = Context(
            self.services,
            correlation_id=workflow.correlation_id,
            causation_id=f"{workflow.kind}/{workflow.id}",
            by=self.by,
            cause=cause,
            source=f"{cause}/{self.services.identity}",
            seen=self.seen,
        )
        session_of(context).subject = workflow.subject
        return context


def _set(ended: "asyncio.Future[None]") -> None:
    if not ended.done():
        ended.set_result(None)
