"""What a session holds of the one who signed in, and how it begins and ends."""

from collections.abc import Collection, Mapping
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from actum.errors import Invalid
from actum.model.access.principal import Principal
from actum.model.name import check_who
from actum.runtime.clock import SystemClock

KEPT = "actum"
"""The name under which a session holds it, beside what its author keeps there."""


class SignedIn(Struct, frozen=True):
    """Who signed in, and when, in microseconds."""

    id: str
    roles: list[str]
    claims: dict[str, Any]
    at: int


class CarriesSession(Protocol):
    """A request with a session, as Litestar has it."""

    @property
    def session(self) -> dict[str, Any]:
        """What the session holds."""
        ...

    def set_session(self, value: Any) -> None:
        """Replaces the session."""
        ...

    def clear_session(self) -> None:
        """Ends the session."""
        ...


def sign_in(
    request: CarriesSession, id: str, *, roles: Collection[str] = (), claims: Mapping[str, Any] | None = None
) -> None:
    """Begins a session for somebody whose password, or whatever it is, the caller has checked.

    What the session held before is dropped. `claims` are JSON values that `ctx.principal` shows; together
    they should be small, for the browser sends them with each request.
    """
    check_who(id)
    if not id:
        raise Invalid("sign_in takes the id of the one who signs in: write str(user.id)", field="id")
    kept = SignedIn(id, sorted(roles), dict(claims or {}), SystemClock().now())
    request.set_session({KEPT: msgspec.to_builtins(kept)})


def sign_out(request: CarriesSession) -> None:
    """Ends the session of a request: its browser drops the cookie."""
    request.clear_session()


def principal_in(session: Any, *, now: int, max_age: int) -> Principal | None:
    """Gives who a session is for, None if it is for nobody or has ended; times are in microseconds."""
    try:
        kept = msgspec.convert(session.get(KEPT), SignedIn)
    except (msgspec.ValidationError, AttributeError):
        return None
    if not 0 <= now - kept.at < max_age:
        return None
    return Principal(kept.id, frozenset(kept.roles), kept.claims, "session")
