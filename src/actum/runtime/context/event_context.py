"""The context of an action that an event sets off: what the action does not ask for is never made."""

from functools import cached_property
from typing import Any

from actum.model.event import Event, Metadata, Recorded, Stored, read_metadata
from actum.runtime.context.context import Context
from actum.runtime.context.session import Session
from actum.runtime.services import Services


class EventContext(Context):
    """A context whose session, and the event with its place in history, are made when they are first used.

    Many actions use neither. `action` is what the keys of its commands begin with, before the position of the
    event.
    """

    def __init__(self, services: Services, stored: Stored, event: Event, action: str) -> None:
        # Instead of Context's own: both would be made there.
        self._services = services
        self._origin = self._stored = stored
        self._decoded = event
        self._action = action

    @cached_property
    def _event(self) -> Recorded[Any]:  # type: ignore[override]
        return Recorded.of(self._decoded, self._stored)

    @cached_property
    def _session(self) -> Session:  # type: ignore[override]
        stored = self._stored
        metadata = read_metadata(stored.metadata)
        cause = f"{self._action}@{stored.position}"
        correlation_id = metadata.correlation_id or self._services.clock.new_id()
        session = Session(
            self._services,
            Metadata("", correlation_id, f"{stored.kind}/{stored.id}@{stored.version}", metadata.by),
            cause=cause,
            source=(cause, metadata.correlation_id, stored.time),
            request_key=None,
            expected_version=None,
            seen=stored.position,
            unit=None,
        )
        session.subject = f"{stored.kind}/{stored.id}"
        return session
