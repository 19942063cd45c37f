"""The assignments of a kind of workflows, and the engine for those of them that are leased here."""

import asyncio
from collections.abc import Callable, Sequence

from actum.model.workflows.workflow_type import WorkflowType
from actum.ports.database import Database
from actum.runtime.cluster.assignment import Assignment
from actum.runtime.cluster.heartbeat import Heartbeat
from actum.runtime.services import Services
from actum.runtime.supervisor import Supervisor
from actum.runtime.workflows.engine import WorkflowEngine
from actum.runtime.workflows.run.guard import outside_steps
from actum.runtime.workflows.slices import Leases, WorkflowSlices


class RunningWorkflows:
    """Runs one engine for whatever of a kind is leased here: slices, or the whole where it is not split."""

    def __init__(
        self,
        kind: WorkflowType,
        services: Services,
        supervisor: Supervisor,
        lose: Callable[[str], None],
        heartbeat: Heartbeat,
    ) -> None:
        self.name: str = f"workflows {kind.name}"
        self.engine: WorkflowEngine | None = None
        self.kind = kind
        self.slices = WorkflowSlices(self.name, services.database, lose)
        self.assignments: Sequence[WorkflowAssignment] = [
            WorkflowAssignment(self, number, name) for number, name in enumerate(self.slices.names)
        ]
        self._services = services
        self._supervisor = supervisor
        self._heartbeat = heartbeat
        self._turn = asyncio.Lock()

    def __repr__(self) -> str:
        return f"<RunningWorkflows {self.engine or self.kind.name}>"

    async def begin(self, number: int, leases: Leases) -> None:
        """Begins a slice; the engine starts with the first one."""
        async with self._turn:
            self.slices.give(number, leases)
            if self.engine is None:
                self.engine = self._new_engine()
                self._supervisor.start(self.name, self._run)
            else:
                self.engine.look()

    async def end(self, number: int, *, is_lost: bool = False) -> None:
        """Ends a slice; the engine stops with the last one."""
        if self.engine is not None:
            await self.engine.remove(number, is_lost=is_lost)
        self.slices.forget(number)
        async with self._turn:
            if not self.slices.here and self.engine is not None:
                await self._supervisor.stop(self.name)
                self.engine = None

    async def is_idle(self) -> bool:
        """Returns whether nothing is left to do before the clock moves, in any process."""
        if self.engine is not None:
            return await self.engine.is_idle()
        now = self._services.clock.now()
        return not await self._services.database.due_workflows(self.kind.name, now, 1)

    @property
    def taken(self) -> int:
        """How often its engine has taken a workflow to work."""
        return 0 if self.engine is None else self.engine.taken

    def _new_engine(self) -> WorkflowEngine:
        may_begin = self._heartbeat.recent if self._services.database.is_shared else None
        return WorkflowEngine(self._services, self.kind, self.slices, may_begin)

    async def _run(self) -> None:
        # Anew after each failure: what was not recorded is loaded again.
        if self.engine is None or self.engine.has_run:
            self.engine = self._new_engine()
        await self.engine.run()


class WorkflowAssignment(Assignment):
    """One slice of a kind of workflows, or the whole of one that is not split."""

    def __init__(self, workflows: RunningWorkflows, number: int, name: str) -> None:
        self.name: str = name
        self._workflows = workflows
        self._number = number

    def __repr__(self) -> str:
        return f"<WorkflowAssignment {self.name}>"

    async def begin(self, database: Database) -> None:
        await self._workflows.begin(self._number, database.leases)

    async def end(self) -> None:
        await self._workflows.end(self._number)

    async def abandon(self) -> None:
        await self._workflows.end(self._number, is_lost=True)

    async def is_idle(self) -> bool:
        return await self._workflows.is_idle()


def workflows_of(
    services: Services, supervisor: Supervisor, lose: Callable[[str], None], heartbeat: Heartbeat
) -> list[RunningWorkflows]:
    """Gives what runs in this process of each kind of workflows."""
    if services.reruns is not None:
        outside_steps.enforce()  # Development checks what is done outside of steps.
    kinds = services.catalog.workflows.values()
    return [RunningWorkflows(kind, services, supervisor, lose, heartbeat) for kind in kinds]
