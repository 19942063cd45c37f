"""Messages that are being written: how large one may be, and how many bytes they are together."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager

from actum.errors import Invalid, Overloaded
from actum.model.turn import MAX_EVENT_BYTES

MAX_SENT_BYTES: int = 128 * 1024 * 1024
"""Bytes of one call; PostgreSQL accepts a gigabyte in one message."""
MAX_OUTGOING_BYTES: int = 256 * 1024 * 1024


class Outgoing:
    """Counts the bytes of messages that are being sent, and bounds them."""

    def __init__(self) -> None:
        self._bytes = 0

    def __repr__(self) -> str:
        return f"<Outgoing, {self._bytes} bytes>"

    @contextmanager
    def sent(self, queue: str, messages: Sequence[bytes]) -> Generator[None, None, None]:
        """Counts messages while they are being sent; raises Invalid for what is too large, or Overloaded."""
        size = sum(map(len, messages))
        if size > MAX_EVENT_BYTES:
            _check(queue, messages, size)
        if self._bytes + size > MAX_OUTGOING_BYTES:
            most = MAX_OUTGOING_BYTES // 2**20
            raise Overloaded(f"{most} MB of messages are waiting to be written: send again later")
        self._bytes += size
        try:
            yield
        finally:
            self._bytes -= size


def _check(queue: str, messages: Sequence[bytes], size: int) -> None:
    largest = max(map(len, messages))
    if largest > MAX_EVENT_BYTES:
        raise Invalid(
            f"a message for queue {queue!r} has {largest:,} bytes, and holds {MAX_EVENT_BYTES:,}: keep large "
            "contents elsewhere, and a reference to them in the message"
        )
    if size > MAX_SENT_BYTES:
        raise Invalid(
            f"messages of {size:,} bytes were to be sent to queue {queue!r} at once, and {MAX_SENT_BYTES:,} "
            "are: send them in several calls"
        )
