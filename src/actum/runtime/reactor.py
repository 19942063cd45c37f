"""The reactor: the work of every action that no request sets off, and that of the timers."""

from collections.abc import Awaitable, Callable, Collection
from datetime import timedelta
from typing import Any

import msgspec
from msgspec import Struct

from actum.database.port import Database, Message, Timer
from actum.errors import CallerError, DefinitionError, UnknownEvent
from actum.model.action import TIMEOUT, Bound, OnCron, OnEvents, OnInterval, OnMessage, OnRequest, Retries
from actum.model.event import Recorded, Stored, read_metadata
from actum.model.reduction import events_in
from actum.model.signature import check_serialisable
from actum.runtime.action_work import ActionWork
from actum.runtime.context import Context
from actum.runtime.entities import Call
from actum.runtime.event_source import EventSource
from actum.runtime.invoke import ActionFunction
from actum.runtime.message_source import MessageSource
from actum.runtime.schedule import following
from actum.runtime.services import Services
from actum.runtime.source import Item, Source
from actum.runtime.supervisor import Supervisor
from actum.runtime.tick_source import TickSource
from actum.runtime.timer_source import TimerSource
from actum.runtime.timers import timer_key
from actum.runtime.worker import Worker

TIMERS = "timers"

Run = Callable[[Item], Awaitable[None]]


class Plan(Struct, frozen=True):
    """A trigger that was checked: the worker's name, and what it calls."""

    name: str
    function: ActionFunction
    bound: Bound

    @property
    def timeout(self) -> timedelta:
        """How long an attempt may take."""
        trigger = self.bound.trigger
        return TIMEOUT if isinstance(trigger, OnRequest) else trigger.timeout


def plan_actions(bound: Collection[Bound], resource_types: Collection[type[Any]]) -> list[Plan]:
    """Checks every action that no request sets off; raises DefinitionError for what cannot work."""
    plans: dict[str, Plan] = {}
    queues: dict[str, str] = {}
    for one in bound:
        if isinstance(one.trigger, OnRequest):
            continue
        function = ActionFunction(one.function, resource_types)
        plan = Plan(_name_of(one), function, one)
        other = plans.setdefault(plan.name, plan)
        if other is not plan:
            raise DefinitionError(
                f"two actions are called {plan.name!r}: what they have done is kept by name; rename one"
            )
        _check(plan)
        if isinstance(one.trigger, OnMessage):
            if one.trigger.queue in queues:
                raise DefinitionError(
                    f"queue {one.trigger.queue!r} is taken from by {queues[one.trigger.queue]} and by "
                    f"{function.name}; "
                    "a message goes to one action: let that one call the other"
                )
            queues[one.trigger.queue] = function.name
    return list(plans.values())


def readers(plans: Collection[Plan]) -> dict[str, Callable[[bytes], Any]]:
    """Gives what reads the messages of each queue, by the queue's name."""
    return {
        plan.bound.trigger.queue: msgspec.json.Decoder(
            plan.function.hints[plan.function.message_parameter()]
        ).decode
        for plan in plans
        if isinstance(plan.bound.trigger, OnMessage)
    }


async def works_of(
    services: Services, plans: Collection[Plan], supervisor: Supervisor, lose: Callable[[str], None]
) -> list[ActionWork]:
    """Gives the work of every plan, each to go on from where it was left, and that of the timers."""

    def work(
        name: str, source: Callable[[Database], Source], run: Run, retries: Retries, timeout: timedelta
    ) -> ActionWork:
        def make(opened: Source, database: Database) -> Worker:
            return Worker(
                name,
                opened,
                run,
                retries=retries,
                database=database,
                clock=services.clock,
                timeout=timeout.total_seconds(),
            )

        return ActionWork(
            name,
            source,
            make,
            database=services.database,
            clock=services.clock,
            supervisor=supervisor,
            lose=lose,
        )

    works = [work(plan.name, *await _described(services, plan), plan.timeout) for plan in plans]

    def timers(database: Database) -> Source:
        return TimerSource(TIMERS, database, services.clock, services.signals)

    works.append(work(TIMERS, timers, lambda item: _fire(services, item.content), Retries(), TIMEOUT))
    return works


def _name_of(bound: Bound) -> str:
    match bound.trigger:
        case OnMessage():
            return f"{bound.name}@queue:{bound.trigger.queue}"
        case OnInterval() | OnCron():
            return f"{bound.name}@clock"
        case _:
            return bound.name


def _check(plan: Plan) -> None:
    function, trigger = plan.function, plan.bound.trigger
    match trigger:
        case OnEvents():
            function.check_required("events")
            if function.event_parameter is not None:
                taken = events_in(function.hints[function.event_parameter])
                for event in trigger.events:
                    if taken and event not in taken:
                        raise DefinitionError(
                            f"action {function.name} is set off by {event.__name__}, and its parameter "
                            f"{function.event_parameter!r} does not take it: add it to the annotation"
                        )
        case OnMessage():
            name = function.message_parameter()
            if name not in function.hints:
                raise DefinitionError(f"action {function.name}: annotate {name!r} with the message's type")
            check_serialisable(function.hints[name], f"action {function.name}: the message")
        case OnInterval() | OnCron():
            function.check_required("the clock")
            following(trigger, function.name)
        case OnRequest():
            raise AssertionError(f"{plan.name} is set off by a request, and needs no worker")


async def _described(services: Services, plan: Plan) -> tuple[Callable[[Database], Source], Run, Retries]:
    """Gives where a plan's items come from, what is done with one, and how often it is tried."""
    trigger = plan.bound.trigger
    match trigger:
        case OnEvents():
            at_first = 0 if trigger.since == "beginning" else services.feed.head
            checkpoint = await services.database.checkpoint(plan.name, at_first=at_first)
            names = {event.__event_type__.name for event in trigger.events}

            def events(database: Database) -> Source:
                return EventSource(
                    plan.name,
                    names,
                    checkpoint=checkpoint,
                    feed=services.feed,
                    journal=services.journal,
                    database=database,
                )

            return events, _run_event(services, plan), trigger.retries
        case OnMessage():
            queue = trigger.queue
            return (
                lambda database: MessageSource(plan.name, queue, database, services.signals),
                _run_message(services, plan, services.queues[queue]),
                trigger.retries,
            )
        case OnInterval() | OnCron():
            due = following(trigger, plan.function.name)
            return (
                lambda database: TickSource(plan.name, database, services.clock, due),
                _run_tick(services, plan),
                Retries(),
            )
        case OnRequest():
            raise AssertionError(f"{plan.name} is set off by a request, and needs no worker")


def _run_event(services: Services, plan: Plan) -> Run:
    function, catalog = plan.function, services.catalog
    parameter = function.event_parameter
    wants_event = parameter is not None and bool(events_in(function.hints[parameter]))

    async def run(item: Item) -> None:
        stored: Stored = item.content
        event_type = catalog.events.get(stored.type)
        if event_type is None:
            raise UnknownEvent(
                f"no class declares the event {stored.type!r}: bring it back, or skip this letter"
            )
        recorded = Recorded.of(event_type.read(stored.payload, stored.type_version), stored)
        metadata = read_metadata(stored.metadata)
        context = Context(
            services,
            correlation_id=metadata.correlation_id,
            causation_id=f"{stored.kind}/{stored.id}@{stored.version}",
            by=metadata.by,
            cause=f"{plan.name}@{stored.position}",
            source=f"{plan.name}@{stored.position}/{metadata.correlation_id}/{stored.time}",
            event=recorded,
            seen=stored.position,
        )
        arguments = function.arguments(context, services.resources)
        if parameter is not None:
            arguments[parameter] = recorded.event if wants_event else recorded
        await function.function(**arguments)

    return run


def _run_message(services: Services, plan: Plan, read: Callable[[bytes], Any]) -> Run:
    function = plan.function
    parameter = function.message_parameter()

    async def run(item: Item) -> None:
        message: Message = item.content
        context = Context(
            services,
            correlation_id=message.correlation_id,
            causation_id=message.causation_id,
            by=message.by,
            cause=f"{plan.name}@{message.id}",
            source=f"{plan.name}@{message.id}/{message.correlation_id}/{message.time}",
            message=message,
        )
        arguments = function.arguments(context, services.resources)
        arguments[parameter] = read(message.body)
        await function.function(**arguments)

    return run


def _run_tick(services: Services, plan: Plan) -> Run:
    async def run(item: Item) -> None:
        context = Context(services, cause=f"{plan.name}@{item.position}")
        await plan.function.function(**plan.function.arguments(context, services.resources))

    return run


async def _fire(services: Services, timer: Timer) -> None:
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
        context.line.metadata_of(command.name),
    )
    call.key = timer_key(timer)
    call.identity = ""
    await services.entities.command(call)
