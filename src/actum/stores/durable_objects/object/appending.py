"""Decides which writes land that were made in another process, when a stream's object appends them."""

from collections.abc import Collection, Sequence

from actum.ports.journal import Collided, Landed, Outcome, Repeated, ReplyKey
from actum.ports.journal import Write as Decided
from actum.stores.durable_objects.object.history import History
from actum.stores.durable_objects.wire import Appended, Reply, Write
from actum.stores.outcomes import decide

LARGEST = 1_900_000
NEVER = -1
"""A version that no stream has: a write that expects it collides, and its group with it."""


def append(history: History, writes: Sequence[Write]) -> list[Appended | int]:
    """Stores the writes that may land; returns, for each, its new version or why it did not land."""
    known: dict[ReplyKey, Repeated] = {}

    def reply_of(key: ReplyKey) -> Repeated | None:
        found = history.reply(key[2])
        if found is None:
            return None
        known[key] = Repeated(found.call, found.reply.encode(), found.position)
        return known[key]

    decided = [_decided(history, write) for write in writes]
    outcomes = decide(
        decided,
        head=history.version,
        after=history.version,
        version_of=lambda stream: history.version,
        reply_of=reply_of,
    )
    return [_kept(history, *one, known) for one in zip(writes, decided, outcomes, strict=True)]


def _decided(history: History, write: Write) -> Decided:
    """Returns a write as the port has it; one that is too large for a row can never land."""
    events = [(type_, version, payload.encode()) for type_, version, payload in write.events]
    expected, key = (NEVER, None) if _size(write) > LARGEST else (write.expected, write.key)
    metadata, reply = write.metadata.encode(), write.reply.encode()
    return Decided(
        history.kind, history.id, expected, events, metadata, write.time, key, write.call, reply, write.group
    )


def _kept(
    history: History, write: Write, decided: Decided, outcome: Outcome, known: Collection[ReplyKey]
) -> Appended | int:
    """Stores a write that lands; returns the answer to its sender."""
    if decided.expected == NEVER:
        return Appended(refused=f"it has {_size(write):,} bytes, and a row of a Durable Object may have 2 MB")
    if isinstance(outcome, Repeated):
        # The feed has not given a position yet to a reply that this same append stores.
        position = outcome.position if (history.kind, history.id, write.key) in known else 0
        return Appended(repeated=Reply(outcome.call, outcome.reply.decode(), position))
    if isinstance(outcome, Collided):
        return Appended(actual=outcome.actual)
    assert isinstance(outcome, Landed)
    if write.events or write.key is not None:
        key = None if write.key is None else (write.key, write.call)
        history.keep(decided.events, write.metadata, write.time, reply=write.reply if key else "", key=key)
    return outcome.position


def _size(write: Write) -> int:
    """Returns the size in bytes of the largest row that a write makes."""
    largest = max((len(payload.encode()) for _, _, payload in write.events), default=0)
    return max(largest + len(write.metadata.encode()), len(write.reply.encode()))
