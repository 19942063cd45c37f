"""What travels between a process and an entity's object: calls, answers and events, the same on both sides.

Payloads, metadata and replies are JSON already. They travel as strings, so that they stay what they were to
the letter.
"""

from msgspec import Struct

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
        """Gives the event as it travels."""
        payload, metadata = one.payload.decode(), one.metadata.decode()
        return cls(one.position, one.version, one.type, one.type_version, payload, metadata, one.time)

    def stored(self, kind: str, id: str) -> Stored:
        """Gives the event as a journal does."""
        payload, metadata = self.payload.encode(), self.metadata.encode()
        return Stored(
            self.position, kind, id, self.version, self.type, self.type_version, payload, metadata, self.time
        )


class Command(Struct, tag=True, array_like=True, gc=False):
    """A command. `attempt` tells this call from all others, so that one which comes twice takes effect once.

    `arguments` are a JSON array. `key` is its idempotency key, and `mark` what the key stands for. `is_again`
    says that the call was sent before, and nobody knows what became of it.
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
    """What `actum.ports.journal.Write` says; an event is its type, the version of that, and its payload."""

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
    """Removes everything, as at a time (microseconds since 1970)."""

    time: int = 0


class Erased(Struct, array_like=True, gc=False):
    """How many events went, and where the feed says so (0: there was nothing)."""

    events: int
    position: int


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
    """What became of a write: it landed at `position`, collided with version `actual`, repeated a reply, or
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
