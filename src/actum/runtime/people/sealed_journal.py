"""A journal that seals personal data on its way in, and has the keys open for what it gives back.

What it gives back is sealed still, and opened where it is decoded; so whatever is stored of it again, such as
a letter, is sealed too.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Raw

from actum.errors import Invalid
from actum.model.deadlines.deadline import IN_METADATA, Change, decode_noted
from actum.model.entity import EntityType
from actum.model.event import Stored
from actum.model.people import open_keys
from actum.model.turn import Emitted
from actum.ports.journal import (
    EventRange,
    Journal,
    Loaded,
    Outcome,
    Repeated,
    ReplyKey,
    Snapshot,
    StreamKey,
    Write,
)
from actum.ports.journal_wrapper import JournalWrapper
from actum.runtime.keys.kept_answers import EMPTY, ERASED
from actum.runtime.people.keyring import ANSWERS, Keyring

SEALED: bytes = b"\x02"
"""The prefix of an answer that is sealed as a whole; no JSON begins like this."""
INTERNAL = "$"
"""The first character of the kinds under which the runtime itself stores answers."""


class SealedJournal(JournalWrapper):
    """A journal whose personal data is sealed."""

    def __init__(self, journal: Journal, keyring: Keyring, kinds: Mapping[str, EntityType]) -> None:
        super().__init__(journal)
        self._keyring = keyring
        self._kinds = {name: kind for name, kind in kinds.items() if kind.personal is not None}

    async def append(self, writes: Sequence[Write]) -> list[Outcome]:
        # What was not sealed yet was never sent, so `landed` asks for what is sealed.
        await self._seal_all(writes)
        return await super().append(writes)

    async def load(self, streams: Sequence[StreamKey], fingerprints: dict[str, str]) -> list[Loaded]:
        found = await super().load(streams, fingerprints)
        texts = [one.snapshot.state for one in found if one.snapshot is not None]
        texts += [event.payload for one in found for event in one.events]
        await self._keyring.prepare(*texts)
        return found

    async def read(self, part: EventRange) -> list[Stored]:
        return await self._prepared(await super().read(part))

    async def replies(self, keys: Sequence[ReplyKey]) -> list[Repeated | None]:
        found = await super().replies(keys)
        await self._keyring.prepare(*(_sealed_text(one.reply) for one in found if one is not None))
        return [None if one is None else _opened(one) for one in found]

    async def feed(self, after: int, limit: int) -> list[Stored]:
        return await self._prepared(await super().feed(after, limit))

    async def save_snapshot(self, kind: str, id: str, snapshot: Snapshot) -> None:
        sealed = await self._sealed_state(kind, id, snapshot.state)
        if sealed is not None:
            await super().save_snapshot(kind, id, msgspec.structs.replace(snapshot, state=sealed))

    async def _prepared(self, found: list[Stored]) -> list[Stored]:
        await self._keyring.prepare(*(stored.payload for stored in found), *_with_deadlines(found))
        return found

    async def _seal_all(self, writes: Sequence[Write]) -> None:
        """Seals writes in place: what is published of them afterwards is what was stored."""
        ready = [write for write in writes if not write.is_sealed and self._has_personal(write)]
        if not ready:
            return
        persons: set[str] = set()
        for write in ready:
            persons |= self._persons_of(write)
        await self._keyring.ensure(persons)
        # No await below, so that no key is closed in between.
        for write in ready:
            self._seal(write)

    def _has_personal(self, write: Write) -> bool:
        return write.kind in self._kinds or _is_answer(write)

    def _persons_of(self, write: Write) -> set[str]:
        if _is_answer(write):
            return {ANSWERS}
        found: set[str] = set()
        for sealed, value, person in self._values_of(write):
            found |= sealed.persons(value, person)
        return found

    def _values_of(self, write: Write) -> list[tuple[Any, Any, str]]:
        """Returns what is to be sealed of a write, with whose it is."""
        kind = self._kinds[write.kind]
        personal = kind.personal
        assert personal is not None
        found: list[tuple[Any, Any, str]] = []
        for name, _, payload in write.events:
            sealed = personal.events.get(name)
            if sealed is not None:
                value = kind.by_name[name].event_type.read_payload(payload)
                found.append((sealed, value, personal.owner(write.id, value)))
        if write.personal is not None:
            sealed, person, value = write.personal
            found.append((sealed, value, person))
        for change, signature in self._calls_of(write):
            arguments = signature.bind_json(bytes(change.arguments))
            owner = personal.owner_of_call(write.id, signature, arguments)
            found.append((signature.sealed, signature.arguments(*arguments), owner))
        return found

    def _calls_of(self, write: Write) -> list[tuple[Change, Any]]:
        """Returns the deadlines that a write sets whose commands have personal arguments."""
        if IN_METADATA not in write.metadata:
            return []
        noted = decode_noted(write.metadata).deadlines
        commands = self._kinds[write.kind].commands
        return [
            (change, commands[change.command].signature)
            for change in (noted.changed if noted is not None else ())
            if change.is_set and commands[change.command].signature.sealed is not None
        ]

    def _seal(self, write: Write) -> None:
        if _is_answer(write):
            write.reply = SEALED + self._keyring.seal(ANSWERS, write.reply).encode()
        else:
            values = iter(self._values_of(write))
            personal = self._kinds[write.kind].personal
            assert personal is not None
            events: list[Emitted] = []
            for name, version, payload in write.events:
                is_personal = name in personal.events
                events.append((name, version, self._sealed(*next(values)) if is_personal else payload))
            write.events = events
            if write.personal is not None:
                write.reply = self._sealed(*next(values))
            self._seal_deadlines(write, [self._sealed(*one) for one in values])
        write.is_sealed = True

    def _seal_deadlines(self, write: Write, arguments: Sequence[bytes]) -> None:
        if not arguments:
            return
        noted = decode_noted(write.metadata).deadlines
        assert noted is not None
        left = iter(arguments)
        concerned = {change.name for change, _ in self._calls_of(write)}
        changed = tuple(
            msgspec.structs.replace(change, arguments=Raw(next(left))) if change.name in concerned else change
            for change in noted.changed
        )
        fields = msgspec.json.decode(write.metadata, type=dict[str, Raw])
        fields["deadlines"] = Raw(msgspec.json.encode(msgspec.structs.replace(noted, changed=changed)))
        write.metadata = msgspec.json.encode(fields)

    def _sealed(self, sealed: Any, value: Any, person: str) -> bytes:
        written: bytes = sealed.seal(value, person, self._keyring.seal)
        return written

    async def _sealed_state(self, name: str, id: str, state: bytes) -> bytes | None:
        """Returns a state, sealed; None for one that has personal values and belongs to nobody."""
        kind = self._kinds.get(name)
        personal = kind.personal if kind is not None else None
        if kind is None or personal is None or personal.state is None:
            return state
        value = kind.read_state(state)
        try:
            return await self._keyring.sealed(personal.state, value, personal.owner(id, value))
        except Invalid:
            return None


def _is_answer(write: Write) -> bool:
    """Whether a write stores what an action or a unit answered, which may hold anything."""
    return write.key is not None and write.kind.startswith(INTERNAL) and write.reply not in EMPTY


def _sealed_text(reply: bytes) -> bytes:
    return b'"%b"' % reply[1:] if reply.startswith(SEALED) else reply


def _opened(found: Repeated) -> Repeated:
    """Returns a stored answer, opened; one whose key is gone is like one that was erased."""
    if not found.reply.startswith(SEALED):
        return found
    reply = open_keys.opened(found.reply[1:].decode())
    return msgspec.structs.replace(found, reply=ERASED if reply is None else reply)


def _with_deadlines(found: Sequence[Stored]) -> list[bytes]:
    return [stored.metadata for stored in found if IN_METADATA in stored.metadata]
