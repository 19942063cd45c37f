"""Histories: an entity's events, its state at another version or time, listings of ids, and deletion."""

from collections.abc import Sequence
from datetime import datetime
from itertools import takewhile
from typing import Any, TypeVar

from actum.errors import DefinitionError, Invalid, NotFound, TooLarge, UnknownEvent
from actum.model.entity import Entity, EntityType
from actum.model.event import Event, Recorded, Stored, to_microseconds
from actum.model.name import check_id, check_name
from actum.model.rows.page import Page
from actum.model.turn import Instance, as_stored
from actum.ports.journal import Erased, EventRange, Journal, StreamInfo, StreamKey, StreamListing
from actum.runtime.context.erasure import erase
from actum.runtime.context.id_pages import page_of_ids, read_token
from actum.runtime.services import Services
from actum.runtime.stream_pages import pages_of

EntityT = TypeVar("EntityT", bound=Entity)
MAX_HISTORY_BYTES: int = 64 * 1024 * 1024
"""The most bytes of events that one call returns; a single event may be larger."""
LATEST = 2**62


class Histories:
    """Reads and removes the events of entities. Everything it returns is durable."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def history(
        self, cls: type[Entity], id: str, *, after: int, up_to: int | None, limit: int | None, reverse: bool
    ) -> list[Recorded[Event]]:
        """Returns an entity's events, decoded."""
        check_id(id)
        kind = self._kind(cls)
        journal, size = self._services.journal, 0
        found: list[Recorded[Event]] = []
        part = EventRange(kind.name, id, after, up_to, limit, reverse)
        async for page in pages_of(journal, part):
            size += sum(len(stored.payload) for stored in page)
            if size > MAX_HISTORY_BYTES and found:
                raise TooLarge(
                    f"what is asked for of the history of {kind.name}/{id} has more than "
                    f"{MAX_HISTORY_BYTES:,} bytes: read it in parts, with limit= and with after= the version "
                    "of the last event that came"
                )
            found += [Recorded.of(self._decode(kind, one), one) for one in page]
        return found

    async def state(
        self, cls: type[EntityT], id: str, *, version: int | None, time: datetime | None
    ) -> EntityT:
        """Returns an entity's state now, at a version, or at a time."""
        check_id(id)
        kind = self._kind(cls)
        if version is None and time is None:
            instance = await self._services.directory.load_copy((kind.name, id))
        else:
            moment = None if time is None else to_microseconds(time)
            instance = await fold_history(self._services.journal, kind, id, version=version, moment=moment)
        return instance.handed_over()  # type: ignore[no-any-return]

    async def what_if(
        self, cls: type[EntityT], id: str, events: Sequence[Event], *, time: datetime | None
    ) -> EntityT:
        """Returns the state after events that have not happened."""
        check_id(id)
        kind = self._kind(cls)
        instance = await self._services.directory.load_copy((kind.name, id))
        moment = self._services.clock.now() if time is None else to_microseconds(time)
        imagined = []
        for event in events:
            event_type = event.__event_type__
            if type(event) not in kind.reductions:
                raise Invalid(f"{kind.name} does not declare {event_type.name}: give events that it reduces")
            imagined.append((event_type.name, event_type.version, event_type.encode(event)))
        instance.replay(as_stored(kind.name, id, instance.version, imagined, moment))
        return instance.handed_over()  # type: ignore[no-any-return]

    async def ids(
        self,
        cls: type[Entity],
        *,
        limit: int,
        page: str | None,
        first_after: datetime | None,
        first_before: datetime | None,
        reverse: bool,
    ) -> Page[StreamInfo]:
        """Lists the entities of a kind by the time of their first event."""
        kind = self._kind(cls).name
        if page is not None:
            listing = read_token(page, kind)
        else:
            after = None if first_after is None else to_microseconds(first_after)
            before = None if first_before is None else to_microseconds(first_before)
            listing = StreamListing(kind, limit, after, before, reverse)
        return await page_of_ids(self._services.journal, listing)

    async def prune(self, cls: type[Entity], id: str) -> int:
        """Removes the events before the last, and returns how many there were."""
        check_id(id)
        stream: StreamKey = (self._kind(cls).name, id)
        directory = self._services.directory
        await directory.turn_out(stream)
        removed = await self._services.journal.prune(*stream, LATEST)
        self._services.feed.forget()
        # A command meanwhile may have loaded its former state.
        await directory.turn_out(stream)
        return removed

    async def erase(self, cls: type[Entity], id: str, why: str) -> Erased:
        """Removes everything that is stored for an entity."""
        check_id(id)
        check_name(why, "why an entity is erased", field="why")
        return await erase(self._services, (self._kind(cls).name, id), why)

    def _kind(self, cls: type[Any]) -> EntityType:
        reference = self._services.catalog.entity_references.get(cls)
        if reference is None:
            raise DefinitionError(
                f"{cls.__name__} is not among the application's entities: add it to App(entities=[…])"
            )
        return reference.kind

    def _decode(self, kind: EntityType, stored: Stored) -> Event:
        reduction = kind.by_name.get(stored.type)
        if reduction is None:
            raise UnknownEvent(
                f"{kind.name}/{stored.id} has an event {stored.type!r} that {kind.cls.__name__} does not "
                "declare"
            )
        return reduction.event_type.read(stored.payload, stored.type_version)


async def fold_history(
    journal: Journal, kind: EntityType, id: str, *, version: int | None = None, moment: int | None = None
) -> Instance:
    """Folds an entity's history up to a version, or a time, or the end.

    Raises NotFound if it has no such version (any more).
    """
    instance = Instance(kind, id)
    pruned = instance.version = (await journal.load([(kind.name, id)], {}))[0].pruned
    async for page in pages_of(journal, EventRange(kind.name, id, pruned, version)):
        wanted = page if moment is None else list(takewhile(lambda one: one.time <= moment, page))
        instance.replay(wanted)
        if len(wanted) < len(page):
            break
    if moment is not None and pruned and instance.version == pruned:
        raise NotFound(f"{kind.name}/{id}: its history up to that time was removed")
    if version is not None and pruned and version <= pruned:
        raise NotFound(
            f"{kind.name}/{id}: the history up to version {pruned} was removed, and with it {version}"
        )
    if version is not None and instance.version != version:
        raise NotFound(f"{kind.name}/{id} has no version {version}: it is at {instance.version}")
    return instance
