"""The test kit: an entity by example, and a whole application in memory with its clock held by hand."""

from actum.testing.application import Running, testing
from actum.testing.example import Example, Outcome, given

__all__ = ["Example", "Outcome", "Running", "given", "testing"]
