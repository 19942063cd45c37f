"""The reactor: what runs in this process of every trigger that no request waits for."""

from collections.abc import Callable, Collection
from typing import Any

from actum.model.action import Failure
from actum.model.event import Stored
from actum.ports.database import Database, Timer
from actum.ports.message import Message
from actum.runtime.actions.running_action import RunningAction
from actum.runtime.actions.triggers.source import Item, Run, Source
from actum.runtime.actions.triggers.timers import TimerTrigger
from actum.runtime.actions.triggers.trigger import ActionTrigger, Trigger
from actum.runtime.actions.worker import Worker
from actum.runtime.cluster.heartbeat import Heartbeat
from actum.runtime.instruments.instruments import Instruments, Work
from actum.runtime.instruments.tracing import NO_SPAN, Span, traceparent_in, tracing
from actum.runtime.services import Services
from actum.runtime.supervisor import Supervisor


async def actions_of(
    services: Services,
    triggers: Collection[ActionTrigger[Any]],
    supervisor: Supervisor,
    lose: Callable[[str], None],
    heartbeat: Heartbeat,
) -> list[RunningAction]:
    """Gives every trigger's part in this process, each to continue where it was left."""
    return [
        await _action(services, trigger, supervisor, lose, heartbeat)
        for trigger in (*triggers, TimerTrigger())
    ]


async def _action(
    services: Services,
    trigger: Trigger,
    supervisor: Supervisor,
    lose: Callable[[str], None],
    heartbeat: Heartbeat,
) -> RunningAction:
    run, on_failure = trigger.run(services), trigger.on_failure(services)
    if services.database.is_shared:
        run, on_failure = _leased(run, heartbeat), on_failure and _leased(on_failure, heartbeat)
    if services.instruments.has_listeners or tracing.is_on:
        run = _reported(run, Work(trigger.work, trigger.name), services.instruments)

    def make(kind: Callable[..., Worker], source: Source, database: Database) -> Worker:
        return kind(
            trigger.name,
            source,
            run,
            on_failure=on_failure,
            retries=trigger.retries,
            database=database,
            clock=services.clock,
            timeout=trigger.timeout.total_seconds(),
        )

    return RunningAction(
        trigger.name,
        await trigger.source(services),
        make,
        slices=services.database.slices if trigger.is_split else 1,
        retries=trigger.retries,
        database=services.database,
        clock=services.clock,
        supervisor=supervisor,
        lose=lose,
    )


def _leased(run: Run, heartbeat: Heartbeat) -> Run:
    """Returns a function that begins no item while its lease may have passed to another process."""

    async def run_under_lease(item: Item, failure: Failure | None = None) -> None:
        if not heartbeat.is_recent:
            await heartbeat.recent()
        await run(item, failure)

    return run_under_lease


def _reported(run: Run, work: Work, instruments: Instruments) -> Run:
    """Returns a function that runs an item, reports each attempt, and continues the trace of the item."""

    async def run_and_report(item: Item, failure: Failure | None = None) -> None:
        with instruments.measuring(work), _span(work, item):
            await run(item, failure)

    return run_and_report


def _span(work: Work, item: Item) -> Span:
    """Makes a span in the trace that an item came with; a tick of the clock begins one."""
    if tracing.tracer is None:
        return NO_SPAN
    if work.kind == "clock":
        return tracing.tracer.root(work.kind, work.name)
    return tracing.tracer.continuation(work.kind, work.name, _traceparent(item.content))


def _traceparent(content: Stored | Message | Timer) -> str:
    return traceparent_in(content.metadata) if isinstance(content, Stored) else content.traceparent
