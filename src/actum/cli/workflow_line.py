"""A workflow and its records as they are printed."""

from collections.abc import Iterator
from datetime import datetime

import msgspec
from msgspec import Raw, Struct

from actum.cli.failure import one_line
from actum.cli.output import shown_time
from actum.model.event import to_datetime
from actum.operations.workflows import ShownWorkflow
from actum.ports.workflows import Status, StepRecord, StoredWorkflow

NONE = Raw(b"null")


class RecordLine(Struct, frozen=True):
    """A record as `--json` prints it: `body` holds its `result`, its `error`, or when it goes on."""

    step: str
    occurrence: int
    time: datetime
    body: Raw

    @classmethod
    def of(cls, record: StepRecord) -> "RecordLine":
        """Gives the line of a record."""
        return cls(record.name, record.occurrence, to_datetime(record.time), Raw(record.body))


class WorkflowLine(Struct, frozen=True):
    """A workflow as `--json` prints it."""

    kind: str
    id: str
    status: Status
    error: str
    request: str
    wakes_at: datetime | None
    started_at: datetime
    changed_at: datetime
    generation: int
    by: str
    state: Raw
    arguments: Raw
    outcome: Raw
    records: list[RecordLine] | None = None

    @classmethod
    def of(cls, workflow: StoredWorkflow, records: list[RecordLine] | None = None) -> "WorkflowLine":
        """Gives the line of a workflow."""
        return cls(
            workflow.kind,
            workflow.id,
            workflow.status,
            workflow.error,
            workflow.request,
            None if workflow.due is None else to_datetime(workflow.due),
            to_datetime(workflow.created),
            to_datetime(workflow.updated),
            workflow.generation,
            workflow.by,
            Raw(workflow.state) if workflow.state else NONE,
            Raw(workflow.input),
            Raw(workflow.outcome) if workflow.outcome else NONE,
            records,
        )

    @classmethod
    def of_shown(cls, shown: ShownWorkflow) -> "WorkflowLine":
        """Gives the line of a workflow with its records."""
        return cls.of(shown.workflow, [RecordLine.of(record) for record in shown.records])

    def described(self) -> Iterator[tuple[str, str]]:
        """Gives the values that there are, by name, as text for people."""
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if name == "records" or value in (None, "") or value == NONE:
                continue
            if isinstance(value, Raw):
                yield name, bytes(value).decode()
            else:
                yield name, value.isoformat(" ") if isinstance(value, datetime) else one_line(str(value))


def row_of(workflow: StoredWorkflow) -> tuple[str, ...]:
    """Gives a workflow as a row of a table."""
    status = workflow.status + (f", to {workflow.request.partition(':')[0]}" if workflow.request else "")
    wakes = "" if workflow.due is None else shown_time(workflow.due) or "now"
    changed = shown_time(workflow.updated)
    return workflow.kind, workflow.id, status, wakes, changed, one_line(workflow.error)


def record_row(record: RecordLine) -> tuple[str, ...]:
    """Gives a record as a row of a table."""
    body = msgspec.json.decode(record.body)
    if "error" in body:
        error = body["error"]
        shown = f"failed: {error['message'] or error['type'] + ', and what it says is sealed'}"
    elif "result" in body:
        shown = msgspec.json.encode(body["result"]).decode()
    else:
        shown = f"until {shown_time(body.get('due', 0))}"
    return record.step, str(record.occurrence), record.time.isoformat(" "), one_line(shown)
