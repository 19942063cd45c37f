"""Answers that are stored for a key: in parts, each erased with an entity that the answer mentions."""

import asyncio
import base64
import secrets
from collections.abc import Iterable, Sequence
from functools import reduce

import msgspec
from msgspec import Struct

from actum.errors import AnswerErased
from actum.model.entity import Entity, EntityType, entity_type
from actum.model.turn import Instance
from actum.ports.asking import ask_for_all
from actum.ports.journal import Journal, StreamKey, Write
from actum.runtime.entities.actor import Actor, Staged
from actum.runtime.feed import Feed

MARK: bytes = b"\x01"
"""The prefix of a reference to parts; no JSON begins like this."""
ANY: str = "*"
"""The name for an answer that may mention any entity: it is erased with the first that is erased."""
MAX_PARTS: int = 16
MAX_PARTS_BYTES: int = 1_000_000
EMPTY: frozenset[bytes] = frozenset({b"null", b"true", b"false"})
"""The name for answers that mention nobody."""


class AnswerMark(Entity, name="$answers"):
    """Stands for an entity in the keys of the answers' parts that mention it."""


ANSWERS: EntityType = entity_type(AnswerMark)


class Mentions:
    """What an answer may mention: the entities that its work asked or wrote, and the keys that it sent."""

    __slots__ = ("_feed", "_names", "_streams")

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._names: dict[str, None] = {}
        self._streams: dict[StreamKey, int] = {}

    def __repr__(self) -> str:
        return f"<Mentions of {', '.join(self._names) or 'nobody'}>"

    def note(self, kind: str, id: str) -> None:
        """Adds an entity."""
        if (kind, id) not in self._streams:
            self._streams[kind, id] = self._feed.head
            self._names[f"{kind}/{id}"] = None

    def note_key(self, key: str | None) -> None:
        """Adds a message's key, which may be that of an entity."""
        if key is not None:
            self._names[key] = None

    def note_any(self) -> None:
        """Marks the answer as one that may mention any entity, as that of a view's query."""
        self._names[ANY] = None

    def take(self, other: "Mentions") -> None:
        """Adds everything that another one holds."""
        self._names |= other._names
        self._streams = {**other._streams, **self._streams}

    def take_names(self, names: Iterable[str]) -> None:
        """Adds what an answer mentions that was stored before."""
        self._names |= dict.fromkeys(names)

    @property
    def names(self) -> list[str]:
        """The names under which parts are stored."""
        return list(self._names) if len(self._names) <= MAX_PARTS else [ANY]

    @property
    def is_any_erased(self) -> bool:
        """Whether one of the entities was erased since it was added, as far as this process knows."""
        erasures = self._feed.erasures
        return any(erasures.has(*stream, position) for stream, position in self._streams.items())


class Parts(Struct, frozen=True):
    """Where the parts of an answer are: under each of `names`, by the key `of`.

    One that is not `whole` was too long to be stored: its parts only show that nothing was erased since.
    """

    names: list[str]
    of: str
    whole: bool = True
    erased: bool = False


ERASED: bytes = MARK + msgspec.json.encode(Parts([], "", erased=True))
"""What stands for an answer that was erased."""


class Kept(Struct, frozen=True):
    """An answer as it is to be written: the reply under its key, and the parts it refers to."""

    reply: bytes
    parts: list[Write] = []


def parted(answer: bytes | None, mentions: Mentions | None, now: int) -> Kept:
    """Splits an answer, or None for one that is too long, into the parts in which it is stored."""
    names = [] if mentions is None or answer in EMPTY else mentions.names
    if not names:
        return Kept(b"null" if answer is None else answer)
    if mentions is not None and mentions.is_any_erased:
        return Kept(ERASED)
    if len(names) * len(answer or b"") > MAX_PARTS_BYTES:
        names = [ANY]
    of = secrets.token_hex(8)
    parts = [b"null"] * len(names) if answer is None else _split(answer, len(names))
    writes = [
        Write(ANSWERS.name, name, 0, [], b"{}", now, key=of, reply=part)
        for name, part in zip(names, parts, strict=True)
    ]
    return Kept(MARK + msgspec.json.encode(Parts(names, of, whole=answer is not None)), writes)


def parts_of(reply: bytes) -> Parts | None:
    """Returns where the parts of a stored answer are; None for one that is stored whole."""
    return msgspec.json.decode(reply[1:], type=Parts) if reply.startswith(MARK) else None


async def whole(journal: Journal, reply: bytes, key: str) -> bytes | None:
    """Returns a stored answer, None for one that was too long; raises AnswerErased if a part is gone."""
    parts = parts_of(reply)
    if parts is None:
        return reply
    keys = [(ANSWERS.name, name, parts.of) for name in parts.names]
    replies = [one.reply for one in await ask_for_all(journal.replies, keys) if one is not None]
    if parts.erased or len(replies) < len(parts.names):
        raise AnswerErased(key)
    return _joined(replies) if parts.whole else None


async def erase_parts(journal: Journal, names: Sequence[str], time: int) -> None:
    """Erases the parts of an entity with these names, and all answers that may mention it."""
    await asyncio.gather(*(journal.erase(ANSWERS.name, name, time=time) for name in (*names, ANY)))


def staged_part(write: Write) -> Staged:
    """Returns a part as a write for the committer."""
    actor = Actor(Instance(ANSWERS, write.id), kept=0, used=write.time)
    actor.is_live = False
    return Staged(write, actor, asyncio.get_running_loop().create_future())


def _split(answer: bytes, count: int) -> list[bytes]:
    """Splits an answer into parts that are only readable together."""
    if count == 1:
        return [answer]
    pads = [secrets.token_bytes(len(answer)) for _ in range(count - 1)]
    return [base64.b64encode(part) for part in (*pads, reduce(_xor, pads, answer))]


def _joined(parts: Sequence[bytes]) -> bytes:
    return parts[0] if len(parts) == 1 else reduce(_xor, map(base64.b64decode, parts))


def _xor(one: bytes, other: bytes) -> bytes:
    return (int.from_bytes(one) ^ int.from_bytes(other)).to_bytes(len(one))
