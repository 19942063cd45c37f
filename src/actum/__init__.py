"""Actum: applications whose state is a history of facts."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from actum.app import App
    from actum.errors import (
        ActumError,
        AlreadyExists,
        AlreadyStarted,
        Conflict,
        DefinitionError,
        Invalid,
        KeyReused,
        NotEnded,
        NotFound,
        Overloaded,
        Rejected,
        StepFailed,
        Taken,
        TooLarge,
        Unavailable,
        WorkflowCancelled,
        WorkflowFailed,
        WrongStatus,
        WrongVersion,
    )
    from actum.model.action import Actions, Failure
    from actum.model.deletion import Deleted
    from actum.model.entity import Entity
    from actum.model.event import Event, Recorded
    from actum.model.handler import command, query, reducer
    from actum.model.people.personal import FORGOTTEN, Forgotten, Personal, PersonId, Sealed
    from actum.model.retries import Retries
    from actum.model.routes.exposing import Route
    from actum.model.rows.page import Page
    from actum.model.states.kept_state import Changed
    from actum.model.view import View
    from actum.model.workflows.workflow import Workflow
    from actum.runtime.context.context import Context

__all__ = [
    "FORGOTTEN",
    "Actions",
    "ActumError",
    "AlreadyExists",
    "AlreadyStarted",
    "App",
    "Changed",
    "Conflict",
    "Context",
    "DefinitionError",
    "Deleted",
    "Entity",
    "Event",
    "Failure",
    "Forgotten",
    "Invalid",
    "KeyReused",
    "NotEnded",
    "NotFound",
    "Overloaded",
    "Page",
    "PersonId",
    "Personal",
    "Recorded",
    "Rejected",
    "Retries",
    "Route",
    "Sealed",
    "StepFailed",
    "Taken",
    "TooLarge",
    "Unavailable",
    "View",
    "Workflow",
    "WorkflowCancelled",
    "WorkflowFailed",
    "WrongStatus",
    "WrongVersion",
    "command",
    "query",
    "reducer",
]

PLACES: dict[str, str] = {
    "App": "actum.app",
    "ActumError": "actum.errors",
    "AlreadyExists": "actum.errors",
    "AlreadyStarted": "actum.errors",
    "Conflict": "actum.errors",
    "DefinitionError": "actum.errors",
    "Invalid": "actum.errors",
    "KeyReused": "actum.errors",
    "NotEnded": "actum.errors",
    "NotFound": "actum.errors",
    "Overloaded": "actum.errors",
    "Rejected": "actum.errors",
    "StepFailed": "actum.errors",
    "Taken": "actum.errors",
    "TooLarge": "actum.errors",
    "Unavailable": "actum.errors",
    "WorkflowCancelled": "actum.errors",
    "WorkflowFailed": "actum.errors",
    "WrongStatus": "actum.errors",
    "WrongVersion": "actum.errors",
    "Actions": "actum.model.action",
    "Failure": "actum.model.action",
    "Deleted": "actum.model.deletion",
    "Entity": "actum.model.entity",
    "Event": "actum.model.event",
    "Recorded": "actum.model.event",
    "command": "actum.model.handler",
    "query": "actum.model.handler",
    "reducer": "actum.model.handler",
    "FORGOTTEN": "actum.model.people.personal",
    "Forgotten": "actum.model.people.personal",
    "Personal": "actum.model.people.personal",
    "PersonId": "actum.model.people.personal",
    "Sealed": "actum.model.people.personal",
    "Retries": "actum.model.retries",
    "Route": "actum.model.routes.exposing",
    "Page": "actum.model.rows.page",
    "Changed": "actum.model.states.kept_state",
    "View": "actum.model.view",
    "Workflow": "actum.model.workflows.workflow",
    "Context": "actum.runtime.context.context",
}
"""Where each name is. It is imported when it is first used: `actum --help` need not load everything."""


def __getattr__(name: str) -> Any:
    place = PLACES.get(name)
    if place is None:
        raise AttributeError(f"module 'actum' has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(place), name)
    return found


def __dir__() -> list[str]:
    return [*(name for name in globals() if name.startswith("__")), *__all__]
