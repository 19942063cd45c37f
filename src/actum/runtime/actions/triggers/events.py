"""The trigger of events: the feed from a checkpoint on, which moves up as events are done."""

import asyncio
from collections.abc import Collection, Mapping, Sequence

from msgspec.structs import astuple

from actum.errors import DefinitionError, UnknownEvent
from actum.model.action import Failure, OnEvents
from actum.model.event import Recorded, Stored, read_metadata
from actum.model.reduction import events_in
from actum.ports.database import Database, Letter, NewLetter, Progress, SliceMove, SliceState
from actum.ports.journal import EventRange, Journal
from actum.runtime.actions.invoke import is_event
from actum.runtime.actions.triggers.sliced_source import Leases, Slice, SlicedSource
from actum.runtime.actions.triggers.source import Item, Lowest, Run, Source
from actum.runtime.actions.triggers.trigger import ActionTrigger, Callee, OpenSource
from actum.runtime.context.context import Context
from actum.runtime.feed import Feed
from actum.runtime.services import Services

LAZY = 10_000
"""Positions without an event for the action after which its checkpoint is saved all the same."""


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
                slices=slices,
            )

        return opened

    def call(self, services: Services, callee: Callee) -> Run:
        function, catalog = callee.function, services.catalog
        parameter = function.event_parameter
        wants_event = parameter is not None and is_event(function.hints[parameter])
        erasures, action = services.feed.erasures, callee.cause

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


class EventSource(SlicedSource):
    """Events of some types, keyed by entity; all up to a slice's checkpoint are done or letters."""

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
        slices: int = 1,
    ) -> None:
        super().__init__(database, slices)
        self._action = action
        self._types = frozenset(types)
        self._head = head
        self._is_since_beginning = is_since_beginning
        self._checkpoint = self._position = checkpoint
        self._feed = feed
        self._journal = journal
        self._waiting: asyncio.Task[None] | None = None
        # To other processes, only the saved checkpoint shows how far this one is.
        self._lazy = 0 if database.is_shared else LAZY
        feed.join()

    @property
    def position(self) -> int:
        """The position up to which the feed was given."""
        return self._position

    async def load(self, leases: Mapping[int, Leases]) -> list[Slice]:
        stored, states = await self._states(leases)
        opened = {number: self._settled(state) for number, state in states.items()}
        await self._store(
            leases, {number: new for number, new in opened.items() if new != stored.get(number)}
        )
        # The last save may have succeeded although it was reported as failed.
        return [
            Slice(number, leases[number], state.checkpoint, state.checkpoint, state.triggers)
            for number, state in opened.items()
        ]

    async def read_page(self, after: int, limit: int) -> tuple[Sequence[Stored], int]:
        return await self._feed.next(after, limit)

    def items(self, page: Sequence[Stored], slices: Mapping[int, Slice]) -> list[Item]:
        types, slice_of = self._types, self.slice_of
        items: list[Item] = []
        for stored in page:
            if stored.type not in types:
                continue
            key = f"{stored.kind}/{stored.id}"
            number = slice_of(key)
            one = slices.get(number)
            if one is not None and stored.position > one.given and stored.position > one.counts[stored.type]:
                items.append(Item(stored.position, key, b"", stored, len(stored.payload), number))
        return items

    async def wait(self) -> None:
        if self.slices == 1:
            await self._feed.wait(self._position)
            return
        waiting = self._waiting = asyncio.create_task(self._feed.wait(self._position))
        try:
            await asyncio.wait({waiting})
        finally:
            waiting.cancel()

    def wake(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()

    async def read_again(self, last: Item, up_to: int, limit: int) -> tuple[list[Item], bool]:
        version = last.content.version
        kind, id = last.content.kind, last.content.id
        while page := await self._journal.read(EventRange(kind, id, after=version, limit=limit)):
            found = [one for one in page if one.position <= up_to]
            items = [self._item(one) for one in found if self._is_wanted(one, last.slice)]
            if items or len(found) < len(page):
                return items, len(found) < len(page)
            version = page[-1].version
        return [], True

    async def save_held(
        self, done: Mapping[int, Sequence[int]], letters: Sequence[NewLetter], lowest: Lowest
    ) -> None:
        failed, has_done = {letter.slice for letter in letters}, any(done.values())
        moves: list[SliceMove] = []
        for one in (*self._leaving.values(), *self._here.values()):
            open_from = lowest(one.number)
            checkpoint = one.given if open_from is None else open_from - 1
            advanced = checkpoint - one.saved
            if one.number in failed or (advanced and (has_done or advanced >= self._lazy)):
                moves.append(SliceMove(one.number, one.saved, checkpoint))
        if not moves:
            return
        if self.slices == 1:
            [(_, before, checkpoint)] = map(astuple, moves)
            progress = Progress(
                self._action, "events", before=before, checkpoint=checkpoint, letters=tuple(letters)
            )
        else:
            progress = Progress(self._action, "events", letters=tuple(letters), moves=tuple(moves))
        await self._fenced([move.slice for move in moves]).save(progress)
        held = {**self._leaving, **self._here}
        for move in moves:
            if move.slice in held:
                held[move.slice].saved = move.checkpoint

    async def fetch(self, letter: Letter) -> Item | None:
        found = await self._journal.feed(letter.position - 1, 1)
        if not found or found[0].position != letter.position:
            return None
        return self._item(found[0])

    async def is_empty(self) -> bool:
        return self._position >= self._feed.head and not self.is_behind

    async def is_settled(self) -> bool:
        elsewhere = set(range(self.slices)) - self._here.keys()
        _, states = await self._states(elsewhere or {0})
        return all(state.checkpoint >= self._feed.head for state in states.values())

    async def _states(
        self, numbers: Collection[int]
    ) -> tuple[Mapping[int, SliceState], dict[int, SliceState]]:
        """Gives what is stored of slices, and their states: one never begun is where the whole action was."""
        stored = await self._database.slice_states(self._action) if self.slices > 1 else {}
        if stored.keys() >= set(numbers) and self.slices > 1:
            return stored, {number: stored[number] for number in numbers}
        triggers = await self._database.triggers(self._action)
        checkpoint = await self._database.checkpoint(self._action, at_first=self._checkpoint)
        whole = SliceState(checkpoint, triggers)
        if self.slices == 1:
            stored[0] = whole
        return stored, {number: stored.get(number, whole) for number in numbers}

    def _settled(self, state: SliceState) -> SliceState:
        """Gives the position from which each type of event counts, and where to read on.

        A type that is new to an action that has run before counts from this start on. With
        since="beginning" the feed is read again from the beginning, for that type alone.
        """
        kept = state.triggers
        if not kept:
            return SliceState(state.checkpoint, dict.fromkeys(self._types, 0))
        new = self._types - kept.keys()
        counts = {name: kept.get(name, self._head) for name in self._types}
        if new and self._is_since_beginning:
            counts = {name: 0 if name in new else max(counts[name], state.checkpoint) for name in counts}
            return SliceState(0, counts)
        return SliceState(state.checkpoint, counts)

    async def _store(self, leases: Mapping[int, Leases], states: Mapping[int, SliceState]) -> None:
        """Stores what has changed when slices were begun."""
        if self.slices == 1:
            for state in states.values():
                moved = {} if state.checkpoint else {"checkpoint": 0}
                await self._database.set_triggers(self._action, state.triggers, **moved)
        elif states:
            held = self._database.under(*(lease for number in sorted(states) for lease in leases[number]))
            await held.set_slices(self._action, states)

    def _is_wanted(self, stored: Stored, number: int) -> bool:
        one = self._here.get(number) or self._leaving.get(number)
        beyond = None if one is None else one.counts.get(stored.type)
        return beyond is not None and stored.position > beyond

    def _item(self, stored: Stored) -> Item:
        key = f"{stored.kind}/{stored.id}"
        return Item(stored.position, key, b"", stored, len(stored.payload), self.slice_of(key))
