"""The limits of an application: how long a part may be behind until `/-/ready` says that it is not ready."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from actum.errors import DefinitionError
from actum.model.action import BackgroundTrigger
from actum.model.handler import check_timeout
from actum.model.view import View
from actum.model.workflows.workflow import Workflow
from actum.runtime.catalog import Catalog
from actum.runtime.context.timers import TIMERS

EXAMPLE = "write ready={Balances: timedelta(seconds=30), 'send_mail': timedelta(minutes=5)}"


def limits_of(given: Any, catalog: Catalog) -> dict[str, float]:
    """Gives the limits in seconds, by the names of parts; raises DefinitionError for what names none."""
    if given is None:
        return {}
    names = _names(catalog)
    if isinstance(given, timedelta):
        check_timeout("App", given, name="ready")
        return dict.fromkeys(names.values(), given.total_seconds())
    if not isinstance(given, Mapping):
        raise DefinitionError(f"ready={given!r} is no mapping of parts to spans of time: {EXAMPLE}")
    limits: dict[str, float] = {}
    for part, limit in given.items():
        name = names.get(part) if isinstance(part, str | type) else None
        if name is None:
            known = ", ".join(sorted(key for key in names if isinstance(key, str)))
            raise DefinitionError(
                f"ready= names {part!r}, which is no view, action or workflow of the application; "
                f"its parts are: {known}"
            )
        check_timeout("App", limit, name=f"ready for {name}")
        limits[name] = limit.total_seconds()
    return limits


def _names(catalog: Catalog) -> dict[str | type[View] | type[Workflow], str]:
    """Gives the name of each part by what may stand for it: its class, or the name itself."""
    names: dict[str | type[View] | type[Workflow], str] = {TIMERS: TIMERS}
    for view in catalog.views.values():
        names |= {view.cls: view.name, view.name: view.name}
    for workflow in catalog.workflows.values():
        names |= {workflow.cls: workflow.name, workflow.name: workflow.name}
    return names | {
        bound.name: bound.name for bound in catalog.bound if isinstance(bound.trigger, BackgroundTrigger)
    }
