"""What operators ask of a workflow, and what it is after that."""

from datetime import timedelta

from msgspec.structs import replace

from actum.model.workflows.workflow_type import WorkflowType
from actum.ports.workflows import ENDED, LoadedWorkflow, StepRecord, StoredWorkflow
from actum.runtime.workflows.allowed import COMPENSATION
from actum.runtime.workflows.run.outcome import KeptError, read_kept, write_error


def carry_out(loaded: LoadedWorkflow, kind: WorkflowType, now: int) -> tuple[LoadedWorkflow, int | None]:
    """Gives a workflow as its request leaves it, and the place from which its records are dropped, if any.

    A request that does not fit where the workflow is now leaves it as it is.
    """
    workflow = loaded.workflow
    request = workflow.request.partition(":")[0]
    has_ended = workflow.status in ENDED
    match request:
        case "pause" if workflow.status == "running":
            return _with(loaded, replace(workflow, status="paused", due=None)), None
        case "resume" | "retry" if workflow.status in ("paused", "stalled"):
            return _with(loaded, _running(workflow)), None
        case "retry" if workflow.status == "failed" and not _has_compensated(loaded):
            return _again(loaded, kind, now, _place_of_failure(loaded))
        case "cancel" if not has_ended and not workflow.ending:
            error = write_error(
                KeptError("WorkflowCancelled", f"{workflow.kind}/{workflow.id} was cancelled")
            )
            return _with(loaded, replace(_running(workflow), ending="cancelled", outcome=error)), None
        case "restart":
            found, place = _again(loaded, kind, now, _place_of(loaded))
            return _with(found, replace(found.workflow, generation=workflow.generation + 1)), place
        case _:
            return loaded, None


def _running(workflow: StoredWorkflow) -> StoredWorkflow:
    return replace(workflow, status="running", due=0, attempts=0, error="")


def _with(loaded: LoadedWorkflow, workflow: StoredWorkflow) -> LoadedWorkflow:
    return replace(loaded, workflow=workflow)


def _again(loaded: LoadedWorkflow, kind: WorkflowType, now: int, place: int) -> tuple[LoadedWorkflow, int]:
    limit = kind.timeout
    deadline = None if limit is None else now + limit // timedelta(microseconds=1)
    workflow = replace(_running(loaded.workflow), ending="", outcome=b"", deadline=deadline)
    kept = [record for record in loaded.records if record.place < place]
    return replace(loaded, workflow=workflow, records=kept), place


def _place_of(loaded: LoadedWorkflow) -> int:
    """Gives the place of the record from which a workflow is to run again; 0 for all of them."""
    _, is_step, which = loaded.workflow.request.partition(":")
    if not is_step:
        return 0
    occurrence, _, name = which.partition(":")
    for record in loaded.records:
        if (record.name, str(record.occurrence)) == (name, occurrence):
            return record.place
    # It was not reached: what was recorded is not to be done again.
    compensations = [record.place for record in loaded.records if record.name == COMPENSATION]
    return min(compensations, default=_beyond(loaded))


def _place_of_failure(loaded: LoadedWorkflow) -> int:
    failed = [record.place for record in loaded.records if _is_error(record)]
    return max(failed, default=_beyond(loaded))


def _beyond(loaded: LoadedWorkflow) -> int:
    return max((record.place for record in loaded.records), default=0) + 1


def _is_error(record: StepRecord) -> bool:
    return read_kept(record.body).error is not None


def _has_compensated(loaded: LoadedWorkflow) -> bool:
    return any(record.name == COMPENSATION for record in loaded.records)
