"""Pages of entities' ids, and the tokens by which a client asks for the next page."""

import base64
import binascii
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from actum.errors import Invalid
from actum.model.rows.page import Page
from actum.ports.journal import Journal, StreamInfo, StreamListing

Number = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]


class _Token(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What a listing asked for, and the first event (time and position) of the last stream on its page."""

    kind: str
    limit: Annotated[int, Meta(ge=1, lt=2**31)]
    first_after: Number | None
    first_before: Number | None
    reverse: bool
    time: Number
    position: Number


async def page_of_ids(journal: Journal, listing: StreamListing) -> Page[StreamInfo]:
    """Returns a page of a listing."""
    found = await journal.streams(listing)
    return Page(found.items, None if found.next is None else _token_of(found.next))


def read_token(token: str, kind: str) -> StreamListing:
    """Returns the listing that continues after the page with this token.

    Raises Invalid for a token of no page, or of a listing of another kind.
    """
    try:
        read = msgspec.json.decode(base64.b64decode(token, altchars=b"-_", validate=True), type=_Token)
    except (msgspec.DecodeError, binascii.Error, ValueError) as error:
        raise Invalid(
            f"{token!r} is not a page token: pass on the `next` of the page before", field="page"
        ) from error
    if read.kind != kind:
        raise Invalid(
            f"{token!r} belongs to another listing: pass on the `next` of this listing's page before",
            field="page",
        )
    last_seen = (read.time, read.position)
    return StreamListing(kind, read.limit, read.first_after, read.first_before, read.reverse, last_seen)


def _token_of(listing: StreamListing) -> str:
    assert listing.last_seen is not None
    token = _Token(
        listing.kind,
        listing.size,
        listing.first_after,
        listing.first_before,
        listing.reverse,
        *listing.last_seen,
    )
    return base64.urlsafe_b64encode(msgspec.json.encode(token)).decode()
