"""A letter whose message or arguments are edited, and which is then retried: what it was is recorded."""

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from actum.errors import ActumError, Conflict, Invalid, NotFound
from actum.model.entity import CommandType, EntityType
from actum.model.error_text import error_message
from actum.model.people.message_type import MessageType
from actum.model.people.sealing import SealedType
from actum.operations.letters.shown import find_letter
from actum.operations.repairs.audit import Act, recorded
from actum.ports.database import Letter, Timer
from actum.ports.message import Message
from actum.runtime.actions.action_names import queue_of
from actum.runtime.context.timers import TIMERS
from actum.stores.open import Stores

FACT = "an event is a fact and is never edited: fix the code or the data that it failed on, and retry"


class Sealing(Protocol):
    """What opens and seals personal data in this process."""

    async def prepare(self, *texts: bytes) -> None:
        """Has the keys open under which values within these texts are sealed."""
        ...

    async def sealed(self, sealed: SealedType, value: Any, person: str) -> bytes:
        """Returns a value as JSON, with its personal values sealed."""
        ...


class Editing(Protocol):
    """What an application declares, as far as it is needed to read and write what letters hold.

    The services of a running application are one.
    """

    @property
    def kinds(self) -> Mapping[str, EntityType]: ...

    @property
    def queues(self) -> Mapping[str, MessageType]: ...

    @property
    def people(self) -> Sealing | None: ...


class Declared(Struct, frozen=True):
    """The same, of an application that is not running here."""

    kinds: Mapping[str, EntityType]
    queues: Mapping[str, MessageType]
    people: Any = None


class Editable(Struct, frozen=True):
    """What a letter is processed with, as JSON that can be edited: a message, or a command's arguments.

    `text` is None, and `why` says so, for what cannot be edited.
    """

    letter: Letter
    text: bytes | None
    why: str = ""


async def editable(stores: Stores, app: Editing, id: int) -> Editable:
    """Gives a letter as it can be edited; raises NotFound if it does not exist."""
    return await editable_letter(app, await find_letter(stores, id))


async def editable_letter(app: Editing, letter: Letter) -> Editable:
    """Gives what of a letter can be edited, with its personal values opened."""
    if not letter.body:
        return Editable(letter, None, FACT)
    if app.people is not None:
        await app.people.prepare(_content(letter))
    try:
        return Editable(letter, _opened(app, letter))
    except (ActumError, msgspec.MsgspecError) as error:
        return Editable(letter, None, f"it cannot be read: {error_message(error)}")


async def edit_letter(stores: Stores, app: Editing, id: int, text: bytes, *, by: str) -> None:
    """Replaces what a letter is processed with, and has it retried; what it was is kept in the audit log.

    Raises Invalid for what does not fit the queue's action, or the command; NotFound if there is no such
    letter; Conflict if it has changed or was processed meanwhile.
    """
    letter = await find_letter(stores, id)
    if not letter.body:
        raise Invalid(f"letter {id} is of an event: {FACT}")
    content = await _validated(app, letter, text)
    before = _content(letter)
    body = _with_content(letter, content)
    act = Act("letters edit", f"letter {id}", {"action": letter.action}, Raw(before), Raw(content))
    async with recorded(stores.database, by, act, subject=letter.key):
        if not await stores.database.edit_letter(id, body, before=letter.body):
            raise Conflict(
                f"letter {id} was edited or processed meanwhile: look at it again, then edit it again"
            )


async def _validated(app: Editing, letter: Letter, text: bytes) -> bytes:
    """Gives what is to be stored: as the action or the command reads it, its personal values sealed."""
    try:
        if letter.action == TIMERS:
            return await _validated_arguments(app, letter, text)
        reader = _reader(app, letter)
        message = reader.read(text)
        if reader.sealed is None or app.people is None:
            return msgspec.json.encode(message)
        return await app.people.sealed(reader.sealed, message, "")
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Invalid(
            f"letter {letter.id}: this does not fit the action {letter.action!r}: {error_message(error)}",
            field="content",
        ) from error


async def _validated_arguments(app: Editing, letter: Letter, text: bytes) -> bytes:
    timer = _timer(letter)
    kind, command = _command(app, timer)
    signature = command.signature
    values = signature.bind_json(text)
    if signature.sealed is None or kind.personal is None or app.people is None:
        return signature.write(values)
    owner = kind.personal.owner_of_call(timer.entity_id, signature, values)
    return await app.people.sealed(signature.sealed, signature.arguments(*values), owner)


def _opened(app: Editing, letter: Letter) -> bytes:
    if letter.action == TIMERS:
        signature = _command(app, _timer(letter))[1].signature
        return signature.write(signature.bind_json(_content(letter)))
    return msgspec.json.encode(_reader(app, letter).read(_content(letter)))


def _reader(app: Editing, letter: Letter) -> MessageType:
    queue = queue_of(letter.action)
    if queue not in app.queues:
        raise NotFound(f"no action takes from the queue {queue!r} any more: give one that queue again")
    return app.queues[queue]


def _command(app: Editing, timer: Timer) -> tuple[EntityType, CommandType]:
    kind = app.kinds.get(timer.kind)
    if kind is None or timer.command not in kind.commands:
        raise NotFound(f"there is no command {timer.kind}.{timer.command} any more")
    return kind, kind.commands[timer.command]


def _timer(letter: Letter) -> Timer:
    return msgspec.json.decode(letter.body, type=Timer)


def _content(letter: Letter) -> bytes:
    if letter.action == TIMERS:
        return _timer(letter).arguments
    return msgspec.json.decode(letter.body, type=Message).body


def _with_content(letter: Letter, content: bytes) -> bytes:
    if letter.action == TIMERS:
        return msgspec.json.encode(replace(_timer(letter), arguments=content))
    return msgspec.json.encode(replace(msgspec.json.decode(letter.body, type=Message), body=content))
