"""Stores events in an application under test as if its entities had emitted them."""

import asyncio
from collections.abc import Sequence

from actum.errors import Conflict, DefinitionError
from actum.model.entity import Entity
from actum.model.event import Metadata, write_metadata
from actum.model.name import check_id
from actum.ports.journal import Landed, Write
from actum.runtime.entities.actor import Staged
from actum.runtime.services import Services
from actum.testing.stored import GivenEvent, emitted_of


async def store_events(services: Services, cls: type[Entity], id: str, events: Sequence[GivenEvent]) -> None:
    """Adds events to an entity's history; commands that follow see them, and so do views and actions."""
    reference = services.catalog.entity_references.get(cls)
    if reference is None:
        raise DefinitionError(
            f"{cls.__name__} is not among the application's entities: add it to App(entities=[…])"
        )
    if services.host is not None:
        raise DefinitionError("entities that live in a host have their events there: use another store")
    check_id(id)
    kind = reference.kind
    known = [reduction.event_type for reduction in kind.reductions.values()]
    emitted = [emitted_of(event, known, cls.__name__) for event in events]
    if not emitted:
        return
    stream = (kind.name, id)
    actor = await services.directory.activate(stream)
    metadata = write_metadata(Metadata(correlation_id=services.clock.new_id()))
    write = Write(*stream, actor.instance.version, emitted, metadata, services.clock.now())
    staged = Staged(write, actor, asyncio.get_running_loop().create_future())
    services.committer.stage(staged)
    outcome = await staged.future
    if not isinstance(outcome, Landed):
        raise Conflict(f"{kind.name}/{id} was written to at the same time: store its events before or after")
    # Its state lacks these events: the next command loads it.
    await services.directory.turn_out(stream)
