"""What is sent to the feed object and back: events to be numbered, and questions about all events."""

from msgspec import Struct

from actum.model.deletion import ERASED
from actum.stores.durable_objects.wire import Fact


class Take(Struct, tag=True, array_like=True, gc=False):
    """Hands a stream's events to the feed, which numbers those that are new to it."""

    kind: str
    id: str
    facts: list[Fact]


class Taken(Struct, array_like=True, gc=False):
    """The feed's positions of events, by version, and its newest position."""

    positions: list[int]
    head: int


class Forget(Struct, tag=True, array_like=True, gc=False):
    """Removes a stream's events up to a version from the feed, or (None) all, which leaves a `Deleted`.

    Returns the position of the stream's last `Deleted`, 0 if there is none.
    """

    kind: str
    id: str
    up_to: int | None
    time: int = 0
    why: str = ERASED


class LastErased(Struct, tag=True, array_like=True, gc=False):
    """Asks for the position of a stream's last `Deleted`, 0 if there is none."""

    kind: str
    id: str


class Identity(Struct, tag=True, array_like=True, gc=False):
    """Asks for this feed's identity; a feed without one takes the proposed one."""

    proposed: str


class Feed(Struct, tag=True, array_like=True, gc=False):
    """Asks for events beyond a position."""

    after: int
    limit: int


class Wait(Struct, tag=True, array_like=True, gc=False):
    """Asks for the newest position, once it is after the given one, or when the time is over."""

    after: int
    patience: float


class Streams(Struct, tag=True, array_like=True, gc=False):
    """Asks for streams of a kind by first time and first position, after `seen` if that is given."""

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
