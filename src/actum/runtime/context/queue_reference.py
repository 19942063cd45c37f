"""A queue as its senders see it."""

from collections.abc import Sequence
from typing import Any

import msgspec

from actum.errors import Invalid
from actum.model.people.message_type import MessageType
from actum.model.values.round_trip import LOST, reason_of, short_repr
from actum.runtime.context.session import Session


class QueueReference:
    """A queue, as a sender sees it."""

    def __init__(self, session: Session, name: str, trip: MessageType) -> None:
        self._session = session
        self._trip = trip
        self.name = name

    async def send(self, message: Any, *, key: str | None = None, once: str | None = None) -> None:
        """Sends a message; when this returns it is durable.

        Messages of one `key` are handled in order, others in parallel. A message with a `once` mark that the
        queue has had before is dropped; another message with that mark is KeyReused. Raises Invalid for a
        message that does not fit the queue's action.
        """
        await self._put([message], key, once)

    async def send_all(self, messages: Sequence[Any], *, key: str | None = None) -> None:
        """Sends many messages, all or none."""
        await self._put(messages, key, None)

    async def _put(self, messages: Sequence[Any], key: str | None, once: str | None) -> None:
        written = [self._written(message) for message in messages]
        sealed, people = self._trip.sealed, self._session.services.people
        if sealed is None or people is None:
            await self._session.put(self.name, written, key, once)
            return
        values = [self._trip.read(one) for one in written]

        async def seal() -> list[bytes]:
            return [await people.sealed(sealed, value, "") for value in values]

        await self._session.put(self.name, written, key, once, seal=seal)

    def _written(self, message: Any) -> bytes:
        try:
            written = msgspec.json.encode(message)
            fault = self._trip.between(message, self._trip.read(written))
        except LOST as error:
            raise Invalid(
                f"queue {self.name!r} does not take {short_repr(message)}: {reason_of(error)}"
            ) from error
        if fault is not None:
            raise Invalid(f"queue {self.name!r} does not take what JSON does not give back: {fault}")
        return written
