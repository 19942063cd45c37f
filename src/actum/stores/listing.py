"""Listings of streams: the SQL that finds a page, and the page that is made of what was found."""

from collections.abc import Callable, Sequence

import msgspec

from actum.ports.journal import MAX_LISTED, StreamInfo, StreamListing, StreamPage


def listing_statement(
    listing: StreamListing, placeholder: Callable[[int], str]
) -> tuple[str, list[int | str]]:
    """Gives the statement that finds the streams of a page, and one more if there is one, with its values.

    `placeholder` names the value with a number, which begins at 1.
    """
    order, beyond = ("DESC", "<") if listing.reverse else ("ASC", ">")
    values: list[int | str] = []

    def bound(value: int | str) -> str:
        values.append(value)
        return placeholder(len(values))

    conditions = [f"kind = {bound(listing.kind)}"]
    if listing.last_seen is not None:
        time, position = listing.last_seen
        conditions.append(f"(first_time, first_position) {beyond} ({bound(time)}, {bound(position)})")
    # On the side where the listing begins, the last stream of the page before is the closer bound.
    if listing.first_after is not None and (listing.last_seen is None or listing.reverse):
        conditions.append(f"first_time > {bound(listing.first_after)}")
    if listing.first_before is not None and (listing.last_seen is None or not listing.reverse):
        conditions.append(f"first_time < {bound(listing.first_before)}")
    statement = f"""SELECT id, version, first_time, time, first_position FROM actum_streams
        WHERE {" AND ".join(conditions)}
        ORDER BY first_time {order}, first_position {order} LIMIT {bound(listing.size + 1)}"""
    return statement, values


LAST = "\U0010ffff"
"""The character that comes after all others, in UTF-8 as in code points."""


def search_statement(placeholder: Callable[[int], str]) -> str:
    """Gives the statement that finds streams by how their ids begin, beyond an id; see `search_values`."""
    kind, after, first, last, limit = (placeholder(number) for number in range(1, 6))
    return f"""SELECT id, version, first_time, time FROM actum_streams
        WHERE kind = {kind} AND id > {after} AND id >= {first} AND id < {last} ORDER BY id LIMIT {limit}"""


def search_values(kind: str, prefix: str, after: str, limit: int) -> tuple[str, str, str, str, int]:
    """Gives the values of that statement."""
    return kind, after, prefix, prefix + LAST, min(limit, MAX_LISTED)


def page_of(listing: StreamListing, found: Sequence[tuple[StreamInfo, int]]) -> StreamPage:
    """Makes a page of the streams that were found, each with the position of its first event.

    More of them than the page holds say that another page follows.
    """
    items = [info for info, _ in found[: listing.size]]
    if len(found) <= listing.size:
        return StreamPage(items, None)
    last, position = found[listing.size - 1]
    return StreamPage(items, msgspec.structs.replace(listing, last_seen=(last.first_time, position)))
