"""How an action's function is called: with its context, its item and resources, each found by annotation."""

import inspect
from collections.abc import Callable, Collection
from typing import Any, get_args, get_origin

from actum.errors import DefinitionError
from actum.model.action import Failure
from actum.model.code.function_kind import function_kind, require_function
from actum.model.event import Event, Recorded
from actum.model.reduction import events_in
from actum.model.signature import hints_of
from actum.runtime.context.context import Context
from actum.runtime.instruments.running import running


class ActionFunction:
    """An action's function, with its parameters by role.

    `context_parameter` names the parameter that takes the Context, or is None. `resource_parameters` take
    resources, by type; `event_parameter` is annotated with events; `failure_parameter` takes a Failure;
    `rest` are all others, in order.
    """

    def __init__(self, function: Callable[..., Any], resource_types: Collection[type[Any]]) -> None:
        self.function = function
        require_function("action", function, "await what it does, and return its answer")
        self.name: str = function.__name__
        if function_kind(function) != "async":
            raise DefinitionError(
                f"action {self.name} is not async: write `async def {self.name}(ctx: Context, …)`"
            )
        self.hints: dict[str, Any] = hints_of(function)
        self.context_parameter: str | None = None
        self.event_parameter: str | None = None
        self.failure_parameter: str | None = None
        self.resource_parameters: dict[str, type[Any]] = {}
        self.rest: list[inspect.Parameter] = []
        for parameter in inspect.signature(function).parameters.values():
            annotation = self.hints.get(parameter.name)
            if annotation is Context:
                self.context_parameter = parameter.name
            elif annotation is Failure:
                self.failure_parameter = parameter.name
            elif isinstance(annotation, type) and annotation in resource_types:
                self.resource_parameters[parameter.name] = annotation
            elif _takes_events(annotation):
                self.event_parameter = parameter.name
            else:
                self.rest.append(parameter)

    def __repr__(self) -> str:
        return f"<action {self.name}>"

    def arguments(
        self, context: Context, resources: dict[type[Any], Any], failure: Failure | None = None
    ) -> dict[str, Any]:
        """Gives the arguments that every trigger has: the context, the resources, and a failure."""
        running.note(context)
        given: dict[str, Any] = {}
        for name, kind in self.resource_parameters.items():
            given[name] = resources[kind]
        if self.context_parameter is not None:
            given[self.context_parameter] = context
        if self.failure_parameter is not None:
            given[self.failure_parameter] = failure
        return given

    def message_parameter(self) -> str:
        """Gives the name of the parameter that takes a message: the required one without another role."""
        required = [parameter for parameter in self.rest if parameter.default is parameter.empty]
        if len(required) != 1:
            raise DefinitionError(
                f"action {self.name} takes from a queue: give it one parameter for the message, annotated "
                f"with its type, as in `async def {self.name}(ctx: Context, message: Payment) -> None`"
            )
        return required[0].name

    def check_required(self, trigger: str) -> None:
        """Raises DefinitionError for a required parameter that a trigger has no value for."""
        for parameter in self.rest:
            if parameter.default is parameter.empty:
                raise DefinitionError(
                    f"action {self.name} is set off by {trigger}, and nothing gives its parameter "
                    f"{parameter.name!r}: give it a default, or list its type in App(resources=[…])"
                )


def is_event(annotation: Any) -> bool:
    """Says whether an annotation names events themselves, and not Recorded ones."""
    return annotation is Event or bool(events_in(annotation))


def _takes_events(annotation: Any) -> bool:
    """Says whether an annotation names events, plain or Recorded, alone or in a union."""
    parts = (annotation, *get_args(annotation))
    return is_event(annotation) or any(get_origin(part) is Recorded for part in parts)
