"""Page tokens of a listing: where the page before ended, and what the listing asked for."""

import base64
import binascii

import msgspec
from msgspec import Struct

from actum.errors import Invalid


class Token(Struct, frozen=True, array_like=True):
    """The arguments of a listing, and the last stream seen (None before the first page)."""

    limit: int
    first_after: int | None
    first_before: int | None
    reverse: bool
    time: int | None = None
    position: int | None = None


def read_token(
    page: str | None, *, limit: int, first_after: int | None, first_before: int | None, reverse: bool
) -> Token:
    """Gives the token of a page, or that of a first page with these arguments."""
    if page is None:
        if limit < 1:
            raise Invalid(f"limit is {limit}: a page has at least one item", field="limit")
        return Token(limit, first_after, first_before, reverse)
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(page.encode()), type=Token)
    except (msgspec.DecodeError, binascii.Error, ValueError) as error:
        raise Invalid(f"{page!r} is not a page token: pass on the `next` of the page before", field="page") from error


def write_token(token: Token, *, time: int, position: int) -> str:
    """Gives the token of the page after the stream with this first time and position."""
    following = msgspec.structs.replace(token, time=time, position=position)
    return base64.urlsafe_b64encode(msgspec.json.encode(following)).decode()
