"""Who may use the console where the application does not say: in development, whoever sits at the machine."""

from actum.http import Scope
from actum.http.access.local_request import is_local

LOCAL_OPERATOR = "local operator"
"""The name under which what is done in development is recorded."""


def local_operator(scope: Scope) -> str | None:
    """Gives the name of the operator for a request from this machine to this machine; None for others."""
    return LOCAL_OPERATOR if is_local(scope) else None
