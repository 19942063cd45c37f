"""The trigger of events: the feed from a checkpoint on, which moves up as events are done."""

from collections.abc import Awaitable, Collection, Sequence

from actum.errors import DefinitionError, UnknownEvent
from actum.model.action import Failure, OnEvents
from actum.model.event import Stored
from actum.model.reduction import events_in
from actum.ports.database import Database, Letter, NewLetter, Progress
from actum.ports.journal import EventRange, Journal
from actum.runtime.actions.invoke import is_event
from actum.runtime.actions.triggers.source import Item, Run, Source
from actum.runtime.actions.triggers.trigger import ActionTrigger, Callee, OpenSource
from actum.runtime.context.event_context import EventContext
from actum.runtime.feed import Feed
from actum.runtime.services import Services

LAZY = 10_000
"""Positions without an event for the action after which its checkpoint is saved all the same."""


class EventTrigger(ActionTrigger[OnEvents]):
    """Runs an action for each event of some classes: in order within an entity."""

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

        def opened(database: Database) -> Source:
            return EventSource(
                self.name,
                types,
                checkpoint=checkpoint,
                head=head,
                is_since_beginning=is_since_beginning,
                feed=services.feed,
                journal=services.journal,
                database=database,
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


class EventSource(Source):
    """Events of some types, keyed by entity; all up to the checkpoint are done or letters."""

    can_read_again = True

    def __init__(
        self,
        action: str,
        types: Collection[str],
        *,
        checkpoint: int,
        head: int,
        is_since_beginning: bool,
        feed: Feed,
        journal: Journal,
        database: Database,
    ) -> None:
        self._action = action
        self._counts = dict.fromkeys(types, 0)
        self._head = head
        self._is_since_beginning = is_since_beginning
        self._position = checkpoint
        self._saved = checkpoint
        self._feed = feed
        self._journal = journal
        self._database = database
        # To other processes, only the saved checkpoint shows how far this one is.
        self._lazy = 0 if database.is_shared else LAZY
        feed.join()

    @property
    def position(self) -> int:
        """The position up to which the feed was given."""
        return self._position

    async def rewind(self) -> None:
        # The last save may have succeeded although it was reported as failed.
        await self._settle_triggers()
        self._position = self._saved = await self._database.checkpoint(self._action, at_first=self._saved)

    async def next(self, limit: int) -> list[Item]:
        batch, end = await self._feed.next(self._position, limit)
        if end == self._position:
            await self._feed.wait(self._position)
            return []
        self._position = end
        counts = self._counts
        items: list[Item] = []
        for stored in batch:
            beyond = counts.get(stored.type)
            if beyond is not None and stored.position > beyond:
                items.append(_item(stored))
        return items

    async def read_again(self, last: Item, up_to: int, limit: int) -> tuple[list[Item], bool]:
        version = last.content.version
        kind, id = last.content.kind, last.content.id
        while page := await self._journal.read(EventRange(kind, id, after=version, limit=limit)):
            found = [one for one in page if one.position <= up_to]
            items = [_item(one) for one in found if self._is_wanted(one)]
            if items or len(found) < len(page):
                return items, len(found) < len(page)
            version = page[-1].version
        return [], True

    async def save(self, done: Sequence[int], letters: Sequence[NewLetter], open_from: int | None) -> None:
        checkpoint = self._position if open_from is None else open_from - 1
        if not letters and (
            checkpoint == self._saved or (not done and checkpoint - self._saved < self._lazy)
        ):
            return
        await self._database.save(
            Progress(
                self._action, "events", before=self._saved, checkpoint=checkpoint, letters=tuple(letters)
            )
        )
        self._saved = checkpoint

    async def fetch(self, letter: Letter) -> Item | None:
        found = await self._journal.feed(letter.position - 1, 1)
        if not found or found[0].position != letter.position:
            return None
        return _item(found[0])

    async def is_empty(self) -> bool:
        return self._position >= self._feed.head

    async def _settle_triggers(self) -> None:
        """Saves for each type of event the position from which it sets the action off.

        A type that is new to an action that has run before counts from this start on. With
        since="beginning" the feed is read again from the beginning, for that type alone.
        """
        kept = await self._database.triggers(self._action)
        if not kept:
            await self._database.set_triggers(self._action, self._counts)
            return
        new = self._counts.keys() - kept.keys()
        counts = {name: kept.get(name, self._head) for name in self._counts}
        if new and self._is_since_beginning:
            before = await self._database.checkpoint(self._action, at_first=self._saved)
            counts = {name: 0 if name in new else max(counts[name], before) for name in counts}
            await self._database.set_triggers(self._action, counts, checkpoint=0)
        elif counts != kept:
            await self._database.set_triggers(self._action, counts)
        self._counts = counts

    def _is_wanted(self, stored: Stored) -> bool:
        beyond = self._counts.get(stored.type)
        return beyond is not None and stored.position > beyond

    async def is_settled(self) -> bool:
        return await self._database.checkpoint(self._action, at_first=self._saved) >= self._feed.head


def _item(stored: Stored) -> Item:
    return Item(stored.position, f"{stored.kind}/{stored.id}", b"", stored, len(stored.payload))
