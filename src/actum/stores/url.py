"""URLs of stores: a journal's may name the database beside it; messages show them without passwords."""

import re
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

from actum.errors import StoreError

APART = ("dynamodb", "durable-objects")
"""The schemes of stores that store only events, and need a database beside them."""

OPTION = "database"


def needs_database(url: str) -> bool:
    """Says whether a store stores only events, and its URL names no database."""
    return url.partition(":")[0] in APART and split(url)[1] is None


def join(store: str, database: str | None) -> str:
    """Gives the URL of a store with its database; raises StoreError for a store that has its own."""
    if database is None:
        return store
    if store.partition(":")[0] not in APART:
        raise StoreError(
            f"{shown(store)} stores views and queues as well: leave out the database {shown(database)}"
        )
    if split(store)[1] is not None:
        raise StoreError(f"{shown(store)} names its database already: leave out {shown(database)}")
    return f"{store}{'&' if '?' in store else '?'}{OPTION}={quote(database, safe='/:')}"


def split(url: str) -> tuple[str, str | None]:
    """Gives the URL of a store and, if it names one, the URL of the database beside it."""
    parts = urlsplit(url)
    if parts.scheme not in APART:
        return url, None
    options = parts.query.split("&") if parts.query else []
    rest = [option for option in options if not option.startswith(f"{OPTION}=")]
    named = [value for name, value in parse_qsl(parts.query) if name == OPTION]
    if len(named) > 1:
        raise StoreError(f"{shown(url)} names several databases: name one")
    return urlunsplit(parts._replace(query="&".join(rest))), named[0] if named else None


def shown(url: str) -> str:
    """Gives a URL without passwords and secrets."""
    url = re.sub(r"(?<=[?&]secret=)[^&]*", "***", url)
    return re.sub(r"(?<=://)([^/@:]*):[^/@]*@", r"\1:***@", re.sub(r"(?<=:)%2F%2F|%40|%3A", _plain, url))


def _plain(found: re.Match[str]) -> str:
    return {"%2F%2F": "//", "%40": "@", "%3A": ":"}[found.group()]
