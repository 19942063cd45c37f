"""Rows as bytes in a file: MessagePack, compressed."""

import zlib
from collections.abc import Callable
from typing import TypeVar

import msgspec

T = TypeVar("T")

LEVEL = 1
"""Of zlib: higher levels take several times as long for files that are a tenth smaller."""


def packed(rows: object) -> bytes:
    """Gives rows as bytes."""
    return zlib.compress(msgspec.msgpack.encode(rows), LEVEL)


def unpacked(body: bytes | memoryview, decode: Callable[[bytes], T]) -> T:
    """Gives the rows of what `packed` gave; raises ValueError for anything else."""
    try:
        return decode(zlib.decompress(body))
    except (zlib.error, msgspec.MsgspecError) as error:
        raise ValueError(str(error)) from error
