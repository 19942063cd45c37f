"""Snapshots: after how many events a state is kept, and how an entity begins from one that was."""

import logging
import sys

from actum.errors import WrongState
from actum.model.entity import EntityType
from actum.model.turn import Instance

NEVER = sys.maxsize

log: logging.Logger = logging.getLogger("actum.snapshots")


def next_snapshot(kind: EntityType, kept: int) -> int:
    """Gives the version from which on a state is to be kept again, after one that was kept at `kept`."""
    return kept + kind.snapshot_every if kind.snapshot_every else NEVER


def take_snapshot(instance: Instance) -> bytes | None:
    """Gives a state as JSON; None if it holds what JSON cannot, for then it is read from its events."""
    try:
        return instance.snapshot()
    except WrongState as error:
        log.warning("%r cannot be kept as a snapshot: %s", instance, error)
        return None


def restored(kind: EntityType, id: str, snapshot: bytes | None, *, version: int, time: int = 0) -> Instance:
    """Gives an entity at a version, ready for the events that follow.

    Without a snapshot, all events up to that version were removed, and its state is that of a new entity.
    """
    instance = Instance(kind, id)
    if snapshot is None:
        instance.version = version
    else:
        instance.restore(snapshot, version, time)
    return instance
