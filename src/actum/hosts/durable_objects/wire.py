"""What travels between a process and its objects: calls, answers and events as JSON, the same on both sides.

Payloads, metadata and replies are JSON already. They travel as strings, so that they stay what they were to
the letter.
"""

from typing import Any

import msgspec
from msgspec import Raw, Struct

from actum.errors import (
    ActumError,
    AuthorError,
    BrokenStream,
    Conflict,
    DefinitionError,
    Invalid,
    KeyReused,
    NotFound,
    Overloaded,
    Rejected,
    Unavailable,
    UndeclaredEvent,
    UnknownEvent,
    WrongEvent,
    WrongReply,
    WrongVersion,
)
from actum.model.event import Stored

encode = msgspec.json.encode


class Fact(Struct, array_like=True, gc=False):
    """An event without its stream; `position` is 0 until the feed has numbered it."""

    position: int
    version: int
    type: str
    type_version: int
    payload: str
    metadata: str
    time: int

    def stored(self, kind: str, id: str) -> Stored:
        """Gives the event as a journal does."""
        payload, metadata = self.payload.encode(), self.metadata.encode()
        return Stored(
            self.position, kind, id, self.version, self.type, self.type_version, payload, metadata, self.time
        )


class Command(Struct, tag=True, array_like=True, gc=False):
    """A command. `attempt` tells this call from all others, so that one which comes twice takes effect once.

    `arguments` are a JSON array. `key` is its idempotency key, and `mark` what the key stands for.
    """

    name: str
    arguments: str
    metadata: str
    attempt: str
    key: str | None = None
    mark: str = ""
    expected: int | None = None


class Query(Struct, tag=True, array_like=True, gc=False):
    """A query; `arguments` are a JSON array."""

    name: str
    arguments: str
    expected: int | None = None


class Write(Struct, array_like=True, gc=False):
    """What `actum.journal.port.Write` says, for one stream; an event is (type, version of the type, payload)."""

    expected: int
    events: list[tuple[str, int, str]]
    metadata: str
    time: int
    key: str | None = None
    call: str = ""
    reply: str = "null"
    group: int | None = None


class Append(Struct, tag=True, array_like=True, gc=False):
    """Writes of one stream, decided elsewhere."""

    writes: list[Write]


class Load(Struct, tag=True, array_like=True, gc=False):
    """Asks for what brings the entity to life."""

    fingerprint: str | None


class Read(Struct, tag=True, array_like=True, gc=False):
    """Asks for a page of events; `limit` is None for as many as fit."""

    after: int
    up_to: int | None
    limit: int | None
    reverse: bool = False


class Replies(Struct, tag=True, array_like=True, gc=False):
    """Asks for the kept replies of keys."""

    keys: list[str]


class SaveSnapshot(Struct, tag=True, array_like=True, gc=False):
    """Keeps a snapshot."""

    version: int
    time: int
    fingerprint: str
    state: str


class Prune(Struct, tag=True, array_like=True, gc=False):
    """Removes events up to a version, never the last one."""

    up_to: int


class Erase(Struct, tag=True, array_like=True, gc=False):
    """Removes everything."""


class Schedule(Struct, tag=True, array_like=True, gc=False):
    """Keeps a command for later; `due` is in microseconds since 1970, `key` its idempotency key then."""

    name: str
    due: int
    command: str
    arguments: str
    metadata: str
    key: str


class Cancel(Struct, tag=True, array_like=True, gc=False):
    """Forgets a command that was kept for later."""

    name: str


Call = Command | Query | Append | Load | Read | Replies | SaveSnapshot | Prune | Erase | Schedule | Cancel


class Told(Struct, array_like=True, gc=False):
    """What a command or query answered, the position that shows it, and the version that it left."""

    reply: str
    position: int
    version: int | None


class Reply(Struct, array_like=True, gc=False):
    """A reply that is kept under an idempotency key."""

    call: str
    reply: str
    position: int


class Appended(Struct, array_like=True, gc=False):
    """What became of a write: landed at `position`, or collided with version `actual`, or repeated a reply."""

    position: int = 0
    actual: int | None = None
    repeated: Reply | None = None


class History(Struct, array_like=True, gc=False):
    """A page of a stream; `is_complete` says that nothing follows it."""

    version: int
    pruned: int
    facts: list[Fact]
    is_complete: bool
    snapshot: SaveSnapshot | None = None


class Refusal(Struct, gc=False):
    """An error, by the name of its class in `actum.errors`."""

    error: str
    message: str
    facts: dict[str, Any] = {}


NOTHING = Raw(b"null")


class Answer(Struct, array_like=True, gc=False):
    """What became of one call: an answer or a refusal."""

    value: Raw
    refusal: Refusal | None = None


class Addressed(Struct, array_like=True, gc=False):
    """A call and the entity that it goes to."""

    kind: str
    id: str
    call: Call


class ToObject(Struct, array_like=True, gc=False):
    """Calls to one object, which is told who it is, and the space whose feed is its own."""

    space: str
    kind: str
    id: str
    calls: list[Call]


class Take(Struct, tag=True, array_like=True, gc=False):
    """Hands a stream's events to the feed, which numbers those that it has not had before."""

    kind: str
    id: str
    facts: list[Fact]


class Taken(Struct, array_like=True, gc=False):
    """Where the feed has put events, by version, and how far it goes."""

    positions: list[int]
    head: int


class Forget(Struct, tag=True, array_like=True, gc=False):
    """Removes a stream's events up to a version from the feed, or (None) all trace of it."""

    kind: str
    id: str
    up_to: int | None


class Feed(Struct, tag=True, array_like=True, gc=False):
    """Asks for events beyond a position."""

    after: int
    limit: int


class Wait(Struct, tag=True, array_like=True, gc=False):
    """Asks to be answered when there is something beyond a position, or after a while; gives the head."""

    after: int
    patience: float


class Streams(Struct, tag=True, array_like=True, gc=False):
    """Asks for streams of a kind by first time and first position, beyond `seen` if that is given."""

    kind: str
    limit: int
    first_after: int | None
    first_before: int | None
    reverse: bool
    seen: tuple[int, int] | None


FeedCall = Take | Forget | Feed | Wait | Streams


class Listed(Struct, array_like=True, gc=False):
    """One stream of a listing."""

    id: str
    version: int
    first_time: int
    first_position: int
    last_time: int


class Fed(Struct, array_like=True, gc=False):
    """One event of the feed, with its stream."""

    kind: str
    id: str
    fact: Fact


LOST = "Lost"
"""The refusal of a call whose outcome is not known; with the same `attempt` it can safely be sent again."""

NAMED: dict[str, type[ActumError]] = {
    error.__name__: error
    for error in (
        AuthorError,
        BrokenStream,
        Conflict,
        DefinitionError,
        NotFound,
        Overloaded,
        Unavailable,
        UndeclaredEvent,
        UnknownEvent,
        WrongEvent,
        WrongReply,
    )
}


def refuse(error: Exception, where: str) -> Answer:
    """Tells of an error in a way that `refused` turns into the same one."""
    facts: dict[str, Any] = {}
    message = str(error)
    match error:
        case Rejected():
            name, facts = "Rejected", {"code": error.code, "facts": error.facts}
        case Invalid():
            name, facts = "Invalid", {"field": error.field}
        case WrongVersion():
            name, facts = "WrongVersion", {"expected": error.expected, "actual": error.actual}
        case KeyReused():
            name, facts = "KeyReused", {"key": error.key}
        case _:
            name = next((base.__name__ for base in type(error).__mro__ if base.__name__ in NAMED), "")
    if not name:
        name, message = "AuthorError", f"{where} failed: {type(error).__name__}: {error}"
    try:
        encode(facts)
    except TypeError:
        facts = facts | {"facts": {name: str(fact) for name, fact in facts["facts"].items()}}
    return Answer(NOTHING, Refusal(name, message, facts))


def refused(refusal: Refusal, entity: str) -> ActumError:
    """Gives the error that an object told of."""
    facts, message = refusal.facts, refusal.message
    match refusal.error:
        case "Rejected":
            return Rejected(message, code=facts["code"], **facts["facts"])
        case "Invalid":
            return Invalid(message, field=facts["field"])
        case "WrongVersion":
            return WrongVersion(entity, expected=facts["expected"], actual=facts["actual"])
        case "KeyReused":
            return KeyReused(facts["key"], entity)
        case name:
            return NAMED.get(name, Unavailable)(message)
