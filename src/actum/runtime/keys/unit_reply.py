"""What an atomic unit with a key returned: how it is stored, and returned again."""

from typing import Any

import msgspec
from msgspec import Struct

from actum.errors import WrongReply
from actum.model.entity import Entity, EntityType, entity_type
from actum.model.values.round_trip import LOST, RoundTrip, reason_of, short_repr
from actum.ports.journal import Journal, Repeated
from actum.runtime.keys.kept_answers import Mentions, parts_of, whole


class UnitMark(Entity, name="$unit"):
    """Stands for a whole unit in its stored idempotency key."""


UNIT: EntityType = entity_type(UnitMark)


class UnitKey(Struct, frozen=True):
    """A unit's idempotency key as its sender knows it, as it is `stored`, and as earlier versions stored it.

    `calls` are the ways to identify what it stands for; the first is the one that is written.
    """

    shown: str
    stored: str
    former: str | None
    calls: tuple[str, ...]


async def known_unit(journal: Journal, key: UnitKey) -> Repeated | None:
    """Returns what is stored under a key, or was stored for the same unit by an earlier version."""
    keys = [key.stored] if key.former is None else [key.stored, key.former]
    found = await journal.replies([(UNIT.name, one, one) for one in keys])
    if found[0] is None and len(found) > 1 and found[1] is not None and found[1].call in key.calls:
        return found[1]
    return found[0]


async def kept_reply(journal: Journal, key: UnitKey, known: Repeated, mentions: Mentions | None) -> bytes:
    """Returns a unit's former result; raises AnswerErased if that mentioned an entity erased since."""
    parts = parts_of(known.reply)
    if mentions is not None and parts is not None:
        mentions.take_names(parts.names)
    return await whole(journal, known.reply, key.shown) or b"null"


def written_reply(reply: Any, reply_type: Any) -> bytes:
    """Returns a unit's result as JSON; raises WrongReply for what JSON would change."""
    try:
        written = msgspec.json.encode(reply)
        trip = RoundTrip(reply_type)
        fault = trip.between(reply, trip.read(written))
        if fault is not None:
            raise ValueError(fault)
    except LOST as error:
        raise WrongReply(
            f"an atomic unit with an idempotency key returned {short_repr(reply)}, which JSON does "
            f"not preserve ({reason_of(error)}): return numbers, strings, lists, dicts, or what the "
            "function's return annotation says"
        ) from error
    return written
