"""Messages of queues: as they are sent, and as they are received."""

from msgspec import Struct


class NewMessage(Struct, frozen=True):
    """A message to be put into a queue; `by` and `causation_id` say who sent it and why.

    `traceparent` is the trace that it was sent in, "" outside one.

    A message whose `once` the queue has had before is dropped, or refused if that one had another `call`
    ("" matches any).
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
    traceparent: str = ""


class Message(Struct, frozen=True):
    """A message in a queue; messages are ordered by `id`."""

    id: int
    queue: str
    key: str | None
    body: bytes
    time: int
    correlation_id: str
    causation_id: str = ""
    by: str = ""
    traceparent: str = ""
