"""Whether a request may use the console."""

import ipaddress
from typing import Any

from actum.http import Scope
from actum.runtime.access.policy import Policy
from actum.runtime.context.context import Context, session_of

CONSOLE = "/-/console"


def may_use_console(scope: Scope, *, is_development: bool) -> bool:
    """Says whether a request's principal may use the console.

    With `App(access=…)` the rule for /-/console decides. Without it, the console is open in development, to
    requests from the machine itself, and to nobody else.
    """
    context: Context = scope["state"]["ctx"]
    guard = session_of(context).guard
    if guard is None:
        return is_development and _is_loopback(scope.get("client"))
    policy: Policy = guard.policy
    return policy.of_path(CONSOLE).allows(guard.principal, None, None)


def _is_loopback(client: Any) -> bool:
    try:
        return client is not None and ipaddress.ip_address(client[0]).is_loopback
    except ValueError:
        return False
