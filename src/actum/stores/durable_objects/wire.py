"""What a process and an entity's object send each other: calls, answers and events, the same on both sides.

Payloads, metadata and replies are JSON already. They travel as strings, so that every character stays as it
was.
"""

from msgspec import Struct

from actum.model.deletion import ERASED
from actum.model.event import Stored


class Fact(Struct, array_like=True, gc=False):
    """An event without its stream; `position` is 0 until the feed has numbered it."""

    position: int
    version: int
    type: str
    type_version: int
    payload: str
    metadata: str
    time: int

    @classmethod
    def of(cls, one: Stored) -> "Fact":
        """Returns an event in the form in which it is sent."""
        payload, metadata = one.payload.decode(), one.metadata.decode()
        return cls(one.position, one.version, one.type, one.type_version, payload, metadata, one.time)

    def stored(self, kind: str, id: str) -> Stored:
        """Returns the event in the form in which a journal stores it."""
        payload, metadata = self.payload.encode(), self.metadata.encode()
        return Stored(
            self.position, kind, id, self.version, self.type, self.type_version, payload, metadata, self.time
        )


class Command(Struct, tag=True, array_like=True, gc=False):
    """A command. `attempt` identifies this call, so that one which comes twice takes effect once.

    `arguments` are a JSON array. `key` is its idempotency key, and `mark` what the key stands for. `is_again`
    says that the call was sent before, with an unknown outcome.
    """

    name: str
    arguments: str
    metadata: str
    attempt: str
    key: str | None = None
    mark: str = ""
    expected: int | None = None
    is_again: bool = False


class Query(Struct, tag=True, array_like=True, gc=False):
    """A query; `arguments` are a JSON array."""

    name: str
    arguments: str
    expected: int | None = None


class Write(Struct, array_like=True, gc=False):
    """The same as `actum.ports.journal.Write`; an event is its type, its type's version, and its payload."""

    expected: int
    events: list[tuple[str, int, str]]
    metadata: str
    time: int
    key: str | None = None
    call: str = ""
    reply: str = "null"
    group: int | None = None


class Append(Struct, tag=True, array_like=True, gc=False):
    """Writes of one stream that were decided in another process."""

    writes: list[Write]


class Load(Struct, tag=True, array_like=True, gc=False):
    """Asks for what the entity is loaded from."""

    fingerprint: str | None


class Read(Struct, tag=True, array_like=True, gc=False):
    """Asks for a page of events; `limit` is None for as many as fit."""

    after: int
    up_to: int | None
    limit: int | None
    reverse: bool = False


class Replies(Struct, tag=True, array_like=True, gc=False):
    """Asks for the stored replies of keys."""

    keys: list[str]


class SaveSnapshot(Struct, tag=True, array_like=True, gc=False):
    """Stores a snapshot."""

    version: int
    time: int
    fingerprint: str
    state: str


class Prune(Struct, tag=True, array_like=True, gc=False):
    """Removes events up to a version, never the last one."""

    up_to: int


class Erase(Struct, tag=True, array_like=True, gc=False):
    """Removes everything, as of a time (microseconds since 1970); with `version`, only at that version."""

    time: int = 0
    why: str = ERASED
    version: int | None = None


class Erased(Struct, array_like=True, gc=False):
    """How many events were removed, and the position of the erasure in the feed (0: there was nothing)."""

    events: int
    position: int


class Schedule(Struct, tag=True, array_like=True, gc=False):
    """Schedules a command; `due` is in microseconds since 1970, `key` its idempotency key then."""

    name: str
    due: int
    command: str
    arguments: str
    metadata: str
    key: str


class Cancel(Struct, tag=True, array_like=True, gc=False):
    """Cancels a scheduled command."""

    name: str


Call = Command | Query | Append | Load | Read | Replies | SaveSnapshot | Prune | Erase | Schedule | Cancel


class Result(Struct, array_like=True, gc=False):
    """The reply of a command or query, the position from which it is visible, and the entity's version.

    `before` is the version before the call: None from objects that were deployed before they said so.
    """

    reply: str
    position: int
    version: int | None
    before: int | None = None


class Reply(Struct, array_like=True, gc=False):
    """A reply that is stored under an idempotency key."""

    call: str
    reply: str
    position: int


class Appended(Struct, array_like=True, gc=False):
    """The outcome of a write: it landed at `position`, collided with version `actual`, repeated a reply, or
    was `refused` for a reason."""

    position: int = 0
    actual: int | None = None
    repeated: Reply | None = None
    refused: str | None = None


class Facts(Struct, array_like=True, gc=False):
    """A page of a stream; `is_complete` says that nothing follows it."""

    version: int
    pruned: int
    facts: list[Fact]
    is_complete: bool
    snapshot: SaveSnapshot | None = None


class Addressed(Struct, array_like=True, gc=False):
    """A call and the entity that it is for."""

    kind: str
    id: str
    call: Call


class ToObject(Struct, array_like=True, gc=False):
    """Calls to one object, with its kind and id, and the space whose feed it uses."""

    space: str
    kind: str
    id: str
    calls: list[Call]
