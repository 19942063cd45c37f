"""Principal: who acts, as a request has shown it."""

from typing import Any, Final, Literal

from msgspec import Struct

Method = Literal["", "key", "jwt", "session"]


class Principal(Struct, frozen=True):
    """Who acts: the name of an API key, the subject of a token, or whoever signed in to a session.

    `id` is stored as `by` with every event that follows; "" if nobody said who it is. `claims` are those of
    the token, or what was given when the session began. `method` says how the principal was recognised; it is
    "" outside a request, where only the `id` is known.
    """

    id: str = ""
    roles: frozenset[str] = frozenset()
    claims: dict[str, Any] = {}
    method: Method = ""

    @property
    def is_known(self) -> bool:
        """Whether it is known who acts."""
        return self.id != ""


NOBODY: Final[Principal] = Principal()
"""Whoever sends no credentials."""
