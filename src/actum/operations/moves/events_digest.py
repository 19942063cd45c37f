"""The digest of events in their order, which is the same for every store that holds them."""

from collections.abc import Callable, Iterable
from hashlib import sha256

import msgspec
from msgspec.structs import astuple

from actum.model.event import Stored
from actum.ports.journal import Journal

PAGE = 4_000
BEGIN = bytes(32)

_encode: Callable[[object], bytes] = msgspec.msgpack.Encoder().encode


class EventsDigest:
    """A chain: the digest of each event covers its content and the digest of the event before it.

    Positions are not part of it, because stores number events in different ways.
    """

    def __init__(self, value: bytes = BEGIN, count: int = 0) -> None:
        self.value: bytes = value
        self.count: int = count

    def __repr__(self) -> str:
        return f"<EventsDigest {self.text} of {self.count:,}>"

    @property
    def text(self) -> str:
        """The digest in hexadecimal digits."""
        return self.value.hex()

    def add(self, events: Iterable[Stored]) -> None:
        """Goes on with events that follow."""
        value, count, encode, fields, hashed = self.value, self.count, _encode, astuple, sha256
        for event in events:
            # The position comes first.
            value = hashed(value + encode(fields(event)[1:])).digest()
            count += 1
        self.value, self.count = value, count


Report = Callable[[str, int, int], None]
"""Is told what is being done, how far it is, and how far it goes (0 if that is not known)."""


async def digest_of(journal: Journal, up_to: int, report: Report) -> EventsDigest:
    """Gives the digest of a journal's events up to a position."""
    digest = EventsDigest()
    after = 0
    while after < up_to and (page := await journal.feed(after, PAGE)):
        after = page[-1].position
        digest.add(event for event in page if event.position <= up_to)
        report("events", min(after, up_to), up_to)
    return digest
