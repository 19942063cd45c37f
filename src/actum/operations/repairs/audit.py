"""The audit log: what operators did, who, when, to what, and how it ended.

It is kept in the database as workflows of a kind of its own, which end at once. Any process may write it,
also one beside the process that runs the application, and what it says of an erased entity goes with that.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Literal

import msgspec
from msgspec import Raw, Struct

from actum.errors import NotFound
from actum.model.error_text import error_text
from actum.model.event import to_datetime
from actum.operations.page import PAGE, check_limit
from actum.ports.database import Database
from actum.ports.workflows import OPERATOR_ACTS, NewWorkflow, StoredWorkflow, WorkflowChange
from actum.runtime.clock import SystemClock

MAX_ERROR = 2_000
STEP = 500
"""Acts that are deleted in one transaction."""
NOTHING = Raw(b"")

State = Literal["begun", "done", "failed"]


class Act(Struct, frozen=True, omit_defaults=True):
    """What an operator does: an `action` such as `letters retry`, to a `target` such as `letter 7`.

    `facts` say with what. Where something was edited, `before` and `after` are what it was, as stored JSON.
    """

    action: str
    target: str = ""
    facts: dict[str, str] = {}
    before: Raw = NOTHING
    after: Raw = NOTHING


class RecordedAct(Struct, frozen=True):
    """An act as it was recorded: by whom, at which time (microseconds since 1970), and how it ended.

    One that is only `begun` was interrupted, or is under way: whether it took effect is not known.
    """

    number: int
    id: str
    by: str
    time: int
    act: Act
    state: State
    error: str


class ActPage(Struct, frozen=True):
    """A page of the record, the newest first. The page after it comes after `next`; None on the last."""

    acts: list[RecordedAct]
    next: int | None


@asynccontextmanager
async def recorded(database: Database, by: str, act: Act, *, subject: str = "") -> AsyncGenerator[None]:
    """Records an act before the block that carries it out, and afterwards how that ended.

    `subject` is the key of the message that it is about: the act goes when that entity is erased.
    """
    clock = SystemClock()
    written = msgspec.json.encode([act])
    new = NewWorkflow(OPERATOR_ACTS, clock.new_id(), written, "", clock.now(), by=by, subject=subject)
    [started] = await database.start_workflows([new])
    try:
        yield
    except Exception as error:
        await _end(database, started.number, clock.now(), error_text(error, limit=MAX_ERROR))
        raise
    await _end(database, started.number, clock.now(), "")


async def list_acts(database: Database, *, after: int = 0, limit: int = PAGE) -> ActPage:
    """Lists a page of what operators did, the newest first."""
    check_limit(limit)
    found = await database.workflows(kind=OPERATOR_ACTS, after=after, limit=limit, reverse=True)
    last = found[-1].number if found else 0
    further = last and await database.workflows(kind=OPERATOR_ACTS, after=last, limit=1, reverse=True)
    return ActPage([_read(one) for one in found], last if further else None)


async def find_act(database: Database, id: str) -> RecordedAct:
    """Gives one act; raises NotFound, also for one that went with an entity that was erased."""
    found = await database.workflow(OPERATOR_ACTS, id)
    if found is None:
        raise NotFound(f"no act of an operator is recorded as {id}")
    return _read(found)


async def forget_acts(database: Database, older_than: timedelta, by: str) -> int:
    """Deletes the acts that ended longer ago, and records that; gives how many there were.

    One that has only begun stays: whether it took effect is still to be found out.
    """
    before = SystemClock().ago(older_than)
    count = 0
    async with recorded(database, by, Act("audit forget", facts={"before": to_datetime(before).isoformat()})):
        while removed := await database.remove_ended_workflows(OPERATOR_ACTS, before, STEP):
            count += removed
    return count


async def _end(database: Database, number: int, time: int, error: str) -> None:
    status: Any = "failed" if error else "completed"
    await database.record_workflows([WorkflowChange(number, status, None, 0, time, error=error)])


def _read(workflow: StoredWorkflow) -> RecordedAct:
    [act] = msgspec.json.decode(workflow.input, type=list[Act])
    state: State = "begun" if workflow.status == "running" else "failed" if workflow.error else "done"
    return RecordedAct(
        workflow.number, workflow.id, workflow.by, workflow.created, act, state, workflow.error
    )
