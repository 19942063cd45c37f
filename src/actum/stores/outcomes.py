"""Decides the outcomes of an append, for adapters that decide one append at a time."""

from collections.abc import Callable, Collection, Iterable, Sequence

from msgspec import Struct

from actum.errors import Unavailable
from actum.model.event import Stored
from actum.ports.journal import (
    ClaimKey,
    Collided,
    Held,
    Landed,
    Outcome,
    Repeated,
    ReplyKey,
    StreamKey,
    Write,
)

VersionOf = Callable[[StreamKey], int]
ReplyOf = Callable[[ReplyKey], Repeated | None]
HolderOf = Callable[[ClaimKey], str | None]
EventsOf = Callable[[StreamKey, int, int], list[Stored]]


def nobody(_key: ClaimKey) -> None:
    """Says that nobody holds a claim."""


def decide(
    writes: Sequence[Write],
    *,
    head: int,
    after: int,
    version_of: VersionOf,
    reply_of: ReplyOf,
    holder_of: HolderOf = nobody,
) -> list[Outcome]:
    """Gives the outcome of each write, in order; events that land get the positions that follow `after`.

    `head` is the position of the last event that a reader can see.
    """
    failed_groups: set[int] = set()
    held: dict[int, Held] = {}
    while True:
        attempt = _Attempt(failed_groups, held, head, after, version_of, reply_of, holder_of)
        outcomes = attempt.outcomes(writes)
        if attempt.failed_groups <= failed_groups:
            return outcomes
        # Later writes may have been decided on a group that failed, so all are decided again without it.
        failed_groups |= attempt.failed_groups


class _Holding(Struct, frozen=True, gc=False):
    """Who holds a claim; `is_stored` says that this was so before the append."""

    holder: str | None
    group: int | None
    is_stored: bool


class _Attempt:
    """One pass over an append, in which the writes of the `lost` groups do not land.

    `held` has the outcomes of those whose claim another entity held before the append, by the write's `id`.
    """

    def __init__(
        self,
        lost: set[int],
        held: dict[int, Held],
        head: int,
        after: int,
        version_of: VersionOf,
        reply_of: ReplyOf,
        holder_of: HolderOf,
    ) -> None:
        self.failed_groups: set[int] = set()
        self._lost = lost
        self._held = held
        self._holder_of = holder_of
        self._holdings: dict[ClaimKey, _Holding] = {}
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
            if (
                write.key is not None
                or write.group is not None
                or version != write.expected
                or self._spoiled
                or write.claims
            ):
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
        if version != write.expected or stream in self._spoiled:
            return Collided(version)
        if write.group in self._lost:
            return self._held.get(id(write)) or Collided(version)
        return self._claim(write, version) if write.claims else None

    def _claim(self, write: Write, version: int) -> Outcome | None:
        """Takes what a write claims; gives its outcome if another entity holds some of it.

        What a write of the append holds may be free in the next pass. A write without a group is then decided
        again, but a group that has failed once stays so: it must not be told Held, and collides instead.
        """
        if len(write.claims) == 1 and write.group is None and self._is_free(write):
            return None
        changed: dict[ClaimKey, _Holding] = {}
        for claim in write.claims:
            key = (write.kind, claim.name, claim.digest)
            found = changed.get(key) or self._holding(key)
            if found.holder is not None and found.holder != write.id:
                if claim.is_released:
                    continue
                held = Held(claim.name, found.holder)
                if write.group is None:
                    return held
                if found.is_stored:
                    self._held[id(write)] = held
                    return held
                return Collided(version)
            changed[key] = _Holding(None if claim.is_released else write.id, write.group, is_stored=False)
        self._holdings |= changed
        return None

    def _is_free(self, write: Write) -> bool:
        """Takes the one claim of a write if nobody holds it and no other write of the append wants it."""
        claim = write.claims[0]
        key = (write.kind, claim.name, claim.digest)
        if claim.is_released or key in self._holdings or self._holder_of(key) is not None:
            return False
        self._holdings[key] = _Holding(write.id, None, is_stored=False)
        return True

    def _holding(self, key: ClaimKey) -> _Holding:
        found = self._holdings.get(key)
        if found is not None and found.group not in self.failed_groups:
            return found
        return _Holding(self._holder_of(key), None, is_stored=found is None)


class ClaimChanges:
    """What the writes that landed change about claims: first `freed` ones are deleted, then `taken` ones put.

    `freed` names who gives each of them back, and has no effect where another entity is its holder.
    """

    def __init__(self, writes: Sequence[Write], outcomes: Iterable[Outcome]) -> None:
        self.freed: dict[tuple[ClaimKey, str], None] = {}
        self.taken: dict[ClaimKey, str] = {}
        for write, outcome in zip(writes, outcomes, strict=True):
            if write.claims and type(outcome) is Landed:
                self._add(write)

    def __repr__(self) -> str:
        return f"<ClaimChanges, {len(self.freed)} freed, {len(self.taken)} taken>"

    def _add(self, write: Write) -> None:
        for claim in write.claims:
            key = (write.kind, claim.name, claim.digest)
            if not claim.is_released:
                self.taken[key] = write.id
            elif self.taken.get(key, write.id) == write.id:
                self.taken.pop(key, None)
                self.freed[key, write.id] = None


def claim_keys(writes: Iterable[Write]) -> list[ClaimKey]:
    """Gives the keys of everything that writes claim or release, each once."""
    claiming = [write for write in writes if write.claims]
    return list(
        dict.fromkeys((write.kind, claim.name, claim.digest) for write in claiming for claim in write.claims)
    )


def recognise(
    writes: Sequence[Write],
    *,
    head: int,
    version_of: VersionOf,
    reply_of: ReplyOf,
    events_of: EventsOf,
    newest_only: Collection[str] = (),
) -> list[Outcome] | None:
    """Gives the outcomes of an append from what is stored of it; None if nothing is.

    Of the kinds in `newest_only`, events may have been replaced since. Raises Unavailable if that leaves the
    outcome open.
    """
    outcomes: list[Outcome] = []
    has_landed = False
    replaced = _Replaced(writes, newest_only, version_of, events_of) if newest_only else None
    for write in writes:
        if replaced is not None and (position := replaced.position(write)) is not None:
            has_landed = True
            outcomes.append(Landed(position))
            continue
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


class _Replaced:
    """Finds writes that landed and were replaced by a later write of the same append."""

    def __init__(
        self, writes: Sequence[Write], kinds: Collection[str], version_of: VersionOf, events_of: EventsOf
    ) -> None:
        self._version_of = version_of
        self._events_of = events_of
        self._positions: dict[int, int] = {}
        self._later: dict[StreamKey, int] = {}
        for write in reversed(writes):
            if write.kind in kinds and write.events:
                self._look(write)

    def position(self, write: Write) -> int | None:
        """Gives a position at which a write was seen to have landed; None if it is to be looked up."""
        return self._positions.get(id(write))

    def _look(self, write: Write) -> None:
        stream = (write.kind, write.id)
        later = self._later.get(stream)
        if later is not None:
            # All of one append are written together, each on the version of the one before.
            self._positions[id(write)] = later
            return
        end = write.expected + len(write.events)
        last = [one for one in self._events_of(stream, write.expected, end) if one.version == end]
        if last:
            [one] = last
            kept = (one.type, one.type_version, one.payload)
            if kept == write.events[-1] and one.metadata == write.metadata:
                self._positions[id(write)] = self._later[stream] = one.position
        elif write.key is None and self._version_of(stream) > end:
            # With a key, the stored reply shows it.
            raise Unavailable(
                f"{write.kind}/{write.id} was changed again since, and nothing shows whether the command at "
                f"version {end} was stored",
                is_outcome_unknown=True,
            )


def _kept_at(write: Write, found: Sequence[Stored], reply: Repeated | None) -> int | None:
    """Gives the position of a stored write's outcome (0: the journal was empty); None if it is not stored."""
    if not write.events:
        is_kept = reply is not None and (reply.call, reply.reply) == (write.call, write.reply)
        return reply.position if reply is not None and is_kept else None
    kept = [(one.type, one.type_version, one.payload) for one in found if one.metadata == write.metadata]
    return found[-1].position if kept == write.events else None
