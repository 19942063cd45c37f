"""Which requests a workflow can carry out, as it is."""

from actum.errors import NotFound, WrongStatus
from actum.ports.database import Database
from actum.ports.workflows import ENDED, Status, StoredWorkflow

COMPENSATION = "$compensation"
"""The name of the records of compensations; like the other names of Actum's own, no step has it."""
PAGE = 1_000

ALLOWED: dict[str, frozenset[Status]] = {
    "pause": frozenset({"running"}),
    "resume": frozenset({"paused", "stalled"}),
    "cancel": frozenset({"running", "paused", "stalled"}),
    "retry": frozenset({"stalled", "failed"}),
}


async def check_request(database: Database, workflow: StoredWorkflow, request: str) -> None:
    """Raises WrongStatus for a request that changes nothing, NotFound for a step that was not recorded."""
    name, _, which = request.partition(":")
    shown = f"{workflow.kind}/{workflow.id}"
    if workflow.status not in ALLOWED.get(name, frozenset({workflow.status})):
        raise _wrong(workflow, f"{shown} is {workflow.status}: there is nothing to {name}")
    if name == "cancel" and workflow.ending:
        raise _wrong(workflow, f"{shown} is ending already: it runs its compensations")
    if name == "retry" and workflow.status in ENDED and await _has(database, workflow, COMPENSATION, None):
        why = "has undone what it did, so it cannot go on: restart it from its beginning"
        raise _wrong(workflow, f"{shown} {why}")
    occurrence, _, step = which.partition(":")
    if step and not await _has(database, workflow, step, int(occurrence)):
        raise NotFound(f"{shown} has no record of a step {step!r}, number {occurrence}")


def _wrong(workflow: StoredWorkflow, message: str) -> WrongStatus:
    return WrongStatus(message, workflow=f"{workflow.kind}/{workflow.id}", status=workflow.status)


async def _has(database: Database, workflow: StoredWorkflow, name: str, occurrence: int | None) -> bool:
    after = 0
    while page := await database.workflow_records(workflow.kind, workflow.id, after=after, limit=PAGE):
        if any(one.name == name and occurrence in (None, one.occurrence) for one in page):
            return True
        after = page[-1].place
    return False
