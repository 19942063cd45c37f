"""Actum: applications whose state is a history of facts."""

from actum.app import App
from actum.errors import (
    ActumError,
    Conflict,
    DefinitionError,
    Invalid,
    KeyReused,
    NotFound,
    Overloaded,
    Rejected,
    StepFailed,
    Taken,
    TooLarge,
    Unavailable,
    WorkflowCancelled,
    WorkflowFailed,
    WrongVersion,
)
from actum.model.action import Actions, Failure
from actum.model.deletion import Deleted
from actum.model.entity import Entity
from actum.model.event import Event, Recorded
from actum.model.handler import command, query, reducer
from actum.model.people.personal import FORGOTTEN, Forgotten, Personal, PersonId
from actum.model.retries import Retries
from actum.model.view import View
from actum.model.workflows.workflow import Workflow
from actum.runtime.context.context import Context
from actum.runtime.context.id_pages import Page

__all__ = [
    "FORGOTTEN",
    "Actions",
    "ActumError",
    "App",
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
    "NotFound",
    "Overloaded",
    "Page",
    "PersonId",
    "Personal",
    "Recorded",
    "Rejected",
    "Retries",
    "StepFailed",
    "Taken",
    "TooLarge",
    "Unavailable",
    "View",
    "Workflow",
    "WorkflowCancelled",
    "WorkflowFailed",
    "WrongVersion",
    "command",
    "query",
    "reducer",
]
