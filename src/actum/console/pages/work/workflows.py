"""Workflows: listed, shown with their steps, and paused, resumed, cancelled, retried or restarted."""

from typing import Any, get_args

from litestar import Response

from actum.console.visit import Visit
from actum.errors import Invalid
from actum.operations.page import MAX_PAGE
from actum.operations.repairs.many import WorkflowRequest, ask_for_workflow, ask_for_workflows
from actum.operations.workflows import find_workflow
from actum.ports.workflows import ENDED, OPERATOR_ACTS, Status, StepRecord, StoredWorkflow
from actum.runtime.workflows.run.outcome import Kept, read_kept

CHOSEN = "workflow-"
"""The prefix of the fields that choose workflows: `workflow-KIND/ID`."""
MAX_STEPS = 300
WORDS = {
    "pause": "paused",
    "resume": "resumed",
    "cancel": "cancelled",
    "retry": "retried",
    "restart": "restarted",
}


async def show_list(visit: Visit) -> Response[Any]:
    """Shows a page of workflows, the newest first."""
    kind, status = visit.text("kind") or None, visit.text("status") or None
    if status not in (None, *get_args(Status)):
        raise Invalid(f"status={status}: it is one of {', '.join(get_args(Status))}", field="status")
    limit = visit.limit()
    found = await visit.stores.database.workflows(
        kind=kind,
        status=status,  # type: ignore[arg-type]
        after=visit.number("after", 0),
        limit=limit,
        reverse=True,
    )
    next = found[-1].number if len(found) == limit else None
    return visit.show(
        "work/workflows.html",
        part="workflows",
        workflows=[one for one in found if one.kind != OPERATOR_ACTS or kind == OPERATOR_ACTS],
        next=next,
        kind=kind,
        chosen_status=status,
        kinds=list(visit.catalog.workflows),
        statuses=get_args(Status),
    )


async def show_one(visit: Visit) -> Response[Any]:
    """Shows one workflow with the last of its steps."""
    kind, id = visit.text("kind"), visit.request.query_params.get("id", "")
    workflow = await find_workflow(visit.stores, kind, id)
    after = visit.number("after", 0)
    records = await visit.stores.database.workflow_records(kind, id, after=after, limit=MAX_STEPS)
    return visit.show(
        "work/workflow.html",
        part="workflows",
        workflow=workflow,
        steps=[(record, _kept(record)) for record in records],
        next=records[-1].place if len(records) == MAX_STEPS else None,
        requests=_allowed(workflow),
        outcome=_outcome(workflow),
    )


async def ask_one(visit: Visit) -> Response[Any]:
    """Asks for something of one workflow; a restart may name the step from which it runs again."""
    kind, id = visit.form.get("kind", ""), visit.form.get("id", "")
    request, step = visit.form.get("request", ""), visit.form.get("step", "")
    name = _request(request)
    if step and name == "restart":
        request = f"restart:{step}"
    await ask_for_workflow(visit.stores, kind, id, request, by=visit.operator)
    visit.services.workflows.wake((kind, id))
    return visit.done(f"{kind}/{id} is to be {WORDS[name]}.", visit.url("work", "workflow", kind=kind, id=id))


async def ask_many(visit: Visit) -> Response[Any]:
    """Asks for the same of the workflows that were chosen."""
    name = _request(visit.form.get("request", ""))
    chosen = [field.removeprefix(CHOSEN) for field in visit.form if field.startswith(CHOSEN)]
    keys = [(kind, id) for kind, _, id in (one.partition("/") for one in chosen)]
    if not keys:
        raise Invalid("no workflow is chosen: mark some")
    asked = await ask_for_workflows(visit.stores, keys[:MAX_PAGE], name, by=visit.operator)
    for key in keys:
        visit.services.workflows.wake(key)
    refused = [f"{one.target}: {one.error}" for one in asked if one.error]
    taken = len(asked) - len(refused)
    said = f"{taken:,} of {len(asked):,} are to be {WORDS[name]}."
    return visit.done(" ".join([said, *refused]), visit.url("work", "workflows"))


def _request(text: str) -> WorkflowRequest:
    if text not in get_args(WorkflowRequest):
        raise Invalid(f"request={text}: it is one of {', '.join(get_args(WorkflowRequest))}", field="request")
    return text  # type: ignore[return-value]


def _allowed(workflow: StoredWorkflow) -> list[str]:
    """Gives what can be asked of a workflow in its status; a request that is refused says why."""
    match workflow.status:
        case "running":
            return ["pause", "cancel", "restart"]
        case "paused":
            return ["resume", "cancel", "restart"]
        case "stalled":
            return ["retry", "cancel", "restart"]
        case "failed":
            return ["retry", "restart"]
        case _:
            return ["restart"]


def _kept(record: StepRecord) -> Kept | None:
    try:
        return read_kept(record.body)
    except Exception:  # noqa: BLE001 (a record of whatever version is shown as it is)
        return None


def _outcome(workflow: StoredWorkflow) -> bytes:
    return workflow.outcome if workflow.status in ENDED else b""
