"""The canonical form of a value that an entity claims: equal values have one form, others another."""

from collections.abc import Sequence
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from msgspec.json import encode

from actum.errors import AuthorError, Invalid

MAX_VALUE_BYTES = 4_096
"""Of the canonical form."""
MAX_NAME = 100
"""Characters of a claim's name."""
MAX_SHORT = 500
"""Characters of text that has at most MAX_VALUE_BYTES as JSON, whatever they are."""
MAX_BITS = 4_096
MAX_EXPONENT = 1_000


def canonical(name: str, value: Any) -> bytes:
    """Returns the canonical form of a value.

    An enum counts as its value, a UUID as its text, and numbers are compared by value: 1, 1.0 and
    Decimal("1.00") are the same. Text counts as it is: "A" and "a" differ. Raises AuthorError for a name or a
    type that cannot be claimed, and Invalid, with the name as its field, for a value that is too large or has
    no fixed form.
    """
    if type(value) is str and type(name) is str and len(value) <= MAX_SHORT and name.isidentifier():
        try:
            return encode(value)
        except UnicodeEncodeError as error:
            raise Invalid(f"{name} cannot be claimed: {error}", field=name) from error
    if type(name) is not str or not 0 < len(name) <= MAX_NAME or not name.isprintable():
        raise AuthorError(f"a claim's name is printable text of 1 to {MAX_NAME} characters, not {name!r}")
    try:
        form = encode(_form(name, value))
    except (UnicodeEncodeError, RecursionError) as error:
        raise Invalid(f"{name} cannot be claimed: {error}", field=name) from error
    if len(form) > MAX_VALUE_BYTES:
        raise _too_large(name, f"takes {len(form):,} bytes, and {MAX_VALUE_BYTES:,} are allowed")
    return form


def _form(name: str, value: Any) -> Any:
    if isinstance(value, Enum):
        return _form(name, value.value)
    match value:
        case bool():
            return value
        case str():
            if len(value) > MAX_VALUE_BYTES:
                raise _too_large(name, f"has {len(value):,} characters, and {MAX_VALUE_BYTES:,} are allowed")
            return str(value)
        case UUID():
            return str(value)
        case int() | float() | Decimal():
            return _number(name, value)
        case tuple():
            return ["tuple", [_form(name, part) for part in _bounded(name, value)]]
        case _:
            raise AuthorError(
                f"{name} cannot claim a {type(value).__name__}: claim text, a number, a bool, a UUID, an "
                "enum, or a tuple of these"
            )


def _bounded(name: str, values: Sequence[Any]) -> Sequence[Any]:
    if len(values) > MAX_VALUE_BYTES:
        raise _too_large(name, f"has {len(values):,} parts")
    return values


def _number(name: str, value: int | float | Decimal) -> list[str]:
    """Returns a number as an exact fraction, which does not depend on its type."""
    if isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) > MAX_EXPONENT:
        raise _too_large(name, "has too large an exponent")
    if isinstance(value, int) and value.bit_length() > MAX_BITS:
        raise _too_large(name, "is too large a number")
    try:
        over, under = value.as_integer_ratio()
    except (OverflowError, ValueError):
        raise Invalid(f"{name} cannot claim {value}: it is no number", field=name) from None
    return ["number", f"{over:x}/{under:x}"]


def _too_large(name: str, why: str) -> Invalid:
    return Invalid(f"{name} cannot be claimed: the value {why}; claim a shorter one", field=name)
