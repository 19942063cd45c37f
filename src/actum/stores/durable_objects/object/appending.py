"""Decides which writes land that were made in another process, when a stream's object appends them."""

from collections.abc import Sequence

from actum.stores.durable_objects.object.history import History
from actum.stores.durable_objects.wire import Appended, Reply, Write

LARGEST = 1_900_000


def append(history: History, writes: Sequence[Write]) -> list[Appended | int]:
    """Stores the writes that may land; returns, for each, its new version or why it did not land."""
    lost: set[int] = set()
    while True:
        outcomes, failed = _decide(history, writes, lost)
        if failed <= lost:
            break
        # What was decided together with a group that fails is decided again without it.
        lost |= failed
    for write, outcome in zip(writes, outcomes, strict=True):
        if isinstance(outcome, int) and (write.events or write.key is not None):
            events = [(type_, version, payload.encode()) for type_, version, payload in write.events]
            key = None if write.key is None else (write.key, write.call)
            history.keep(events, write.metadata, write.time, reply=write.reply if key else "", key=key)
    return outcomes


def _decide(
    history: History, writes: Sequence[Write], lost: set[int]
) -> tuple[list[Appended | int], set[int]]:
    version, is_spoiled = history.version, False
    failed: set[int] = set()
    replies: dict[str, Reply] = {}
    outcomes: list[Appended | int] = []
    for write in writes:
        repeated = None
        if _size(write) > LARGEST:
            outcomes.append(
                Appended(
                    refused=f"it has {_size(write):,} bytes, and a row of a Durable Object may have 2 MB"
                )
            )
            is_spoiled = True
            if write.group is not None:
                failed.add(write.group)
            continue
        if write.key is not None:
            repeated = replies.get(write.key) or history.reply(write.key)
        if repeated is not None or version != write.expected or is_spoiled or write.group in lost:
            outcomes.append(Appended(0, None if repeated else version, repeated))
            is_spoiled = True
            if write.group is not None:
                failed.add(write.group)
            continue
        version += len(write.events)
        if write.key is not None:
            replies[write.key] = Reply(write.call, write.reply, 0)
        outcomes.append(version)
    return outcomes, failed


def _size(write: Write) -> int:
    """Returns the size in bytes of the largest row that a write makes."""
    largest = max((len(payload.encode()) for _, _, payload in write.events), default=0)
    return max(largest + len(write.metadata.encode()), len(write.reply.encode()))
