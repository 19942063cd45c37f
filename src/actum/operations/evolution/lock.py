"""The lock: what an application's stores, callers and flights rely on, as it stands in `actum.lock.json`."""

from typing import Any

import msgspec
from msgspec import Struct

from actum.errors import ActumError

FORMAT = 1
"""The form of lock files; one of a later form is refused."""

Fields = dict[str, str]
"""Fields or parameters in the order of their declaration: name to type, and default if there is one."""


class LockError(ActumError):
    """A lock file cannot be used; the message says why, and what to do."""


class TypeLock(Struct, omit_defaults=True, kw_only=True):
    """A class of values: its fields by their names in JSON, or the `values` of an enum.

    `sort` says how JSON writes it: an "object" unless it is an "array" by position or an "enum".
    """

    sort: str = "object"
    fields: Fields = {}
    values: list[Any] = []
    tag: str | int | None = None
    tag_field: str | None = None
    forbids_unknown: bool = False


class EventLock(TypeLock, omit_defaults=True, kw_only=True):
    """An event: the fields of its payload, its version, and the versions that have an upcast.

    `class_name` is given where it is not the stored name. `later` are fields that came after the event was
    first frozen, so that stored events may lack them.
    """

    version: int
    class_name: str = ""
    upcasts: list[int] = []
    later: list[str] = []


class CallLock(Struct, omit_defaults=True, kw_only=True):
    """A command or query: its parameters, what it answers, and the codes that it rejects a call with.

    One that is `scheduled` may be waiting in a timer or deadline, with its arguments by position.
    """

    parameters: Fields = {}
    answer: str = "None"
    rejections: list[str] = []
    scheduled: bool = False


class KindLock(Struct, omit_defaults=True, kw_only=True):
    """An entity class: the events in its histories, its calls, the names of its claims, whose data it has."""

    events: list[str] = []
    commands: dict[str, CallLock] = {}
    queries: dict[str, CallLock] = {}
    claims: list[str] = []
    person: str = ""


class WorkflowLock(Struct, omit_defaults=True, kw_only=True):
    """A workflow: what it is started with, its result, and its steps and signals by their recorded names."""

    parameters: Fields = {}
    result: str = "None"
    steps: dict[str, CallLock] = {}
    signals: dict[str, str] = {}
    person: str = ""


class Lock(Struct, omit_defaults=True, kw_only=True):
    """Everything that is frozen. `actions` say by their stored names what sets each off."""

    format: int
    application: str
    events: dict[str, EventLock] = {}
    entities: dict[str, KindLock] = {}
    views: dict[str, dict[str, CallLock]] = {}
    workflows: dict[str, WorkflowLock] = {}
    actions: dict[str, list[str]] = {}
    queues: dict[str, str] = {}
    routes: list[str] = []
    types: dict[str, TypeLock] = {}


def write_lock(lock: Lock) -> str:
    """Writes a lock as text: sorted, one item a line, the same for the same declarations."""
    return msgspec.json.format(msgspec.json.encode(lock), indent=2).decode() + "\n"


def read_lock(text: bytes, where: str) -> Lock:
    """Reads a lock; raises LockError for what is none, or was written by a newer Actum."""
    try:
        lock = msgspec.json.decode(text, type=Lock)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise LockError(
            f"{where} is no lock file ({error}): restore it from version control, or delete it and run "
            "`actum schema freeze`"
        ) from error
    if lock.format > FORMAT:
        raise LockError(
            f"{where} has the form {lock.format}, and this Actum reads forms up to {FORMAT}: "
            "upgrade Actum where the check runs"
        )
    return lock
