"""The kinds of triggers there are, and the triggers of an application, checked when it is built."""

from collections.abc import Collection
from typing import Any

from actum.errors import DefinitionError
from actum.model.action import BackgroundTrigger, Bound, OnCron, OnEvents, OnInterval, OnMessage
from actum.model.code.place import blamed_on
from actum.runtime.actions.triggers.clock import CronTrigger, IntervalTrigger
from actum.runtime.actions.triggers.events import EventTrigger
from actum.runtime.actions.triggers.messages import MessageTrigger
from actum.runtime.actions.triggers.trigger import ActionTrigger

TRIGGERS: dict[type[BackgroundTrigger], type[ActionTrigger[Any]]] = {
    OnEvents: EventTrigger,
    OnMessage: MessageTrigger,
    OnInterval: IntervalTrigger,
    OnCron: CronTrigger,
}
"""The class that runs each kind of declaration."""


def compile_triggers(
    bound: Collection[Bound], resource_types: Collection[type[Any]]
) -> list[ActionTrigger[Any]]:
    """Compiles every trigger but HTTP requests; raises DefinitionError for what cannot work."""
    triggers: dict[str, ActionTrigger[Any]] = {}
    for one in bound:
        declared = one.trigger
        if not isinstance(declared, BackgroundTrigger):
            continue
        with blamed_on(one.function):
            trigger = TRIGGERS[type(declared)](one, declared, resource_types)
            if trigger.name in triggers:
                raise DefinitionError(
                    f"two actions are called {trigger.name!r}: their progress is stored by name; rename one"
                )
            trigger.check()
            for other in triggers.values():
                trigger.check_beside(other)
        triggers[trigger.name] = trigger
    return list(triggers.values())
