"""The portrait of a person: everything that is kept of the person's data, to be handed out."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from actum.errors import Invalid, NotFound
from actum.model.entity import EntityType
from actum.model.event import Stored, to_datetime
from actum.model.people.open_keys import key_ids_in, opened
from actum.ports.broker import Broker
from actum.ports.database import Database
from actum.ports.journal import Journal
from actum.ports.message import Message
from actum.ports.workflows import LoadedWorkflow
from actum.runtime.context.history import fold_history
from actum.runtime.context.timers import every_timer
from actum.runtime.people.keyring import Keyring

PAGE = 500
OF_ANOTHER = "(of another person)"


class PersonEvent(Struct, frozen=True):
    """An event with data of the person; `content` is what it says, as JSON objects have it."""

    kind: str
    id: str
    version: int
    position: int
    time: datetime
    type: str
    content: Any


class PersonEntity(Struct, frozen=True):
    """An entity that has such events, and its state as JSON objects have it."""

    kind: str
    id: str
    version: int
    state: Any


class Waiting(Struct, frozen=True):
    """What waits to be done with data of the person: a timer, a message or a letter, and what it holds."""

    what: str
    content: Any


class PersonWorkflow(Struct, frozen=True):
    """A workflow that has recorded data of the person, and what that is, by where it is recorded."""

    kind: str
    id: str
    status: str
    started_at: datetime
    content: dict[str, Any]


class Portrait(Struct, frozen=True):
    """What is kept of one person. Data of other people in the same places is left out."""

    person: str
    entities: list[PersonEntity]
    events: list[PersonEvent]
    waiting: list[Waiting]
    workflows: list[PersonWorkflow] = []


class Painter:
    """Collects what is kept of a person; it reads the whole journal, and all workflows."""

    def __init__(
        self,
        keyring: Keyring,
        *,
        journal: Journal,
        database: Database,
        broker: Broker,
        kinds: Mapping[str, EntityType],
        queues: Sequence[str],
    ) -> None:
        self._keyring = keyring
        self._journal = journal
        self._database = database
        self._broker = broker
        self._kinds = kinds
        self._queues = queues

    def __repr__(self) -> str:
        return f"<Painter of {', '.join(self._kinds)}>"

    async def paint(self, person: str) -> Portrait:
        """Gives the portrait of a person; raises NotFound if nothing is kept of the person."""
        keys = await self._keyring.store.find([person])
        if not keys:
            raise NotFound(f"there is no personal data of {person!r}")
        await self._keyring.ensure([person])
        [key] = keys
        events = [_event(stored, key.id) async for stored in self._events(key.id)]
        streams = dict.fromkeys((event.kind, event.id) for event in events)
        entities = [await self._entity(*stream, key.id) for stream in streams if stream[0] in self._kinds]
        waiting = [one async for one in self._waiting(key.id)]
        workflows = [one async for one in _workflows(self._database, key.id)]
        return Portrait(person, entities, events, waiting, workflows)

    async def _events(self, key: str) -> AsyncIterator[Stored]:
        after = 0
        while page := await self._journal.feed(after, PAGE):
            after = page[-1].position
            for stored in page:
                if key in key_ids_in(stored.payload):
                    yield stored

    async def _entity(self, name: str, id: str, key: str) -> PersonEntity:
        kind = self._kinds[name]
        instance = await fold_history(self._journal, kind, id)
        personal, state = kind.personal, instance.snapshot()
        if personal is not None and personal.state is not None:
            try:
                value = kind.read_state(state)
                state = await self._keyring.sealed(personal.state, value, personal.owner(id, value))
            except Invalid:
                state = b"{}"  # Its personal values belong to nobody.
        return PersonEntity(name, id, instance.version, revealed(msgspec.json.decode(state), key))

    async def _waiting(self, key: str) -> AsyncIterator[Waiting]:
        async for timer in every_timer(self._database):
            if key in key_ids_in(timer.arguments):
                yield Waiting(f"timer {timer.name}", revealed(msgspec.json.decode(timer.arguments), key))
        for queue in self._queues:
            after = 0
            while page := await self._broker.messages(queue, after, PAGE):
                after = page[-1].id
                for message in page:
                    if key in key_ids_in(message.body):
                        yield Waiting(f"queue {queue}", revealed(msgspec.json.decode(message.body), key))
        after = 0
        while letters := await self._database.letters(after=after, limit=PAGE):
            after = letters[-1].id
            for letter in letters:
                body = _content_of(letter.body)
                if key in key_ids_in(body):
                    yield Waiting(f"letter {letter.id} of {letter.action}", revealed(_read(body), key))


async def _workflows(database: Database, key: str) -> AsyncIterator[PersonWorkflow]:
    after = 0
    while page := await database.workflows(after=after, limit=PAGE):
        after = page[-1].number
        for kind in dict.fromkeys(found.kind for found in page):
            async for loaded in _loaded(database, kind, [found.id for found in page if found.kind == kind]):
                content = {
                    where: revealed(msgspec.json.decode(text), key)
                    for where, text in _recorded_in(loaded)
                    if key in key_ids_in(text)
                }
                if content:
                    workflow = loaded.workflow
                    started = to_datetime(workflow.created)
                    yield PersonWorkflow(kind, workflow.id, workflow.status, started, content)


async def _loaded(database: Database, kind: str, ids: list[str]) -> AsyncIterator[LoadedWorkflow]:
    while ids and (some := await database.load_workflows(kind, ids)):
        for loaded in some:
            yield loaded
            ids.remove(loaded.workflow.id)


def _recorded_in(loaded: LoadedWorkflow) -> Iterator[tuple[str, bytes]]:
    """Gives the JSON texts that a workflow has recorded, each with where that is."""
    yield "arguments", loaded.workflow.input
    for record in loaded.records:
        number = f", number {record.occurrence}" if record.occurrence > 1 else ""
        yield f"step {record.name}{number}", record.body
    for signal in loaded.signals:
        yield f"signal {signal.name}, {signal.id}", signal.body
    yield "outcome", loaded.workflow.outcome


def revealed(value: Any, key: str) -> Any:
    """Returns stored JSON with the values under a key opened, and those under other keys left out."""
    match value:
        case {"sealed": str(token)}:
            return _opened(token, key)
        case [True, str(token)] if key_ids_in(f'"{token}"'.encode()):
            return _opened(token, key)
        case dict():
            return {name: revealed(held, key) for name, held in value.items()}
        case list():
            return [revealed(held, key) for held in value]
        case _:
            return value


def _opened(token: str, key: str) -> Any:
    if not token.startswith(f"{key}."):
        return OF_ANOTHER
    plain = opened(token)
    return {"forgotten": True} if plain is None else msgspec.json.decode(plain)


def _event(stored: Stored, key: str) -> PersonEvent:
    content = revealed(msgspec.json.decode(stored.payload), key)
    time = to_datetime(stored.time)
    return PersonEvent(stored.kind, stored.id, stored.version, stored.position, time, stored.type, content)


def _content_of(body: bytes) -> bytes:
    """Returns what a letter's message or timer holds; b"" for one that stands for an event."""
    if not body:
        return b""
    try:
        return msgspec.json.decode(body, type=Message).body
    except msgspec.ValidationError:
        return body


def _read(body: bytes) -> Any:
    return msgspec.json.decode(body)
