"""Actum: applications whose state is a history of facts."""

from actum.app import App
from actum.errors import (
    ActumError,
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
