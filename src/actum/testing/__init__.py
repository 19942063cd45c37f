"""The test kit: examples of one entity, and a whole application in memory with a clock that tests move."""

from actum.testing.application import Running, testing
from actum.testing.example import Example, Outcome, given
from actum.testing.workflow_example import WorkflowExample, WorkflowOutcome, WorkflowScript

__all__ = [
    "Example",
    "Outcome",
    "Running",
    "WorkflowExample",
    "WorkflowOutcome",
    "WorkflowScript",
    "given",
    "testing",
]
