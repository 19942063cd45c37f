"""Every error that Actum raises, as one tree, sorted by what the caller does next.

ActumError
├── DefinitionError          fix the declaration; raised before anything runs
├── CallerError              fix the call; the same call would fail again
│   ├── Invalid                  the arguments do not fit the signature
│   │   └── TooLarge                 the answer would exceed a size limit
│   ├── Rejected                 a rule of the application refused the call
│   ├── Taken                    another entity holds the value that a command claims
│   ├── Unauthenticated          the caller has to say who it is
│   ├── Forbidden                the caller is known, and no rule allows it this
│   ├── NotFound                 nothing exists under that name
│   ├── Conflict                 another writer was first
│   │   ├── WrongVersion             the entity is not at the version the caller expected
│   │   ├── AlreadyExists            the command is for a new entity, and this one has a history
│   │   ├── AlreadyStarted           the workflow was started before with other arguments
│   │   └── WrongStatus              the workflow's status does not allow that
│   ├── KeyReused                the idempotency key was used for another call
│   └── AnswerErased             the call was carried out before, and its answer was erased since
├── TryLater                 nothing is wrong with the call; send it again
│   ├── Overloaded               a limit was reached; nothing was written
│   └── Unavailable              the store or a view did not answer in time
│       ├── OutdatedView             the view's rows have an old format until it is rebuilt
│       └── KeyNotLoaded             the key of a sealed value is not open in this process
├── StaleWrite               read again and decide again, or stop; nothing was written
│   └── LeaseLost                another process holds the lease on this work now
├── AuthorError              fix the application's code; nothing was written
│   ├── ImpureTurn               a command or reducer did input or output
│   ├── UndeclaredEvent          an entity emitted what it neither reduces nor lists in emits=
│   ├── WrongEvent               an emitted event does not fit its own annotations
│   ├── WrongState               a reducer left a state that JSON does not preserve
│   ├── WrongReply               a command's reply does not fit its return annotation
│   │   └── Unanswerable             a view's query has no answer for the current rows
│   ├── UnknownEvent             the history holds an event that no class declares
│   ├── UnreadableEvent          the history holds an event that does not fit its class
│   ├── ReducerFailed            a view's reducer failed on an event
│   ├── EventChanged             a view's reducer changed an event that other rows share
│   └── OutdatedRecord           what is stored for a workflow, timer or queue does not fit the code
├── WorkflowError            a workflow, or a step of one, did not succeed
│   ├── StepFailed               a step failed as often as its retries allow
│   ├── WorkflowFailed           a workflow failed, and what it had compensations for was undone
│   ├── WorkflowCancelled        a workflow was cancelled
│   └── NotEnded                 a workflow had not ended when the time to wait for it was over
└── StoreError               an operator has to look at the store
    ├── KeyMissing               the application's key is missing, or is another one
    ├── Unopened                 a sealed value was damaged
    ├── StoreInUse               another process owns the file
    ├── ForeignStore             the file belongs to another program, or to a newer Actum
    ├── StoreFailed              a commit or sync failed: writes have stopped
    └── BrokenStream             a stream's versions are not 1, 2, 3, …

Others belong to one package each: `queries.sql.kinds.Misuse` is a DefinitionError about a view's SQL,
`cli.failure.CommandFailed` ends a command of the command line with its message, and
`operations.evolution.lock.LockError` says what is wrong with a lock file. Of StoreError are
`operations.moves.export_file.DamagedExport`, for an export that is not whole,
`stores.sqlite.archive.segment.SegmentLost`, for archived events that cannot be read, and
`operations.upkeep.other_stores.OwnWay`, for stores with backups of their own; of Unavailable is
`console.store_lost.StoreLost`, for a page of the console.
"""

import copy
from collections.abc import Sequence
from typing import Any

import msgspec

LASTING = frozenset({int, bool, type(None)})


class ActumError(Exception):
    """The root of the tree."""


class DefinitionError(ActumError):
    """A declaration cannot work; the message says how to fix it.

    `place` is the file and line of the declaration, where it was found.
    """

    place: tuple[str, int] | None = None


class CallerError(ActumError):
    """The call cannot succeed as it is."""


class Invalid(CallerError):
    """The arguments do not fit the signature. `field` names the wrong argument, if there is a single one."""

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class TooLarge(Invalid):
    """The answer would exceed a size limit, so no part of it is returned: ask for less at once."""


class Rejected(CallerError):
    """A rule of the application refused the call.

    `code` is for programs and stays the same when the wording changes; `facts` are JSON values that
    explain the refusal, such as the balance that was too low. They are copied, so later changes do not
    affect them. Infinity and NaN, which JSON cannot represent, raise WrongReply.
    """

    def __init__(self, message: str, *, code: str = "rejected", **facts: Any) -> None:
        super().__init__(message)
        self.code = code
        self.facts: dict[str, Any] = (
            facts if not facts or LASTING.issuperset(map(type, facts.values())) else _copied(facts)
        )


def _copied(facts: dict[str, Any]) -> dict[str, Any]:
    """Copies facts, so that they share nothing with a state; raises WrongReply for infinity and NaN."""
    if not _is_finite(facts):
        raise WrongReply(
            f"Rejected has the facts {facts!r}, and JSON turns infinity and NaN into null: write them as text"
        )
    return {name: _copy(fact) for name, fact in facts.items()}


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(held) for key, held in value.items()}
    if isinstance(value, list | tuple) and type(value) in (list, tuple):
        return type(value)(map(_copy, value))
    return copy.copy(value) if isinstance(value, set) else _copy_of_struct(value)


def _copy_of_struct(value: Any) -> Any:
    if not isinstance(value, msgspec.Struct):
        return value
    twin = copy.copy(value)
    for name in value.__struct_fields__:
        msgspec.structs.force_setattr(twin, name, _copy(getattr(value, name)))
    return twin


def _is_finite(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(_is_finite, value.values()))
    if isinstance(value, list | tuple):
        return all(map(_is_finite, value))
    if isinstance(value, msgspec.Struct):
        return all(_is_finite(getattr(value, name)) for name in value.__struct_fields__)
    return not isinstance(value, float) or value - value == 0


class Taken(CallerError):
    """Another entity of the kind holds the value that a command claims under `name`; nothing was written."""

    code = "taken"

    def __init__(self, entity: str, name: str) -> None:
        super().__init__(f"{entity} cannot claim this {name}: another entity holds it")
        self.entity = entity
        self.name = name


class Unauthenticated(CallerError):
    """The caller has to say who it is, or what it sent for that is not valid.

    `challenge` says by what means (RFC 9110, WWW-Authenticate).
    """

    def __init__(self, message: str, *, challenge: str = "") -> None:
        super().__init__(message)
        self.challenge = challenge


class Forbidden(CallerError):
    """The caller is known, and no rule allows it this."""


class NotFound(CallerError):
    """Nothing exists under that name."""


class Conflict(CallerError):
    """Another writer was first, each time, until the retries ran out."""


class WrongVersion(Conflict):
    """The entity is at version `actual`, and the caller expected `expected`.

    `expected` is None where the caller named no single version; `said` is then what it did say.
    """

    def __init__(self, entity: str, *, expected: int | None, actual: int, said: str = "") -> None:
        is_at = f"is at version {actual}" if actual else "does not exist"
        if expected is None:
            why = f"{is_at}, and the call says {said}"
        else:
            why = f"{f'is at version {actual}' if expected else is_at}, not at {expected}"
        super().__init__(f"{entity} {why}: read it again, then decide again")
        self.expected = expected
        self.actual = actual


class AlreadyExists(Conflict):
    """The command is for an entity that does not exist yet (`must_be_new`), and this one has a history."""


class KeyReused(CallerError):
    """The idempotency key was used for another call or request, or with other arguments."""

    def __init__(self, key: str, entity: str, *, other: str = "another command or other arguments") -> None:
        super().__init__(
            f"the idempotency key {key!r} was used on {entity} with {other}: use a new key for a new request"
        )
        self.key = key


class AnswerErased(CallerError):
    """The call was carried out before under this idempotency key, and its answer was erased since."""

    def __init__(self, key: str) -> None:
        super().__init__(
            f"the call with the idempotency key {key!r} was carried out before and is not repeated. "
            "Its answer is gone, because it held data of an entity that was erased since: "
            "use a new key for a new request"
        )
        self.key = key


class TryLater(ActumError):
    """Nothing is wrong with the call. `retry_after` is in seconds."""

    retry_after: float = 1.0


class Overloaded(TryLater):
    """A limit was reached, and nothing was written."""


class Unavailable(TryLater):
    """The store or a view did not answer in time.

    `is_outcome_unknown` is true when a write was under way and may or may not be found after a restart;
    with an idempotency key the same call can safely be sent again. `inside` is for the author alone, such as
    a reducer's own error: it is part of the text, but HTTP responses leave it out.
    """

    def __init__(self, message: str, *, is_outcome_unknown: bool = False, inside: str = "") -> None:
        super().__init__(f"{message}: {inside}" if inside else message)
        self.is_outcome_unknown = is_outcome_unknown
        self.outside = message


def outcome_unknown(error: Exception, failed: str) -> ActumError:
    """Gives the error for a write that may or may not have happened; `failed` names what failed."""
    if isinstance(error, ActumError):
        return error
    unknown = Unavailable(f"{failed}: {error!r}", is_outcome_unknown=True)
    unknown.__cause__ = error
    return unknown


class OutdatedView(Unavailable):
    """A view's rows were written in an old format, and cannot be queried until the view is rebuilt."""


class KeyNotLoaded(Unavailable):
    """The key `id` of a sealed value is not open in this process: it is loaded when that is read again."""

    def __init__(self, id: str) -> None:
        super().__init__(f"the key {id} of a personal value is not loaded yet: send again")
        self.id = id


class StaleWrite(ActumError):
    """Another process has changed the state that this write was based on; nothing was written."""


class LeaseLost(StaleWrite):
    """A lease under which something was to be written has passed to another process.

    `works` are those whose leases are lost; others, under which it was to be written too, may still hold.
    """

    def __init__(self, message: str, works: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.works = frozenset(works)


class AuthorError(ActumError):
    """The application's own code broke a rule; nothing was written."""


class ImpureTurn(AuthorError):
    """A command or reducer did I/O, which belongs in an action, or changed the state without an event."""


class UndeclaredEvent(AuthorError):
    """An entity emitted an event that it neither reduces nor lists in `emits=`."""


class WrongEvent(AuthorError):
    """An emitted event does not fit its own annotations."""


class WrongState(AuthorError):
    """A reducer left a state that JSON does not preserve, or set an attribute that is not a field."""


class WrongReply(AuthorError):
    """A command's reply does not fit its return annotation."""


class Unanswerable(WrongReply):
    """A view's query has no answer for the current rows.

    A number exceeds 64 bits, or a value (such as NULL) or the number of rows does not fit the annotation.
    """


class UnknownEvent(AuthorError):
    """The history holds an event that no class declares."""


class UnreadableEvent(AuthorError):
    """The history holds an event that does not fit its class, even after its upcasts."""


class ReducerFailed(AuthorError):
    """The event at `position` could not be folded into a row of a view."""

    def __init__(self, message: str, *, position: int) -> None:
        super().__init__(message)
        self.position = position


class EventChanged(AuthorError):
    """A view's reducer changed an event that the reducers of other rows are given too."""


class OutdatedRecord(AuthorError):
    """What is stored for a workflow, or waits in a timer or queue, does not fit the code: change that."""


OF_OTHER_CODE: tuple[type[ActumError], ...] = (UnknownEvent, UnreadableEvent, OutdatedRecord)
"""Errors of what another version of the application stored: no attempt of this one can succeed."""


def is_of_other_code(text: str) -> bool:
    """Whether the stored text of an error, which begins with its class, is of one of OF_OTHER_CODE."""
    return text.partition(":")[0] in {error.__name__ for error in OF_OTHER_CODE}


class AlreadyStarted(Conflict):
    """A workflow, KIND/ID, was started before with other arguments: give the new one another id."""

    def __init__(self, message: str, *, workflow: str = "") -> None:
        super().__init__(message)
        self.workflow = workflow


class WrongStatus(Conflict):
    """A workflow, KIND/ID, takes no signals any more, or cannot be paused, resumed, … in its `status`."""

    def __init__(self, message: str, *, workflow: str = "", status: str = "") -> None:
        super().__init__(message)
        self.workflow = workflow
        self.status = status


class WorkflowError(ActumError):
    """A workflow, or a step of one, did not succeed."""


class StepFailed(WorkflowError):
    """A step failed as often as its retries allow; `error` is the class and message of the last error."""

    def __init__(self, step: str, error: str) -> None:
        super().__init__(f"the step {step} failed: {error}")
        self.step = step
        self.error = error


class WorkflowFailed(WorkflowError):
    """A workflow failed; what it had compensations for was undone."""


class WorkflowCancelled(WorkflowError):
    """A workflow was cancelled; what it had compensations for was undone."""


class NotEnded(WorkflowError):
    """A workflow, KIND/ID, had not ended when the time to wait for it was over; it goes on."""

    def __init__(self, message: str, *, workflow: str = "") -> None:
        super().__init__(message)
        self.workflow = workflow


class StoreError(ActumError):
    """An operator has to look at the store."""


class KeyMissing(StoreError):
    """The application's key, which the keys of persons are sealed under, is missing or is another one."""


class Unopened(StoreError):
    """A sealed value was damaged, so that it cannot be opened."""


class StoreInUse(StoreError):
    """Another process owns the file."""


class ForeignStore(StoreError):
    """The file belongs to another program, or was written by a newer Actum."""


class StoreFailed(StoreError, Unavailable):
    """A commit or sync failed. Writes have stopped until the store is opened again and checked."""


class BrokenStream(StoreError):
    """A stream's versions are not 1, 2, 3, …"""
