"""Commands and queries that must find an entity, or must find none: checked before they run."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from actum.errors import AlreadyExists, NotFound
from actum.model.handler import Existence


def requiring(function: Callable[..., Any], existence: Existence) -> Callable[..., Any]:
    """Returns the function of a command or query that runs only for an entity that is as required.

    It raises NotFound or AlreadyExists for another one.
    """
    if existence == "any":
        return function
    must_exist = existence == "old"

    @wraps(function)
    def run(state: Any, *arguments: Any) -> Any:
        instance = state._instance
        if (instance.version > 0) is not must_exist:
            raise _refusal(f"{type(state).__entity_options__.name} {instance.id!r}", must_exist=must_exist)
        return function(state, *arguments)

    return run


def _refusal(entity: str, *, must_exist: bool) -> NotFound | AlreadyExists:
    return NotFound(f"there is no {entity}") if must_exist else AlreadyExists(f"{entity} exists already")
