"""Snapshots: when a state is stored as one, and how an entity is restored from one."""

import logging
import sys

from actum.errors import WrongState
from actum.model.entity import EntityType
from actum.model.turn import Instance

NEVER = sys.maxsize

log: logging.Logger = logging.getLogger("actum.snapshots")


def next_snapshot(kind: EntityType, kept: int) -> int:
    """Returns the version at which the next snapshot is due, after one at version `kept`."""
    return kept + kind.snapshot_every if kind.snapshot_every else NEVER


def take_snapshot(instance: Instance) -> bytes | None:
    """Returns a state as JSON; None if JSON cannot hold it, so that it is always read from its events."""
    try:
        return instance.snapshot()
    except WrongState as error:
        log.warning("%r cannot be stored as a snapshot: %s", instance, error)
        return None


def restored(kind: EntityType, id: str, snapshot: bytes | None, *, version: int, time: int = 0) -> Instance:
    """Returns an entity at a version, ready for the events that follow.

    Without a snapshot, all events up to that version were removed, and its state is that of a new entity.
    """
    instance = Instance(kind, id)
    if snapshot is None:
        instance.version = version
    else:
        instance.restore(snapshot, version, time)
    return instance
