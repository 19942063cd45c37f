"""Page tokens of a listing: where the page before ended, and what the listing asked for."""

import base64
import binascii
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from actum.errors import Invalid

Number = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]


MAX_LISTED = 10_000
"""Streams of one page, whatever was asked for; with ids of 1,000 bytes that is 10 MB."""


class Token(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The arguments of a listing, and the last stream seen (None before the first page)."""

    kind: str
    limit: Annotated[int, Meta(ge=1, lt=2**31)]
    first_after: Number | None
    first_before: Number | None
    reverse: bool
    time: Number | None = None
    position: Number | None = None


def read_token(
    page: str | None,
    kind: str,
    *,
    limit: int,
    first_after: int | None,
    first_before: int | None,
    reverse: bool,
) -> Token:
    """Gives the token of a page, or that of a first page with these arguments.

    Raises Invalid for a token that `write_token` did not make, or made for a listing of another kind.
    """
    if page is None:
        if not 1 <= limit < 2**31:
            raise Invalid(f"limit is {limit}: a page has from 1 to {2**31 - 1:,} items", field="limit")
        return Token(kind, min(limit, MAX_LISTED), first_after, first_before, reverse)
    try:
        token = msgspec.json.decode(base64.b64decode(page, altchars=b"-_", validate=True), type=Token)
    except (msgspec.DecodeError, binascii.Error, ValueError) as error:
        raise Invalid(
            f"{page!r} is not a page token: pass on the `next` of the page before", field="page"
        ) from error
    if token.kind != kind or token.time is None or token.position is None:
        raise Invalid(
            f"{page!r} belongs to another listing: pass on the `next` of this listing's page before",
            field="page",
        )
    return msgspec.structs.replace(token, limit=min(token.limit, MAX_LISTED))


def write_token(token: Token, *, time: int, position: int) -> str:
    """Gives the token of the page after the stream with this first time and position."""
    following = msgspec.structs.replace(token, time=time, position=position)
    return base64.urlsafe_b64encode(msgspec.json.encode(following)).decode()
