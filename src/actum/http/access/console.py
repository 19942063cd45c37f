"""Who may use the console, where the application has a rule for it."""

from typing import Any

from actum.http import Scope
from actum.model.routes.own_paths import CONSOLE
from actum.runtime.context.context import Context, session_of

ANYBODY = "anybody"
"""Who is recorded where the rule lets in who has not said who they are."""


def operator_by_rule(scope: Scope) -> str | None:
    """Gives the name of who sends a request, if the rule for /-/console lets them in."""
    state: Any = scope["state"]
    context: Context = state["ctx"]
    guard = session_of(context).guard
    if guard is None or not guard.policy.of_path(CONSOLE).allows(guard.principal, None, None):
        return None
    return guard.principal.id or ANYBODY
