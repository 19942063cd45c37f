"""Deadlines as they are stored: in the metadata of the events of the command that set or cancelled them."""

from collections.abc import Callable, Sequence

import msgspec
from msgspec import Raw, Struct

from actum.model.event import with_field
from actum.model.name import shortened

CHECKPOINT = "$deadlines"
"""The name under which is stored how far the feed was followed for deadlines; no action has it."""
PREFIX = "$deadline/"
"""The prefix of the names under which deadlines are stored among timers; an author's timer has none such."""
IN_METADATA = b'"deadline'
"""What metadata contains that says anything of deadlines; a text in it may contain it too."""


class Change(Struct, frozen=True, omit_defaults=True):
    """A deadline that was set or, without a `command`, cancelled.

    It is due at `due` (microseconds since 1970). `span` is the delay it was set with, in microseconds; 0 if
    it was set for a given time. `arguments` is a JSON array.
    """

    name: str
    command: str = ""
    due: int = 0
    span: int = 0
    arguments: Raw = Raw(b"[]")

    @property
    def is_set(self) -> bool:
        """Whether it sets a deadline rather than cancelling one."""
        return self.command != ""


class Changes(Struct, frozen=True):
    """What the events of one write change; it belongs to the last of them, which has version `at`."""

    at: int
    changed: tuple[Change, ...]


class Fired(Struct, frozen=True):
    """The deadline whose command emitted these events: its name, and the version that had set it."""

    name: str
    version: int


class Noted(Struct, frozen=True):
    """What metadata says of deadlines."""

    deadlines: Changes | None = None
    deadline: Fired | None = None


decode_noted: Callable[[bytes], Noted] = msgspec.json.Decoder(Noted).decode


def with_changes(metadata: bytes, changed: Sequence[Change], at: int) -> bytes:
    """Returns metadata that also says what a write changes, of which the last event has version `at`."""
    return with_field(metadata, "deadlines", Changes(at, tuple(changed)))


def with_fired(metadata: bytes, name: str, version: int) -> bytes:
    """Returns metadata that also says which deadline the command came from."""
    return with_field(metadata, "deadline", Fired(name, version))


def timer_name(kind: str, id: str, name: str) -> str:
    """Returns the name under which a deadline is stored among timers; no other deadline has it."""
    return shortened(_beginning(kind, id) + name)


def deadline_name(timer: str, kind: str, id: str) -> str | None:
    """Returns the name that an entity knows a deadline by; None for a timer that is none.

    One that was too long to store is given as it is stored.
    """
    if not timer.startswith(PREFIX):
        return None
    return timer.removeprefix(_beginning(kind, id))


def deadline_key(timer: str, version: int) -> str:
    """Returns the idempotency key of a deadline's command: once for each time that it was set."""
    return f"timers/{timer}/{version}"


def _beginning(kind: str, id: str) -> str:
    return f"{PREFIX}{len(kind)}/{len(id)}/{kind}/{id}/"
