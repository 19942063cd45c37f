"""The assignment of a kind of workflows: its engine runs in the process that has the lease."""

from collections.abc import Callable

from actum.errors import LeaseLost
from actum.model.workflows.workflow_type import WorkflowType
from actum.ports.database import Database
from actum.runtime.cluster.assignment import Assignment
from actum.runtime.services import Services
from actum.runtime.supervisor import Supervisor
from actum.runtime.workflows.engine import WorkflowEngine
from actum.runtime.workflows.run.guard import outside_steps


class WorkflowAssignment(Assignment):
    """Runs the engine of one kind of workflows."""

    def __init__(
        self,
        kind: WorkflowType,
        services: Services,
        supervisor: Supervisor,
        lose: Callable[[str], None],
    ) -> None:
        self.name: str = f"workflows {kind.name}"
        self.engine: WorkflowEngine | None = None
        self.kind = kind
        self._services = services
        self._supervisor = supervisor
        self._lose = lose

    def __repr__(self) -> str:
        return f"<WorkflowAssignment {self.engine or self.kind.name}>"

    async def begin(self, database: Database) -> None:
        self._supervisor.start(self.name, lambda: self._run(database))

    async def end(self) -> None:
        await self._supervisor.stop(self.name)
        self.engine = None

    async def is_idle(self) -> bool:
        if self.engine is not None:
            return await self.engine.is_idle()
        now = self._services.clock.now()
        return not await self._services.database.due_workflows(self.kind.name, now, 1)

    @property
    def taken(self) -> int:
        """How often its engine has taken a workflow to work."""
        return 0 if self.engine is None else self.engine.taken

    async def _run(self, database: Database) -> None:
        # Anew after each failure: what was not recorded is loaded again.
        engine = self.engine = WorkflowEngine(self._services, self.kind, database)
        try:
            await engine.run()
        except LeaseLost:
            self._lose(self.name)


def workflow_assignments(
    services: Services, supervisor: Supervisor, lose: Callable[[str], None]
) -> list[WorkflowAssignment]:
    """Gives an assignment for each kind of workflows."""
    if services.reruns is not None:
        outside_steps.enforce()  # Development checks what is done outside of steps.
    kinds = services.catalog.workflows.values()
    return [WorkflowAssignment(kind, services, supervisor, lose) for kind in kinds]
