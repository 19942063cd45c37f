"""The file of a segment: events, packed, under a name that is the digest of its bytes."""

from collections.abc import Callable, Sequence
from hashlib import sha256

import msgspec

from actum.errors import StoreError
from actum.model.event import Stored
from actum.stores.files.packing import packed, unpacked

MAGIC = b"actum segment 1\n"
ENDING = ".segment"
SEALED = b'{"sealed":"'
"""What sealed values begin with."""

_events: Callable[[bytes], list[Stored]] = msgspec.msgpack.Decoder(list[Stored]).decode


class SegmentLost(StoreError):
    """The file of a segment is missing or damaged; `file` is its name."""

    def __init__(self, message: str, file: str) -> None:
        super().__init__(message)
        self.file: str = file


def encode(events: Sequence[Stored]) -> bytes:
    """Gives the bytes of a segment's file."""
    return MAGIC + packed(events)


def name_of(content: bytes) -> str:
    """Gives the name of the file with these bytes."""
    return f"{sha256(content).hexdigest()}{ENDING}"


def decode(content: bytes, name: str, place: object) -> list[Stored]:
    """Gives the events of a file, whose name and place are given; raises SegmentLost if it was changed."""
    if name_of(content) != name:
        raise SegmentLost(
            f"{place} is damaged: its content does not have the digest that its name says; put it back from "
            "a backup",
            name,
        )
    if not content.startswith(MAGIC):
        raise SegmentLost(f"{place} is no segment that this Actum can read: upgrade Actum", name)
    try:
        return unpacked(memoryview(content)[len(MAGIC) :], _events)
    except ValueError as error:
        raise SegmentLost(f"{place} cannot be read: {error}", name) from error


def has_sealed(events: Sequence[Stored]) -> bool:
    """Says whether events have personal data, sealed under the keys of persons."""
    return any(SEALED in event.payload for event in events)
