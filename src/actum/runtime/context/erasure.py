"""Erasing an entity: its history, and then everything stored or waiting for it, even if interrupted."""

import logging
from collections.abc import Sequence

from actum.ports.asking import ask_for_all
from actum.ports.database import Database, Erasure, Timer
from actum.ports.journal import Erased, StreamKey
from actum.ports.message import Message
from actum.runtime.keys.kept_answers import erase_parts
from actum.runtime.services import Services

log: logging.Logger = logging.getLogger("actum.erasure")


async def erase(services: Services, stream: StreamKey, why: str) -> Erased:
    """Erases an entity; if this is interrupted, the next start of an application continues."""
    await services.database.begin_erasure(Erasure(*stream, await services.journal.last(), why))
    return await _carry_out(services, stream, why, since=None)


async def erase_at(services: Services, stream: StreamKey, version: int, why: str) -> bool:
    """Erases an entity that is at a version; returns False, and erases nothing, if it is at another one."""
    now = services.clock.now()
    await services.directory.turn_out(stream)
    erased = await services.journal.erase(*stream, time=now, why=why, version=version)
    if not erased.events:
        return False
    # If this is interrupted, the next start continues, and spares what has begun anew.
    await services.database.begin_erasure(Erasure(*stream, erased.position - 1, why))
    await _remove_the_rest(services, stream, erased.position, now)
    return True


async def finish_erasure(services: Services, stream: StreamKey) -> None:
    """Removes what is still stored of an entity that was erased, if it has not begun anew."""
    now = services.clock.now()
    erased = await services.journal.erase(*stream, time=now, version=0)
    if erased.position:
        await _remove_the_rest(services, stream, erased.position, now)


async def finish_erasures(services: Services) -> None:
    """Completes the erasures that were interrupted before this start."""
    for begun in await services.database.erasures():
        stream = (begun.kind, begun.id)
        erased = await _carry_out(services, stream, begun.why, since=begun.since)
        log.info("%s/%s is erased, which was interrupted (position %d)", *stream, erased.position)


async def _carry_out(services: Services, stream: StreamKey, why: str, *, since: int | None) -> Erased:
    now = services.clock.now()
    await services.directory.turn_out(stream)
    erased = await services.journal.erase(*stream, time=now, since=since, why=why)
    await _remove_the_rest(services, stream, erased.position, now)
    return erased


async def _remove_the_rest(services: Services, stream: StreamKey, position: int, now: int) -> None:
    """Removes what is stored of an entity beside its history, which was erased at a position."""
    directory, feed = services.directory, services.feed
    feed.forget()
    feed.erasures.note(stream, position, now)
    # A command meanwhile may have loaded its former state.
    await directory.turn_out(stream)
    keys = await _keys(services, stream)
    await erase_parts(services.journal, keys, now)
    await services.broker.erase(keys)
    await services.database.end_erasure(*stream, position, keys=keys)
    feed.hear_of(position)


async def _keys(services: Services, stream: StreamKey) -> list[str]:
    """Returns the keys of an entity's messages: its id alone too, if no other entity has that id."""
    kind, id = stream
    others = [(other, id) for other in services.kinds if other != kind]

    async def exist(streams: Sequence[StreamKey]) -> list[bool]:
        loaded = await services.journal.load(streams, {})
        return [bool(one.events or one.pruned) for one in loaded]

    found = await ask_for_all(exist, others)
    alike = [other for (other, _), exists in zip(others, found, strict=True) if exists]
    if not alike:
        return [f"{kind}/{id}", id]
    log.warning(
        "%s/%s is erased; messages with the key %r are kept, if there are any, for it is the id of %s too: "
        "they go with that, or give them keys like '%s/%s'",
        kind,
        id,
        id,
        ", ".join(f"{other}/{id}" for other in alike),
        kind,
        id,
    )
    return [f"{kind}/{id}"]


async def is_message_left(services: Services, action: str, message: Message) -> bool:
    """Whether a message that was taken is still to be handled: not if it was erased meanwhile."""
    if not services.feed.erasures.may_have(message.key, message.time):
        return True
    found = await services.broker.messages(message.queue, message.id - 1, 1)
    return [one.id for one in found] == [message.id] or await _is_letter(
        services.database, action, message.key or "", message.id
    )


async def is_timer_left(services: Services, action: str, timer: Timer) -> bool:
    """Whether a timer that was taken is still to fire: not if its entity was erased meanwhile."""
    if not services.feed.erasures.may_have(f"{timer.kind}/{timer.entity_id}", 0):
        return True
    return await is_timer_stored(services.database, action, timer)


async def is_timer_stored(database: Database, action: str, timer: Timer) -> bool:
    """Whether a timer that was taken is still stored, itself or as a letter."""
    key = f"{timer.kind}/{timer.entity_id}"
    found = await database.timers(up_to=timer.due, limit=1, after=(timer.due, timer.id - 1))
    return [one.id for one in found] == [timer.id] or await _is_letter(database, action, key, timer.id)


async def _is_letter(database: Database, action: str, key: str, position: int) -> bool:
    letter = await database.first_letter(action, key)
    return letter is not None and letter.position == position
