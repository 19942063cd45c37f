"""The expiry of entities: a deadline that the first event sets, and that is put off while others follow."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from actum.errors import DefinitionError

EXPIRY = "$expiry"
"""The name of the deadline; no other has it. Also the name under which is stored which kinds expire."""
EXPIRE = "$expire"
"""What stands for its command, which is none of the author's: the entity is erased."""
EXPIRED = "expired"
"""Why such an entity was erased."""
MAX_SPAN = timedelta(days=100 * 366)


def span_of(where: str, expires_after: object) -> int:
    """Returns a declared span in microseconds, 0 for None; raises DefinitionError for what is none."""
    if expires_after is None:
        return 0
    if not isinstance(expires_after, timedelta) or not timedelta() < expires_after <= MAX_SPAN:
        raise DefinitionError(
            f"{where}: expires_after={expires_after!r} must be a span of at most 100 years, as in "
            "expires_after=timedelta(days=30)"
        )
    return expires_after // timedelta(microseconds=1)


def expiring(function: Callable[..., Any], span: int, *, at_each: bool = False) -> Callable[..., Any]:
    """Returns the function of a command that also sets the deadline, if it emits the entity's first event.

    With `at_each`, each command that emits sets it: where only the newest event is kept, it must say so.
    """

    @wraps(function)
    def run(state: Any, *arguments: Any) -> Any:
        instance = state._instance
        version = instance.version
        reply = function(state, *arguments)
        if instance.version > version and (at_each or not version):
            instance.turn_deadlines().expire(span)
        return reply

    return run
