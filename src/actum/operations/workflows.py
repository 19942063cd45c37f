"""Workflows, listed and shown, and what an operator asks of them."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import msgspec
from msgspec import Raw, Struct

from actum.errors import Invalid, NotFound
from actum.operations.page import MAX_PAGE
from actum.ports.workflows import ENDED, OPERATOR_ACTS, NewSignal, Status, StepRecord, StoredWorkflow
from actum.runtime.clock import SystemClock
from actum.runtime.workflows.allowed import check_request
from actum.runtime.workflows.calls import takes_no_signals
from actum.stores.open import Stores

POLL = timedelta(milliseconds=100)


class ShownWorkflow(Struct, frozen=True):
    """A workflow with all its records, in order."""

    workflow: StoredWorkflow
    records: list[StepRecord]


async def all_workflows(
    stores: Stores, *, kind: str | None = None, status: Status | None = None
) -> AsyncIterator[list[StoredWorkflow]]:
    """Gives every page of workflows, of a kind and in a status where these are given.

    What operators did is among them only if its kind is asked for.
    """
    after = 0
    while page := await stores.database.workflows(kind=kind, status=status, after=after, limit=MAX_PAGE):
        yield page if kind == OPERATOR_ACTS else [one for one in page if one.kind != OPERATOR_ACTS]
        after = page[-1].number


async def find_workflow(stores: Stores, kind: str, id: str) -> StoredWorkflow:
    """Gives a workflow; raises NotFound."""
    found = await stores.database.workflow(kind, id)
    if found is None:
        raise NotFound(f"there is no workflow {kind}/{id}")
    return found


async def show_workflow(stores: Stores, kind: str, id: str) -> ShownWorkflow:
    """Gives a workflow with its records; raises NotFound."""
    workflow = await find_workflow(stores, kind, id)
    records: list[StepRecord] = []
    after = 0
    while page := await stores.database.workflow_records(kind, id, after=after, limit=MAX_PAGE):
        records += page
        after = page[-1].place
    return ShownWorkflow(workflow, records)


async def send_signal(stores: Stores, kind: str, id: str, name: str, body: bytes) -> None:
    """Sends a signal, by the name of its class and as JSON.

    Raises Invalid for what is no JSON, NotFound for a workflow that does not exist, and WrongStatus for one
    that has ended.
    """
    try:
        msgspec.json.decode(body, type=Raw)
    except msgspec.DecodeError as error:
        raise Invalid(f"the signal is no JSON: {error}") from error
    signal = NewSignal(kind, id, name, body, SystemClock().now())
    status = await stores.database.signal_workflow(signal)
    if status is None:
        raise NotFound(f"there is no workflow {kind}/{id}")
    if status in ENDED:
        raise takes_no_signals(signal, status)


async def request_workflow(stores: Stores, kind: str, id: str, request: str) -> None:
    """Asks the process that runs a workflow, now or next, for something.

    Raises NotFound for one that does not exist, and WrongStatus where it is not in a state for that.
    """
    await check_request(stores.database, await find_workflow(stores, kind, id), request)
    await stores.database.request_workflow(kind, id, request)


async def watch_workflow(stores: Stores, kind: str, id: str, *, patience: timedelta) -> StoredWorkflow:
    """Gives a workflow once its request was carried out, or as it is after a time."""
    clock = SystemClock()
    end = clock.now() + patience // timedelta(microseconds=1)
    while True:
        found = await find_workflow(stores, kind, id)
        if not found.request or clock.now() >= end:
            return found
        await asyncio.sleep(POLL.total_seconds())
