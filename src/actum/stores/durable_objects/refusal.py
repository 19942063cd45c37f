"""Answers of objects: a value, or an error that the other side raises again."""

from typing import Any

from msgspec import Raw, Struct
from msgspec.json import encode

from actum.errors import (
    ActumError,
    AlreadyExists,
    AuthorError,
    BrokenStream,
    Conflict,
    DefinitionError,
    Invalid,
    KeyReused,
    NotFound,
    Overloaded,
    Rejected,
    Unavailable,
    UndeclaredEvent,
    UnknownEvent,
    WrongEvent,
    WrongReply,
    WrongVersion,
)


class Refusal(Struct, gc=False):
    """An error, by the name of its class in `actum.errors`."""

    error: str
    message: str
    facts: dict[str, Any] = {}


NOTHING = Raw(b"null")


class Answer(Struct, array_like=True, gc=False):
    """The answer to one call: a value or a refusal."""

    value: Raw
    refusal: Refusal | None = None

    @classmethod
    def of(cls, value: Any) -> "Answer":
        """Returns the answer that holds a value."""
        return cls(Raw(encode(value)))


WHY_NO_CLAIMS = (
    "each entity is a Durable Object with a storage of its own, and no transaction spans two, so a value "
    "cannot be held among them all. Make the value an entity, named by it, and let that say who has it"
)
WHY_NO_STATES = (
    "an object sends its events to the feed before it may remove them, so it cannot keep the newest state "
    "alone; let the entity declare events"
)
LOST = "Lost"
"""The refusal of a call whose outcome is unknown; with the same `attempt` it can safely be sent again."""

NAMED: dict[str, type[ActumError]] = {
    error.__name__: error
    for error in (
        AlreadyExists,
        AuthorError,
        BrokenStream,
        Conflict,
        DefinitionError,
        NotFound,
        Overloaded,
        Unavailable,
        UndeclaredEvent,
        UnknownEvent,
        WrongEvent,
        WrongReply,
    )
}


def refuse(error: Exception, where: str) -> Answer:
    """Describes an error, so that `refused` can make the same error again."""
    facts: dict[str, Any] = {}
    message = str(error)
    match error:
        case Rejected():
            name, facts = "Rejected", {"code": error.code, "facts": error.facts}
        case Invalid():
            name, facts = "Invalid", {"field": error.field}
        case WrongVersion():
            name, facts = "WrongVersion", {"expected": error.expected, "actual": error.actual}
        case KeyReused():
            name, facts = "KeyReused", {"key": error.key}
        case _:
            name = next((base.__name__ for base in type(error).__mro__ if base.__name__ in NAMED), "")
    if not name:
        name, message = "AuthorError", f"{where} failed: {type(error).__name__}: {error}"
    try:
        encode(facts)
    except TypeError:
        facts = facts | {"facts": {name: str(fact) for name, fact in facts["facts"].items()}}
    return Answer(NOTHING, Refusal(name, message, facts))


def refused(refusal: Refusal, entity: str) -> ActumError:
    """Returns the error that an object described."""
    facts, message = refusal.facts, refusal.message
    match refusal.error:
        case "Rejected":
            return Rejected(message, code=facts["code"], **facts["facts"])
        case "Invalid":
            return Invalid(message, field=facts["field"])
        case "WrongVersion":
            return WrongVersion(entity, expected=facts["expected"], actual=facts["actual"])
        case "KeyReused":
            return KeyReused(facts["key"], entity)
        case name:
            return NAMED.get(name, Unavailable)(message)
