"""Decides the outcomes of an append, for adapters that decide one append at a time."""

from collections.abc import Callable, Sequence

from actum.model.event import Stored
from actum.ports.journal import Collided, Landed, Outcome, Repeated, ReplyKey, StreamKey, Write

VersionOf = Callable[[StreamKey], int]
ReplyOf = Callable[[ReplyKey], Repeated | None]
EventsOf = Callable[[StreamKey, int, int], list[Stored]]


def decide(
    writes: Sequence[Write], *, head: int, after: int, version_of: VersionOf, reply_of: ReplyOf
) -> list[Outcome]:
    """Gives the outcome of each write, in order; events that land get the positions that follow `after`.

    `head` is the position of the last event that a reader can see.
    """
    failed_groups: set[int] = set()
    while True:
        attempt = _Attempt(failed_groups, head, after, version_of, reply_of)
        outcomes = attempt.outcomes(writes)
        if attempt.failed_groups <= failed_groups:
            return outcomes
        # Later writes may have been decided on a group that failed, so all are decided again without it.
        failed_groups |= attempt.failed_groups


class _Attempt:
    """One pass over an append, in which the writes of the `lost` groups do not land."""

    def __init__(
        self, lost: set[int], head: int, after: int, version_of: VersionOf, reply_of: ReplyOf
    ) -> None:
        self.failed_groups: set[int] = set()
        self._lost = lost
        self._head = head
        self._position = after
        self._version_of = version_of
        self._reply_of = reply_of
        self._replies: dict[ReplyKey, Repeated] = {}
        self._spoiled: set[StreamKey] = set()

    def outcomes(self, writes: Sequence[Write]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        versions: dict[StreamKey, int] = {}
        position, head = self._position, self._head
        for write in writes:
            stream = (write.kind, write.id)
            version = versions.get(stream)
            if version is None:
                version = self._version_of(stream)
            if write.key is not None or write.group is not None or version != write.expected or self._spoiled:
                refusal = self._refusal(write, stream, version)
                if refusal is not None:
                    outcomes.append(refusal)
                    self._refuse(write, stream)
                    continue
            if write.events:
                versions[stream] = version + len(write.events)
                position = head = position + len(write.events)
            if write.key is not None:
                self._replies[*stream, write.key] = Repeated(write.call, write.reply, head)
            outcomes.append(Landed(head))
        return outcomes

    def _refuse(self, write: Write, stream: StreamKey) -> None:
        self._spoiled.add(stream)
        if write.group is not None:
            self.failed_groups.add(write.group)

    def _refusal(self, write: Write, stream: StreamKey, version: int) -> Outcome | None:
        if write.key is not None:
            reply_key = (*stream, write.key)
            repeated = self._replies.get(reply_key) or self._reply_of(reply_key)
            if repeated is not None:
                return repeated
        if version != write.expected or stream in self._spoiled or write.group in self._lost:
            return Collided(version)
        return None


def recognise(
    writes: Sequence[Write], *, head: int, version_of: VersionOf, reply_of: ReplyOf, events_of: EventsOf
) -> list[Outcome] | None:
    """Gives the outcomes of an append from what is stored of it; None if nothing is."""
    outcomes: list[Outcome] = []
    has_landed = False
    for write in writes:
        stream = (write.kind, write.id)
        reply = None if write.key is None else reply_of((*stream, write.key))
        position = _kept_at(
            write, events_of(stream, write.expected, write.expected + len(write.events)), reply
        )
        if position is not None:
            has_landed = True
            outcomes.append(Landed(position or head))
        else:
            outcomes.append(reply or Collided(version_of(stream)))
    return outcomes if has_landed else None


def _kept_at(write: Write, found: Sequence[Stored], reply: Repeated | None) -> int | None:
    """Gives the position of a stored write's outcome (0: the journal was empty); None if it is not stored."""
    if not write.events:
        is_kept = reply is not None and (reply.call, reply.reply) == (write.call, write.reply)
        return reply.position if reply is not None and is_kept else None
    kept = [(one.type, one.type_version, one.payload) for one in found if one.metadata == write.metadata]
    return found[-1].position if kept == write.events else None
