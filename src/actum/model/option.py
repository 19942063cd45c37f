"""Options of declarations: an unknown one is refused, with a suggestion of the one that may be meant."""

import functools
import inspect
import re
from collections.abc import Callable, Collection, Iterable
from difflib import get_close_matches
from typing import Any, TypeVar, cast

from actum.errors import DefinitionError

CallableT = TypeVar("CallableT", bound=Callable[..., Any])

OF_STRUCTS = frozenset(
    {
        "array_like",
        "cache_hash",
        "dict",
        "eq",
        "forbid_unknown_fields",
        "frozen",
        "gc",
        "kw_only",
        "omit_defaults",
        "order",
        "rename",
        "repr_omit_defaults",
        "tag",
        "tag_field",
        "weakref",
    }
)
"""The options of msgspec's structs, which events, entities and views are."""


LATE_FIELD = re.compile(r"Required field '(\w+)' cannot follow optional fields")
"""What msgspec says; its advice, kw_only=True, would leave stored values unreadable."""


def check_options(where: str, given: Iterable[str], known: Collection[str], *, hint: str = "") -> None:
    """Raises DefinitionError for an option that is not known; `hint` says what else can be done."""
    for option in given:
        if option not in known:
            near = get_close_matches(option, known, 1, 0.5)
            meant = f"did you mean {near[0]}=?" if near else f"it takes {', '.join(sorted(known)) or 'none'}"
            raise DefinitionError(f"{where} has no option {option}=: {meant}{hint}")


def refused_class(where: str, error: TypeError, default: str) -> DefinitionError:
    """Returns the error for a class that msgspec refuses; `default` says what a field's default is for."""
    late = late_field(error)
    return DefinitionError(f"{where}: {error}" if late is None else f"{where}: {late}, {default}")


def late_field(error: TypeError) -> str | None:
    """Says which field of a struct comes after those with defaults, if that is why msgspec refuses it."""
    found = LATE_FIELD.search(str(error))
    if found is None:
        return None
    return f"the field {found[1]} has no default and comes after fields that have one: give it a default"


def strict_options(where: str) -> Callable[[CallableT], CallableT]:
    """Has a declaration's function refuse arguments that it does not take with DefinitionError."""

    def decorate(function: CallableT) -> CallableT:
        signature = inspect.signature(function)
        parameters = signature.parameters.values()
        known = {each.name for each in parameters if each.kind is inspect.Parameter.KEYWORD_ONLY}
        taken = known | {each.name for each in parameters if each.default is inspect.Parameter.empty}

        @functools.wraps(function)
        def checked(*arguments: Any, **options: Any) -> Any:
            if not options.keys() <= taken:
                check_options(where, options, known)
            try:
                signature.bind(*arguments, **options)
            except TypeError as error:
                raise DefinitionError(f"{where}: {error}") from None
            return function(*arguments, **options)

        return cast("CallableT", checked)

    return decorate
