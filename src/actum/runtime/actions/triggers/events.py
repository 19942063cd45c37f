"""The trigger of events: an action is run for each event of some classes."""

from collections.abc import Awaitable

from actum.errors import DefinitionError, UnknownEvent
from actum.model.action import Failure, OnEvents
from actum.model.event import Stored
from actum.model.reduction import events_in
from actum.ports.database import Database
from actum.runtime.actions.invoke import is_event
from actum.runtime.actions.triggers.event_source import EventSource
from actum.runtime.actions.triggers.source import Item, Run, Source
from actum.runtime.actions.triggers.trigger import ActionTrigger, Callee, OpenSource
from actum.runtime.context.event_context import EventContext
from actum.runtime.services import Services


class EventTrigger(ActionTrigger[OnEvents]):
    """Runs an action for each event of some classes: in order within an entity."""

    is_split = True

    def check_callee(self, callee: Callee) -> None:
        function = callee.function
        function.check_required("events")
        if function.event_parameter is None:
            return
        taken = events_in(function.hints[function.event_parameter])
        for event in self.declared.events:
            if taken and not issubclass(event, tuple(taken)):
                raise DefinitionError(
                    f"action {function.name} is set off by {event.__name__}, and its parameter "
                    f"{function.event_parameter!r} does not take it: add it to the annotation"
                )

    async def source(self, services: Services) -> OpenSource:
        head = services.feed.head
        is_since_beginning = self.declared.since == "beginning"
        at_first = 0 if is_since_beginning else head
        checkpoint = await services.database.checkpoint(self.name, at_first=at_first)
        types = {event.__event_type__.name for event in self.declared.events}
        slices = services.database.slices
        of = self.declared.of
        kind = None if of is None else of.__entity_options__.name

        def opened(database: Database) -> Source:
            return EventSource(
                self.name,
                types,
                declared=services.catalog.events,
                checkpoint=checkpoint,
                head=head,
                is_since_beginning=is_since_beginning,
                feed=services.feed,
                journal=services.journal,
                database=database,
                slices=slices,
                kind=kind,
            )

        return opened

    def call(self, services: Services, callee: Callee) -> Run:
        function, catalog = callee.function, services.catalog
        parameter = function.event_parameter
        wants_event = parameter is not None and is_event(function.hints[parameter])
        erasures, action = services.feed.erasures, callee.cause

        def run(item: Item, failure: Failure | None = None) -> Awaitable[None]:
            stored: Stored = item.content
            if erasures.count and erasures.had(stored):
                return _nothing()
            event_type = catalog.events.get(stored.type)
            if event_type is None:
                raise UnknownEvent(
                    f"no class declares the event {stored.type!r}: bring it back, or skip this letter"
                )
            event = event_type.read(stored.payload, stored.type_version)
            context = EventContext(services, stored, event, action)
            arguments = function.arguments(context, services.resources, failure)
            if parameter is not None:
                arguments[parameter] = event if wants_event else context.event
            # Not awaited here: one coroutine fewer for each event.
            return function.function(**arguments)  # type: ignore[no-any-return]

        return run


async def _nothing() -> None:
    """Does nothing."""
