"""Kinds of triggers: each that can be declared has a class that runs it."""

from actum.model.action import BackgroundTrigger
from actum.runtime.actions.triggers.registry import TRIGGERS


def test_every_trigger_that_can_be_declared_can_be_run() -> None:
    assert set(TRIGGERS) == set(BackgroundTrigger.__subclasses__())
