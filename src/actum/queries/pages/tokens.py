"""The token of a page: the query that it belongs to, and where its last row stands in the order."""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from math import inf
from typing import Any

import msgspec
from msgspec import Struct

from actum.errors import Invalid, TooLarge
from actum.model.rows.page import MAX_TOKEN

VERSION = 1
INFINITE = {"inf": inf, "-inf": -inf}


class _Token(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    version: int
    of: str
    values: list[Any]


def mark_of(query: str, sql: str, parameters: Mapping[str, Any], kinds: Sequence[str]) -> str:
    """Returns what differs between queries, their parameters, and the kinds of the columns of their order."""
    values = msgspec.json.encode([query, sql, parameters, list(kinds)], order="deterministic")
    return base64.urlsafe_b64encode(sha256(values).digest()[:12]).decode()


def write_token(mark: str, values: Sequence[Any], kinds: Sequence[str]) -> bytes:
    """Writes the token behind a row, given the values of its order as a database answers them."""
    written = [_written(value, kind) for value, kind in zip(values, kinds, strict=True)]
    return msgspec.json.encode(_Token(VERSION, mark, written))


def read_token(body: bytes, mark: str, kinds: Sequence[str]) -> list[Any]:
    """Returns the values of the last row, as parameters of a query.

    Raises Invalid for what is no token of a page of the same query, with the same parameters.
    """
    try:
        token = msgspec.json.decode(body, type=_Token)
    except (msgspec.MsgspecError, ValueError) as error:
        raise no_token() from error
    if token.version != VERSION or token.of != mark or len(token.values) != len(kinds):
        raise Invalid(
            "this token belongs to another query, to other parameters, or to an older version of the "
            "application: ask for the first page again, without it",
            field="after",
        )
    try:
        return [_read(value, kind) for value, kind in zip(token.values, kinds, strict=True)]
    except (ValueError, TypeError, ArithmeticError, KeyError) as error:
        raise no_token() from error


def to_text(body: bytes) -> str:
    """Writes a token so that it may stand in an address."""
    text = base64.urlsafe_b64encode(body).decode().rstrip("=")
    check_length(text)
    return text


def check_length(text: str) -> None:
    """Raises TooLarge for a token that no address may hold."""
    if len(text) > MAX_TOKEN:
        raise TooLarge(
            f"what the rows are ordered by is too long for the token of a page, which has at most "
            f"{MAX_TOKEN:,} characters: order by the beginning, as in ORDER BY substr(title, 1, 100)"
        )


def from_text(text: str) -> bytes:
    """Reads what was written for an address; raises Invalid for anything else."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise no_token() from error


def no_token() -> Invalid:
    """Returns the error for what is no token."""
    return Invalid("this is not the token of a page: pass on the `next` of the page before", field="after")


def _written(value: Any, kind: str) -> Any:
    if value is None:
        return None
    if kind == "real" and value in (inf, -inf):
        return str(value)
    return value


def _real(value: Any) -> float:
    return INFINITE[value] if isinstance(value, str) else float(_of(value, float, int))


def _decimal(value: Any) -> Decimal:
    found = Decimal(_of(value, str))
    if not found.is_finite():
        raise ValueError(value)
    return found


def _time(value: Any) -> datetime:
    found = datetime.fromisoformat(_of(value, str))
    if found.tzinfo is None:
        raise ValueError(value)
    return found


def _blob(value: Any) -> bytes:
    return base64.b64decode(_of(value, str), validate=True)


def _of(value: Any, *kinds: type) -> Any:
    if type(value) not in kinds:
        raise ValueError(value)
    return value


READ: dict[str, Callable[[Any], Any]] = {
    "boolean": lambda value: bool(_of(value, int)),
    "integer": lambda value: _of(value, int),
    "real": _real,
    "decimal": _decimal,
    "text": lambda value: _of(value, str),
    "time": _time,
    "blob": _blob,
}


def _read(value: Any, kind: str) -> Any:
    return None if value is None else READ[kind](value)
