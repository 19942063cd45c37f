"""What travels to the feed object and back: events to be numbered, and questions about all of them."""

from msgspec import Struct

from actum.stores.durable_objects.wire import Fact


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
    """Removes a stream's events up to a version from the feed, or (None) all of it, which leaves a `Deleted`.

    Gives the position of the stream's last `Deleted`, 0 if there is none.
    """

    kind: str
    id: str
    up_to: int | None
    time: int = 0


class LastErased(Struct, tag=True, array_like=True, gc=False):
    """Asks for the position of a stream's last `Deleted`, 0 if there is none."""

    kind: str
    id: str


class Identity(Struct, tag=True, array_like=True, gc=False):
    """Asks what tells this feed from every other; one that has nothing of the kind takes what is proposed."""

    proposed: str


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


FeedCall = Take | Forget | LastErased | Identity | Feed | Wait | Streams


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
