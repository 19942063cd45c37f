"""Messages of queues: as they are sent, and as they are received."""

from msgspec import Struct


class NewMessage(Struct, frozen=True):
    """A message on its way into a queue, `by` whom and for what cause.

    One whose `once` the queue has had before is dropped, or refused where `once` came with another `call`
    ("" stands for any).
    """

    queue: str
    key: str | None
    body: bytes
    time: int
    correlation_id: str
    once: str | None = None
    call: str = ""
    causation_id: str = ""
    by: str = ""


class Message(Struct, frozen=True):
    """A message in a queue; `id` gives the order in which messages came."""

    id: int
    queue: str
    key: str | None
    body: bytes
    time: int
    correlation_id: str
    causation_id: str = ""
    by: str = ""
