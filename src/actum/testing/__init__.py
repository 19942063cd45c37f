"""The test kit: examples of one entity, and a whole application in memory with a clock that tests move."""

from actum.testing.actions.action_example import ActionExample, ActionOutcome
from actum.testing.actions.recorder import ScheduledTimer
from actum.testing.application import Running, testing
from actum.testing.example import Example, Outcome, given
from actum.testing.injection.injected_faults import CrashPoint, InjectedFaults
from actum.testing.reduced import Reduced, reduced
from actum.testing.stored import StoredEvent, stored
from actum.testing.workflow_example import WorkflowExample, WorkflowOutcome, WorkflowScript

__all__ = [
    "ActionExample",
    "ActionOutcome",
    "CrashPoint",
    "Example",
    "InjectedFaults",
    "Outcome",
    "Reduced",
    "Running",
    "ScheduledTimer",
    "StoredEvent",
    "WorkflowExample",
    "WorkflowOutcome",
    "WorkflowScript",
    "given",
    "reduced",
    "stored",
    "testing",
]
