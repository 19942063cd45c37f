"""What SQLite and PostgreSQL share about workflows: columns, and rows that are read into values."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any

from actum.ports.workflows import (
    LoadedWorkflow,
    NewSignal,
    NewWorkflow,
    StepRecord,
    StoredSignal,
    StoredWorkflow,
    WorkflowChange,
)
from actum.stores.page import MAX_PAGE_BYTES

NEW = """kind, id, input, call, created, updated, deadline, correlation_id, causation_id, "by", subject,
    traceparent"""
WORKFLOW = """number, kind, id, status, due, wakes, request, input, state, outcome, ending, error, attempts,
    generation, deadline, created, updated, correlation_id, causation_id, "by", subject, traceparent"""
CHANGED = "status", "due", "wakes", "updated", "state", "outcome", "ending", "error", "attempts", "generation"
"""The columns that a change writes, after `number` and before `deadline` and `request`."""
RECORD = "workflow, name, occurrence, place, body, time"
SIGNAL = "workflow, id, name, body, time"
OF_WORKFLOWS = (
    ("actum_workflow_records", "workflow"),
    ("actum_workflow_signals", "workflow"),
    ("actum_workflow_waiters", "waiter"),
    ("actum_workflows", "number"),
)
"""The tables with rows of a workflow, and their columns with its number; its own is the last."""
MAX_NUMBER = 2**63 - 1
HAS_ENDED = "status IN ('completed', 'failed', 'cancelled')"
SIGNALS = "$signals"
"""The name under which marks of signals are stored among those of queues; no queue has it."""


def new_row(new: NewWorkflow) -> tuple[Any, ...]:
    """Gives a new workflow as its columns."""
    return (
        new.kind,
        new.id,
        new.input,
        new.call,
        new.time,
        new.time,
        new.deadline,
        new.correlation_id,
        new.causation_id,
        new.by,
        new.subject,
        new.traceparent,
    )


def change_row(change: WorkflowChange) -> tuple[Any, ...]:
    """Gives a change as its columns, in the order of `number`, CHANGED, `deadline` and `answers`."""
    return (
        change.number,
        change.status,
        change.due,
        change.wakes,
        change.time,
        change.state,
        change.outcome,
        change.ending,
        change.error,
        change.attempts,
        change.generation,
        change.deadline,
        change.answers,
    )


def record_rows(changes: Iterable[WorkflowChange]) -> list[tuple[Any, ...]]:
    """Gives the records of changes as their columns."""
    return [
        (change.number, record.name, record.occurrence, record.place, record.body, record.time)
        for change in changes
        for record in change.records
    ]


def mark_of(signal: NewSignal) -> str:
    """Gives the mark of a signal that is sent once: marks of different workflows differ."""
    return f"{signal.kind}/{signal.id}/{signal.once}"


def loaded(
    workflows: Iterable[Sequence[Any]],
    records: Iterable[Sequence[Any]],
    signals: Iterable[Sequence[Any]],
) -> list[LoadedWorkflow]:
    """Puts workflows together from their rows, those of records and signals in any order."""
    records_of: dict[int, list[StepRecord]] = defaultdict(list)
    signals_of: dict[int, list[StoredSignal]] = defaultdict(list)
    for number, *record in records:
        records_of[number].append(StepRecord(*record))
    for number, *signal in signals:
        signals_of[number].append(StoredSignal(*signal))
    found = []
    for row in workflows:
        workflow = StoredWorkflow(*row)
        found.append(
            LoadedWorkflow(
                workflow,
                sorted(records_of[workflow.number], key=attrgetter("place")),
                sorted(signals_of[workflow.number], key=attrgetter("id")),
            )
        )
    return found


def first_after(number: int, *, is_reverse: bool) -> int:
    """Gives the number beyond which a page begins: the first page of a reversed listing has all below it."""
    return MAX_NUMBER if is_reverse and not number else number


def first_within(sizes: Iterable[tuple[int, int]]) -> list[int]:
    """Gives the numbers of the first workflows that fit a page, by their numbers and sizes; at least one."""
    return first_with(sizes, MAX_PAGE_BYTES)


def first_with(counts: Iterable[tuple[int, int]], limit: int) -> list[int]:
    """Gives the numbers of the first workflows whose counts together are within a limit; at least one."""
    first: list[int] = []
    total = 0
    for number, count in counts:
        if first and total + count > limit:
            break
        first.append(number)
        total += count
    return first


def workflow_size(workflow: StoredWorkflow) -> int:
    """Gives the size of a workflow without its records."""
    return len(workflow.input) + len(workflow.state) + len(workflow.outcome) + len(workflow.error)


def record_size(record: StepRecord) -> int:
    """Gives the size of a record."""
    return len(record.body)
