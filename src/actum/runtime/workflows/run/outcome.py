"""What a step, call or workflow came to, as it is recorded: a result, an error, or when it goes on."""

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from actum.errors import (
    ActumError,
    AlreadyExists,
    AlreadyStarted,
    AnswerErased,
    CallerError,
    Conflict,
    Forbidden,
    Invalid,
    KeyReused,
    NotEnded,
    NotFound,
    Rejected,
    StepFailed,
    Taken,
    TooLarge,
    Unauthenticated,
    WorkflowCancelled,
    WorkflowError,
    WorkflowFailed,
    WrongStatus,
    WrongVersion,
)
from actum.model.error_text import error_message, error_text
from actum.model.people.open_keys import opened

NOTHING = Raw(b"")
REJECTED = "Rejected"
MAX_RESULT_BYTES = 4 * 1024 * 1024
"""The most that the result of a step, a signal, or the arguments of a workflow may have as JSON."""


class KeptError(Struct, frozen=True, omit_defaults=True):
    """An error that can be raised again: its class and message, and what else it consists of.

    In a workflow with personal data, the message is `sealed`, and so are the facts of a Rejected.
    """

    type: str
    message: str
    code: str = ""
    facts: dict[str, Any] = {}
    step: str = ""
    field: str | None = None
    sealed: str = ""


class Said(Struct, frozen=True, omit_defaults=True):
    """What an error says that may be personal; the facts of errors of Actum's own are not."""

    message: str = ""
    facts: dict[str, Any] = {}


FORGOTTEN_SAID = Said("(forgotten)")
LEFT_OUT = "its message may hold personal data, and is in the log alone"


class Kept(Struct, frozen=True, omit_defaults=True):
    """What is recorded: a result as JSON, an error, or when (`due`) to go on after so many `attempts`.

    `seen` is the position of the journal up to which views have to show what happened.
    """

    result: Raw = NOTHING
    error: KeptError | None = None
    due: int | None = None
    attempts: int = 0
    seen: int = 0

    @property
    def is_final(self) -> bool:
        """Whether it has a result or an error."""
        return self.error is not None or bool(bytes(self.result))


write_kept: Callable[[Kept], bytes] = msgspec.json.Encoder().encode
read_kept: Callable[[bytes], Kept] = msgspec.json.Decoder(Kept).decode
write_error: Callable[[KeptError], bytes] = msgspec.json.Encoder().encode
_read_said: Callable[[bytes], Said] = msgspec.json.Decoder(Said).decode
_read_error: Callable[[bytes], KeptError] = msgspec.json.Decoder(KeptError).decode

SIMPLE: dict[str, type[ActumError]] = {
    cls.__name__: cls
    for cls in (
        TooLarge,
        Invalid,
        NotFound,
        Taken,
        AlreadyExists,
        AlreadyStarted,
        WrongStatus,
        WrongVersion,
        Conflict,
        KeyReused,
        AnswerErased,
        Unauthenticated,
        Forbidden,
        WorkflowFailed,
        WorkflowCancelled,
        NotEnded,
        CallerError,
    )
}
"""Errors that consist of their messages and of texts and numbers; a subclass comes before its class."""
DECISIONS = (CallerError, WorkflowError)
"""Errors that a workflow's `run` may handle, or end with: the same ones are raised when it runs again."""


def kept_error(error: BaseException, *, step: str = "") -> KeptError:
    """Gives what is recorded of an error; one that cannot be raised again is a failure of the step."""
    if isinstance(error, Rejected):
        try:
            facts = msgspec.json.decode(msgspec.json.encode(error.facts))
        except (TypeError, ValueError, msgspec.MsgspecError):
            facts = {}
        return KeptError(REJECTED, error_message(error), error.code, facts)
    if isinstance(error, StepFailed):
        return KeptError("StepFailed", error.error, step=error.step)
    for name, cls in SIMPLE.items():
        if isinstance(error, cls):
            return KeptError(name, error_message(error), facts=dict(vars(error)))
    return KeptError("StepFailed", error_text(error), step=step)


def said_in(error: KeptError) -> bytes:
    """Gives what an error says, as JSON."""
    return msgspec.json.encode(Said(error.message, error.facts if error.type == REJECTED else {}))


def without_words(error: KeptError, sealed: str = "") -> KeptError:
    """Gives an error with what it says `sealed`, or left out."""
    facts = {} if error.type == REJECTED else error.facts
    return replace(error, message="" if sealed else LEFT_OUT, facts=facts, sealed=sealed)


def _opened(kept: KeptError) -> KeptError:
    """Gives an error with what it says, "(forgotten)" once its person is.

    Raises KeyNotLoaded unless the key is open in this process.
    """
    if not kept.sealed:
        return kept
    text = opened(kept.sealed)
    said = FORGOTTEN_SAID if text is None else _read_said(text)
    facts = said.facts if kept.type == REJECTED else kept.facts
    return replace(kept, message=said.message, facts=facts, sealed="")


def error_of(kept: KeptError) -> ActumError:
    """Gives an error that was recorded, to be raised again."""
    kept = _opened(kept)
    if kept.type == REJECTED:
        return Rejected(kept.message, code=kept.code, **kept.facts)
    if kept.type == "StepFailed":
        return StepFailed(kept.step, kept.message)
    cls = SIMPLE.get(kept.type, WorkflowFailed)
    # Some make their messages of other arguments.
    error = cls.__new__(cls)
    error.args = (kept.message,)
    # An Invalid of an earlier version has its field beside the facts.
    vars(error).update({"field": kept.field, **kept.facts} if isinstance(error, Invalid) else kept.facts)
    return error


def read_error(outcome: bytes) -> ActumError:
    """Gives the error with which a workflow ended."""
    return error_of(_read_error(outcome))
