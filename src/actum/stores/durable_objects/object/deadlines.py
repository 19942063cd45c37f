"""The deadlines of an entity in its object: kept beside its events, and woken for by its alarm."""

from collections.abc import Sequence

from actum.model.deadlines.deadline import (
    IN_METADATA,
    Change,
    deadline_key,
    decode_noted,
    timer_name,
    with_fired,
)
from actum.model.deadlines.expiry import EXPIRE
from actum.model.event import Metadata, read_metadata, write_metadata
from actum.stores.durable_objects.object.history import History
from actum.stores.durable_objects.object.outbox import Outbox
from actum.stores.durable_objects.wire import Schedule


def keep_deadlines(history: History, outbox: Outbox, metadata: str) -> None:
    """Stores what the metadata of new events says of deadlines, in the same transaction as they."""
    written = metadata.encode()
    if IN_METADATA not in written:
        return
    noted = decode_noted(written)
    if noted.deadlines is not None:
        _change(history, outbox, read_metadata(written), noted.deadlines.changed, noted.deadlines.at)


def _change(
    history: History, outbox: Outbox, metadata: Metadata, changed: Sequence[Change], version: int
) -> None:
    for change in changed:
        if change.command == EXPIRE:
            # The process that has the database does this, for what is stored beside the events goes too.
            continue
        name = timer_name(history.kind, history.id, change.name)
        if change.is_set:
            outbox.wake_at(change.due)
            history.schedule(_scheduled(history, change, name, metadata, version))
        else:
            history.cancel(name)


def _scheduled(history: History, change: Change, name: str, metadata: Metadata, version: int) -> Schedule:
    cause = f"{history.kind}/{history.id}@{version}"
    of_command = Metadata(change.command, metadata.correlation_id, cause, metadata.by, metadata.traceparent)
    return Schedule(
        name,
        change.due,
        change.command,
        bytes(change.arguments).decode(),
        with_fired(write_metadata(of_command), name, version).decode(),
        deadline_key(name, version),
    )
