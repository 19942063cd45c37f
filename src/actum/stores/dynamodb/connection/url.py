"""URLs of tables in DynamoDB: which table, in which region, at which endpoint."""

import re
from urllib.parse import parse_qsl, urlsplit

from msgspec import Struct

from actum.errors import StoreError

OPTIONS = ("region", "endpoint")
FORM = "dynamodb://TABLE?region=eu-central-1"


class Address(Struct, frozen=True):
    """Where a table is. Without a region or an endpoint, AWS's environment variables and profile decide."""

    table: str
    region: str | None
    endpoint: str | None

    @property
    def name(self) -> str:
        """The table, as messages name it."""
        return f"dynamodb://{self.table}"


def read_url(url: str) -> Address:
    """Reads `dynamodb://TABLE?region=…&endpoint=…`; raises StoreError."""
    try:
        parts = urlsplit(url)
        options = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError as error:
        raise StoreError(f"{url!r} is not the URL of a store ({error}): write {FORM}") from error
    if "@" in parts.netloc:
        raise StoreError(
            f"{FORM} takes no user or password: credentials come from AWS's environment, profile or role"
        )
    if parts.path.strip("/") or not re.fullmatch(r"[A-Za-z0-9_.-]{3,255}", parts.netloc):
        raise StoreError(
            f"{url!r} names no table: write {FORM}, its name of 3 to 255 letters, digits, '_', '-' and '.'"
        )
    for name, value in options:
        if name not in OPTIONS:
            raise StoreError(f"{url!r}: there is no option {name!r}; the options are {' and '.join(OPTIONS)}")
        if not value:
            raise StoreError(f"{url!r}: {name} is empty; remove it, or give it a value")
    given = dict(options)
    endpoint = given.get("endpoint")
    if endpoint is not None and not endpoint.startswith(("http://", "https://")):
        raise StoreError(f"endpoint={endpoint}: write http://HOST:PORT or https://HOST")
    return Address(parts.netloc, given.get("region"), endpoint)
