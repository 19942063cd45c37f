"""Credentials: what a request sends to say who it is, and how it is checked."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from litestar.types import Scope
from msgspec import Struct

from actum.errors import CallerError, Unauthenticated
from actum.model.access.principal import Principal
from actum.model.name import check_who

RawHeaders = Iterable[tuple[bytes, bytes]]


class Authenticator(Protocol):
    """Finds who sends a request."""

    async def principal(self, scope: Scope) -> Principal | None:
        """Gives who it is, None if the request has no credentials of this kind.

        Raises Unauthenticated for credentials that are not valid.
        """
        ...


class Secrets(Struct, frozen=True):
    """Where secrets are read from, and the realm that challenges name."""

    environment: Mapping[str, str]
    realm: str


def single_header(scope: Scope, name: bytes) -> str | None:
    """Gives a header; raises Unauthenticated if it came twice: a proxy may have read the other one."""
    headers: RawHeaders = scope["headers"]
    found: bytes | None = None
    for other, value in headers:
        if other == name:
            if found is not None:
                raise Unauthenticated(f"the header {name.decode()} came twice: send it once")
            found = value
    return None if found is None else found.decode("latin-1")


def is_storable(id: str) -> bool:
    """Says whether events can keep who a principal is."""
    try:
        check_who(id)
    except CallerError:
        return False
    return True
