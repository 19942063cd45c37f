"""Calls to workflows from everywhere: starts, signals, requests, results; those of this process are told."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Protocol

from msgspec import Struct

from actum.errors import AlreadyStarted, NotEnded, NotFound, TryLater, WorkflowFailed, WrongStatus
from actum.model.workflows.workflow_type import WorkflowType
from actum.ports.database import Database
from actum.ports.workflows import (
    ENDED,
    NewSignal,
    NewWorkflow,
    Started,
    Status,
    StoredWorkflow,
    WorkflowKey,
)
from actum.runtime.coalescer import Coalescer
from actum.runtime.workflows.allowed import check_request
from actum.runtime.workflows.run.outcome import read_error
from actum.runtime.workflows.stand_ins import StandIns

MAX_STARTS = 20_000
ANSWERED = 16
"""How many workflows begin in one iteration of the loop, where a server records what they do meanwhile."""
POLL = 0.5
"""Seconds between two looks for the end of a workflow, which another process may run."""


class Prepare(Protocol):
    """Has the keys open under which values within texts are sealed."""

    async def __call__(self, *texts: bytes) -> None: ...


class Host(Protocol):
    """Runs the workflows of one kind in this process."""

    def offer(self, workflow: StoredWorkflow) -> None:
        """Hears of a workflow that was started."""
        ...

    def wake(self, id: str) -> None:
        """Hears that a workflow has something to do."""
        ...

    def has(self, id: str) -> bool:
        """Says whether a workflow is at work here."""
        ...

    def turn_out(self) -> None:
        """Has workflows that hold personal data leave memory, and go on with what is left of it."""
        ...


class WorkflowEnd(Struct, frozen=True):
    """How a workflow ended."""

    status: Status
    outcome: bytes


class WorkflowCalls:
    """Starts, signals and asks workflows, wherever they run. `hosts` are the kinds that run here.

    A test has `stand_ins` run in place of what workflows call.
    """

    def __init__(
        self,
        types: Mapping[str, WorkflowType],
        database: Database,
        stand_ins: StandIns | None,
    ) -> None:
        self.types = types
        self.by_class: dict[object, WorkflowType] = {kind.cls: kind for kind in types.values()}
        self.hosts: dict[str, Host] = {}
        self.stand_ins = stand_ins
        self.prepare: Prepare | None = None
        """Has the keys open of sealed values within texts, where there is personal data."""
        self._database = database
        self._starts: Coalescer[NewWorkflow, Started] = Coalescer(
            database.start_workflows,
            most=MAX_STARTS,
            begins_alone=True,
            answered=ANSWERED if database.is_shared else None,
        )
        self._waiting: dict[WorkflowKey, list[asyncio.Future[WorkflowEnd | None]]] = {}

    def __repr__(self) -> str:
        return f"<WorkflowCalls of {', '.join(self.types) or 'nothing'}>"

    async def start(self, new: NewWorkflow) -> bool:
        """Starts a workflow once for its id, says whether this did; raises AlreadyStarted for another's."""
        started = await self._starts.get(new)
        if started.status == "reused":
            shown = f"{new.kind}/{new.id}"
            message = f"{shown} was started before with other arguments: give the new one another id"
            raise AlreadyStarted(message, workflow=shown)
        host = self.hosts.get(new.kind)
        if host is not None and started.status == "new":
            host.offer(_stored(new, started.number))
        return started.status == "new"

    async def signal(self, signal: NewSignal) -> None:
        """Sends a signal; raises NotFound for one that does not exist, WrongStatus for one that ended."""
        status = await self._database.signal_workflow(signal)
        if status is None:
            raise _missing(signal.kind, signal.id)
        if status in ENDED:
            raise takes_no_signals(signal, status)
        self.wake((signal.kind, signal.id))

    async def request(self, kind: str, id: str, request: str) -> None:
        """Asks whoever runs a workflow for something.

        Raises NotFound for one that does not exist, and WrongStatus where it is not in a state for that.
        """
        await check_request(self._database, await self.find(kind, id), request)
        if not await self._database.request_workflow(kind, id, request):
            raise _missing(kind, id)
        self.wake((kind, id))

    async def find(self, kind: str, id: str) -> StoredWorkflow:
        """Gives a workflow; raises NotFound."""
        found = await self._database.workflow(kind, id)
        if found is None:
            raise _missing(kind, id)
        return found

    async def result(
        self, kind: str, id: str, read: Callable[[bytes], Any], within: timedelta | None = None
    ) -> Any:
        """Waits for the end of a workflow, and gives what it returned, or raises why it failed.

        Raises NotEnded if that is not within a time, by the clock of the machine.
        """
        end = await self._end_within(kind, id, within)
        if self.prepare is not None:
            await self.prepare(end.outcome)
        if end.status == "completed":
            return read(end.outcome)
        raise read_error(end.outcome) if end.outcome else WorkflowFailed(f"{kind}/{id} {end.status}")

    async def prepared(self, *texts: bytes) -> None:
        """Returns when sealed values within what is stored of workflows can be opened."""
        if self.prepare is not None:
            await self.prepare(*texts)

    def turn_out(self) -> None:
        """Has workflows that hold personal data leave memory, and go on with what is left of it."""
        for host in list(self.hosts.values()):
            host.turn_out()

    def ended(self, key: WorkflowKey, status: Status, outcome: bytes) -> None:
        """Gives those who wait here the end of a workflow."""
        for future in self._waiting.pop(key, ()):
            if not future.done():
                future.set_result(WorkflowEnd(status, outcome))

    def wake(self, key: WorkflowKey) -> None:
        """Tells the host of a workflow in this process, if there is one, that it has something to do."""
        host = self.hosts.get(key[0])
        if host is not None:
            host.wake(key[1])

    async def _end_within(self, kind: str, id: str, within: timedelta | None) -> WorkflowEnd:
        if within is None:
            return await self._end(kind, id)
        # One that has ended already has done so within any time, however slow the store is.
        found = await self.find(kind, id)
        if found.status in ENDED:
            return WorkflowEnd(found.status, found.outcome)
        waiting = asyncio.timeout(within.total_seconds())
        try:
            async with waiting:
                return await self._end(kind, id)
        except TimeoutError:
            if not waiting.expired():
                raise
            raise not_ended((kind, id), within) from None

    async def _end(self, kind: str, id: str) -> WorkflowEnd:
        key, host = (kind, id), self.hosts.get(kind)
        if host is not None and host.has(id):
            end = await self._told(key)
            if end is not None:
                return end
        found = await self.find(kind, id)
        while True:
            if found.status in ENDED:
                return WorkflowEnd(found.status, found.outcome)
            end = await self._told(key)
            if end is not None:
                return end
            # It may be days until it ends: a store that does not answer for a while is no reason to give up.
            with contextlib.suppress(TryLater):
                found = await self.find(kind, id)

    async def _told(self, key: WorkflowKey) -> WorkflowEnd | None:
        """Waits until this process ends a workflow; None after a while."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[WorkflowEnd | None] = loop.create_future()
        self._waiting.setdefault(key, []).append(future)
        timer = loop.call_later(POLL, _give_up, future)
        try:
            return await future
        finally:
            timer.cancel()
            waiting = self._waiting.get(key, [])
            if future in waiting:
                waiting.remove(future)
                if not waiting:
                    del self._waiting[key]


def _give_up(future: "asyncio.Future[WorkflowEnd | None]") -> None:
    if not future.done():
        future.set_result(None)


def _stored(new: NewWorkflow, number: int) -> StoredWorkflow:
    """Gives a workflow that was started just now as it is stored."""
    return StoredWorkflow(
        number,
        new.kind,
        new.id,
        "running",
        0,
        0,
        "",
        new.input,
        b"",
        b"",
        "",
        "",
        0,
        1,
        new.deadline,
        new.time,
        new.time,
        new.correlation_id,
        new.causation_id,
        new.by,
        new.subject,
        new.traceparent,
    )


def takes_no_signals(signal: NewSignal, status: Status) -> WrongStatus:
    """Gives the error of a signal to a workflow that has ended."""
    shown = f"{signal.kind}/{signal.id}"
    message = f"{shown} has ended ({status}), and takes no signals"
    return WrongStatus(message, workflow=shown, status=status)


def not_ended(key: WorkflowKey, within: timedelta | None) -> NotEnded:
    """Gives the error of whoever has waited for the end of a workflow long enough."""
    shown = "/".join(key)
    return NotEnded(f"{shown} has not ended within {within}; it goes on: ask again", workflow=shown)


def _missing(kind: str, id: str) -> NotFound:
    return NotFound(f"there is no workflow {kind}/{id}")
