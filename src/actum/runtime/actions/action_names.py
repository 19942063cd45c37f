"""The names under which actions are stored, which say what sets them off."""

from typing import Literal

from actum.runtime.context.timers import TIMERS

QUEUE = "@queue:"
"""Separates an action from its queue in the name under which its letters are stored."""
CLOCK = "@clock"
"""The end of the name under which a clock action's letters are stored."""

ActionPart = Literal["action", "queue", "clock", "timers"]


def queue_of(name: str) -> str:
    """Gives the queue in the name of a trigger, or ""."""
    return name.partition(QUEUE)[2]


def part_of(name: str) -> ActionPart:
    """Gives what a trigger is shown as: a queue, a clock, the timers, or an action of events."""
    if name == TIMERS:
        return "timers"
    if queue_of(name):
        return "queue"
    return "clock" if name.endswith(CLOCK) else "action"


def function_of(name: str) -> str:
    """Gives the action in the name of a trigger, as it was declared."""
    return name.partition("@")[0]
