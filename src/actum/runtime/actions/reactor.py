"""The reactor: the work of every action that no request sets off, and that of the timers."""

from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Any

from actum.errors import CallerError, UnknownEvent
from actum.model.action import (
    TIMEOUT,
    Failure,
    OnCron,
    OnEvents,
    OnInterval,
    OnMessage,
    OnRequest,
    Retries,
)
from actum.model.event import Recorded, Stored, read_metadata
from actum.model.values.round_trip import RoundTrip
from actum.ports.database import Database, Message, Timer
from actum.runtime.actions.action_assignment import ActionAssignment
from actum.runtime.actions.invoke import is_event
from actum.runtime.actions.plan import Plan
from actum.runtime.actions.sources.events import EventSource
from actum.runtime.actions.sources.messages import MessageSource
from actum.runtime.actions.sources.schedule import described, following
from actum.runtime.actions.sources.source import Item, Run, Source
from actum.runtime.actions.sources.ticks import TickSource
from actum.runtime.actions.sources.timers import TimerSource
from actum.runtime.actions.worker import Worker
from actum.runtime.context.context import Context
from actum.runtime.context.erasure import is_message_left, is_timer_left
from actum.runtime.context.timers import timer_key
from actum.runtime.entities.dispatcher import Call
from actum.runtime.services import Services
from actum.runtime.supervisor import Supervisor

TIMERS = "timers"


def readers(plans: Collection[Plan]) -> dict[str, RoundTrip]:
    """Gives what reads the messages of each queue, by the queue's name."""
    return {
        plan.bound.trigger.queue: RoundTrip(plan.function.hints[plan.function.message_parameter()])
        for plan in plans
        if isinstance(plan.bound.trigger, OnMessage)
    }


async def works_of(
    services: Services, plans: Collection[Plan], supervisor: Supervisor, lose: Callable[[str], None]
) -> list[ActionAssignment]:
    """Gives the work of every plan, each to go on from where it was left, and that of the timers."""

    def work(
        name: str,
        source: Callable[[Database], Source],
        run: Run,
        retries: Retries,
        timeout: timedelta,
        on_failure: Run | None = None,
    ) -> ActionAssignment:
        def make(opened: Source, database: Database) -> Worker:
            return Worker(
                name,
                opened,
                run,
                on_failure=on_failure,
                retries=retries,
                database=database,
                clock=services.clock,
                timeout=timeout.total_seconds(),
            )

        return ActionAssignment(
            name,
            source,
            make,
            database=services.database,
            clock=services.clock,
            supervisor=supervisor,
            lose=lose,
        )

    works = [
        work(plan.name, *await _described(services, plan), plan.timeout, _run_on_failure(services, plan))
        for plan in plans
    ]

    def timers(database: Database) -> Source:
        return TimerSource(TIMERS, database, services.timers, services.clock, services.signals)

    works.append(work(TIMERS, timers, _run_timer(services), Retries(), TIMEOUT))
    return works


async def _described(services: Services, plan: Plan) -> tuple[Callable[[Database], Source], Run, Retries]:
    """Gives where a plan's items come from, what is done with one, and how often it is tried."""
    trigger = plan.bound.trigger
    match trigger:
        case OnEvents():
            head = services.feed.head
            is_since_beginning = trigger.since == "beginning"
            at_first = 0 if is_since_beginning else head
            checkpoint = await services.database.checkpoint(plan.name, at_first=at_first)
            names = {event.__event_type__.name for event in trigger.events}

            def events(database: Database) -> Source:
                return EventSource(
                    plan.name,
                    names,
                    checkpoint=checkpoint,
                    head=head,
                    is_since_beginning=is_since_beginning,
                    feed=services.feed,
                    journal=services.journal,
                    database=database,
                )

            return events, _run_event(services, plan), trigger.retries
        case OnMessage():
            queue = trigger.queue
            return (
                lambda database: MessageSource(plan.name, queue, database, services.signals),
                _run_message(services, plan, services.queues[queue].read),
                trigger.retries,
            )
        case OnInterval() | OnCron():
            due = following(trigger, plan.function.name)
            return (
                lambda database: TickSource(plan.name, described(trigger), database, services.clock, due),
                _run_tick(services, plan),
                Retries(),
            )
        case OnRequest():
            raise AssertionError(f"{plan.name} is set off by a request, and needs no worker")


def _run_on_failure(services: Services, plan: Plan) -> Run | None:
    if plan.on_failure is None:
        return None
    match plan.bound.trigger:
        case OnEvents():
            return _run_event(services, plan.on_failure)
        case OnMessage() as trigger:
            return _run_message(services, plan.on_failure, services.queues[trigger.queue].read)
        case _:
            return _run_tick(services, plan.on_failure)


def _run_event(services: Services, plan: Plan) -> Run:
    function, catalog = plan.function, services.catalog
    parameter = function.event_parameter
    wants_event = parameter is not None and is_event(function.hints[parameter])
    erasures, action = services.feed.erasures, plan.cause

    async def run(item: Item, failure: Failure | None = None) -> None:
        stored: Stored = item.content
        if erasures.count and erasures.had(stored):
            return
        event_type = catalog.events.get(stored.type)
        if event_type is None:
            raise UnknownEvent(
                f"no class declares the event {stored.type!r}: bring it back, or skip this letter"
            )
        recorded = Recorded.of(event_type.read(stored.payload, stored.type_version), stored)
        metadata = read_metadata(stored.metadata)
        cause = f"{action}@{stored.position}"
        context = Context(
            services,
            correlation_id=metadata.correlation_id,
            causation_id=f"{stored.kind}/{stored.id}@{stored.version}",
            by=metadata.by,
            cause=cause,
            source=(cause, metadata.correlation_id, stored.time),
            event=recorded,
            seen=stored.position,
        )
        arguments = function.arguments(context, services.resources, failure)
        if parameter is not None:
            arguments[parameter] = recorded.event if wants_event else recorded
        await function.function(**arguments)

    return run


def _run_message(services: Services, plan: Plan, read: Callable[[bytes], Any]) -> Run:
    function = plan.function
    parameter = None if plan.is_on_failure and not function.rest else function.message_parameter()

    async def run(item: Item, failure: Failure | None = None) -> None:
        message: Message = item.content
        if not await is_message_left(services, plan.name, message):
            return
        context = Context(
            services,
            correlation_id=message.correlation_id,
            causation_id=message.causation_id,
            by=message.by,
            cause=f"{plan.cause}@{message.id}",
            source=(f"{plan.cause}@{message.id}", message.correlation_id, message.time),
            message=message,
        )
        arguments = function.arguments(context, services.resources, failure)
        if parameter is not None:
            arguments[parameter] = read(message.body)
        await function.function(**arguments)

    return run


def _run_tick(services: Services, plan: Plan) -> Run:
    async def run(item: Item, failure: Failure | None = None) -> None:
        context = Context(services, cause=f"{plan.cause}@{item.position}")
        await plan.function.function(**plan.function.arguments(context, services.resources, failure))

    return run


def _run_timer(services: Services) -> Run:
    async def run(item: Item, failure: Failure | None = None) -> None:
        await _fire(services, item.content)

    return run


async def _fire(services: Services, timer: Timer) -> None:
    if not await is_timer_left(services, TIMERS, timer):
        return
    kind = services.kinds.get(timer.kind)
    command = kind.commands.get(timer.command) if kind else None
    if kind is None or command is None:
        raise CallerError(f"timer {timer.name}: there is no command {timer.kind}.{timer.command} any more")
    context = Context(
        services, correlation_id=timer.correlation_id, causation_id=timer.causation_id, by=timer.by
    )
    call = Call(
        kind,
        timer.entity_id,
        command,
        command.signature.bind_json(timer.arguments),
        {},
        context.session.metadata_of(command.name),
    )
    call.key = timer_key(timer)
    call.identity = ""
    await services.entities.command(call)
