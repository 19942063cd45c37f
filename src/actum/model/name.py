"""Names: which texts every store can keep as ids and keys."""

import hashlib
import re

from actum.errors import DefinitionError, Invalid

MAX_NAME_BYTES = 1_000
"""In UTF-8: an index of PostgreSQL holds an entity's kind, its id and a key, 2,704 bytes in all."""
MAX_DECLARED = 200
SHOWN = 100
SURROGATE = re.compile("[\ud800-\udfff]")


def check_name(name: object, what: str, *, field: str) -> None:
    """Raises Invalid for an id or key that not every store can keep."""
    if type(name) is str and fits(name, MAX_NAME_BYTES):
        return
    raise Invalid(
        f"{_shortened(name)} cannot be {what}: use text of 1 to {MAX_NAME_BYTES:,} bytes in UTF-8, "
        "without NUL and without half of a surrogate pair",
        field=field,
    )


def check_declared(name: object, what: str) -> None:
    """Raises DefinitionError for a name in the code that not every store can keep."""
    if type(name) is not str or not fits(name, MAX_DECLARED):
        raise DefinitionError(
            f"{_shortened(name)} cannot be {what}: use text of 1 to {MAX_DECLARED} bytes in UTF-8, "
            "without NUL and without half of a surrogate pair"
        )


def fits(text: str, most: int) -> bool:
    """Whether every store can keep a text in an index, and it has at most `most` bytes in UTF-8."""
    if not text or len(text) > most or "\0" in text:
        return False
    if text.isascii():
        return True
    return SURROGATE.search(text) is None and len(text.encode()) <= most


def shortened(key: str) -> str:
    """Returns a key that was composed of others, or its digest where it is too long to store."""
    if len(key) * 4 <= MAX_NAME_BYTES or fits(key, MAX_NAME_BYTES):
        return key
    return f"{key[:100]}#{hashlib.sha256(key.encode(errors='surrogatepass')).hexdigest()}"


def _shortened(name: object) -> str:
    text = repr(name)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def check_text(text: object, what: str, *, field: str, fix: str) -> None:
    """Raises DefinitionError for what is not text, and Invalid for text that not every store can keep."""
    if type(text) is not str:
        raise DefinitionError(f"{text!r} cannot be {what}, which must be text: {fix}")
    if text:
        check_name(text, what, field=field)


def check_who(who: object) -> None:
    """Refuses what cannot name who acts."""
    check_text(who, "ctx.by", field="by", fix='write str(user.id), or "" for an unknown user')


def check_cause(cause: object) -> None:
    """Refuses what cannot be a causation id, which may be long, because it contains a kind and an id."""
    if type(cause) is not str:
        raise DefinitionError(f"{cause!r} cannot be a causation id, which must be text: write str(…)")
    if not cause.isascii() and SURROGATE.search(cause):
        raise Invalid(
            f"{cause!r} cannot be a causation id: it has half of a surrogate pair", field="causation_id"
        )


def check_id(id: object) -> None:
    """Raises Invalid for what cannot be an entity's id."""
    # Checked first and in one step, because every command checks an id and nearly all are like this.
    if type(id) is str and id.isascii() and 0 < len(id) <= MAX_NAME_BYTES and "\0" not in id:
        return
    check_name(id, "an entity's id", field="id")
