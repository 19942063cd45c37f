"""The paths of actions: each answers one request, and none has a path of Actum's own."""

import re
from collections.abc import Sequence

from actum.errors import DefinitionError
from actum.http.openapi.operation_names import joined, requests_of
from actum.model.action import Actions, Bound, OnRequest
from actum.model.code.place import blamed_on
from actum.model.routes.own_paths import RESERVED

PATH_PARAMETER = re.compile(r"{\s*(\w+)\s*:[^}]*}")
UNTYPED = re.compile(r"{\s*(\w+)\s*}")


def check_paths(groups: Sequence[Actions], docs: str | None) -> None:
    """Raises DefinitionError for two actions that answer one request, and for a path that is taken."""
    taken: dict[tuple[str, str], str] = {}
    for group in groups:
        for bound, trigger in requests_of(group):
            with blamed_on(bound.function):
                _check(bound, trigger, joined(group.path, trigger.path), docs, taken)


def _check(
    bound: Bound, trigger: OnRequest, path: str, docs: str | None, taken: dict[tuple[str, str], str]
) -> None:
    if untyped := UNTYPED.search(path):
        raise DefinitionError(
            f"action {bound.name}: the path {path} does not say the type of {untyped[1]}: write "
            f"{{{untyped[1]}:str}}, or int, float, decimal, date, datetime, time, timedelta, uuid or path"
        )
    if f"{path}/".startswith(RESERVED):
        raise DefinitionError(
            f"action {bound.name}: paths under {RESERVED} are Actum's own; choose another than {path}"
        )
    if trigger.method == "GET" and path == docs:
        raise DefinitionError(
            f"action {bound.name}: {docs} shows the documentation; choose another path, or move the "
            "documentation with App(docs=…)"
        )
    place = trigger.method, PATH_PARAMETER.sub("{}", path)
    other = taken.setdefault(place, bound.name)
    if other is not bound.name:
        raise DefinitionError(
            f"{trigger.method} {path} is answered by {other} and by {bound.name}: "
            "give one of them another path"
        )
