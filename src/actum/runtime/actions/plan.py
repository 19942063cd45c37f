"""Plans: the triggers of every action that no request sets off, checked when the application is built."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from msgspec import Struct

from actum.errors import DefinitionError
from actum.model.action import (
    TIMEOUT,
    Bound,
    OnCron,
    OnEvents,
    OnInterval,
    OnMessage,
    OnRequest,
)
from actum.model.name import check_declared
from actum.model.reduction import events_in
from actum.model.signature import check_serialisable
from actum.runtime.actions.invoke import ActionFunction
from actum.runtime.actions.sources.schedule import following


class Plan(Struct, frozen=True):
    """A trigger that was checked: the worker's name, and what it calls.

    `on_failure` is the plan of what is called when an item is given up; of the same items, and itself without
    one.
    """

    name: str
    function: ActionFunction
    bound: Bound
    on_failure: "Plan | None" = None
    is_on_failure: bool = False

    @property
    def cause(self) -> str:
        """What the idempotency keys of its commands begin with."""
        return f"{self.name}/on_failure" if self.is_on_failure else self.name

    @property
    def timeout(self) -> timedelta:
        """How long an attempt may take."""
        trigger = self.bound.trigger
        return TIMEOUT if isinstance(trigger, OnRequest) else trigger.timeout


def plan_actions(bound: Collection[Bound], resource_types: Collection[type[Any]]) -> list[Plan]:
    """Checks every action that no request sets off; raises DefinitionError for what cannot work."""
    plans: dict[str, Plan] = {}
    queues: dict[str, str] = {}
    for one in bound:
        if isinstance(one.trigger, OnRequest):
            continue
        function = ActionFunction(one.function, resource_types)
        check_declared(one.name, "an action's name (give it another by name=)")
        plan = Plan(_name_of(one), function, one, _plan_on_failure(one, resource_types))
        other = plans.setdefault(plan.name, plan)
        if other is not plan:
            raise DefinitionError(
                f"two actions are called {plan.name!r}: what they have done is kept by name; rename one"
            )
        _check(plan)
        if plan.on_failure is not None:
            _check(plan.on_failure)
        if isinstance(one.trigger, OnMessage):
            if one.trigger.queue in queues:
                raise DefinitionError(
                    f"queue {one.trigger.queue!r} is taken from by {queues[one.trigger.queue]} and by "
                    f"{function.name}; "
                    "a message goes to one action: let that one call the other"
                )
            queues[one.trigger.queue] = function.name
    return list(plans.values())


def _plan_on_failure(bound: Bound, resource_types: Collection[type[Any]]) -> Plan | None:
    hook = getattr(bound.trigger, "on_failure", None)
    if hook is None:
        return None
    if not callable(hook):
        raise DefinitionError(
            f"action {bound.name}: on_failure={hook!r} is no function: write an async one, as in "
            "`async def give_up(ctx: Context, failure: Failure) -> None`"
        )
    return Plan(_name_of(bound), ActionFunction(hook, resource_types), bound, is_on_failure=True)


def _name_of(bound: Bound) -> str:
    match bound.trigger:
        case OnMessage():
            return f"{bound.name}@queue:{bound.trigger.queue}"
        case OnInterval() | OnCron():
            return f"{bound.name}@clock"
        case _:
            return bound.name


def _check(plan: Plan) -> None:
    function, trigger = plan.function, plan.bound.trigger
    if function.failure_parameter is not None and not plan.is_on_failure:
        raise DefinitionError(
            f"action {function.name} takes a Failure, of which only an action's on_failure is told: name it "
            "there, as in @actions.on(Placed, on_failure=give_up)"
        )
    match trigger:
        case OnEvents():
            _check_events(function, trigger)
        case OnMessage():
            _check_message(plan)
        case OnInterval() | OnCron():
            function.check_required("the clock")
            following(trigger, function.name)
        case OnRequest():
            raise AssertionError(f"{plan.name} is set off by a request, and needs no worker")


def _check_events(function: ActionFunction, trigger: OnEvents) -> None:
    function.check_required("events")
    if function.event_parameter is None:
        return
    taken = events_in(function.hints[function.event_parameter])
    for event in trigger.events:
        if taken and not issubclass(event, tuple(taken)):
            raise DefinitionError(
                f"action {function.name} is set off by {event.__name__}, and its parameter "
                f"{function.event_parameter!r} does not take it: add it to the annotation"
            )


def _check_message(plan: Plan) -> None:
    function = plan.function
    if plan.is_on_failure and not function.rest:
        return
    name = function.message_parameter()
    if name not in function.hints:
        raise DefinitionError(f"action {function.name}: annotate {name!r} with the message's type")
    check_serialisable(function.hints[name], f"action {function.name}: the message")
