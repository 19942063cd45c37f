"""The actions that start workflows, made of their triggers and of what `run` takes."""

import inspect
from collections.abc import Callable, Coroutine
from typing import Any, Union

from msgspec import Struct

from actum.errors import DefinitionError
from actum.model.action import Bound, OnEvents, OnMessage, OnRequest
from actum.model.event import Event
from actum.model.reduction import events_in
from actum.model.workflows.workflow_type import WorkflowType
from actum.runtime.context.context import Context

Start = Callable[..., Coroutine[Any, Any, Any]]
NOTHING: Any = object()


class StartedWorkflow(Struct, frozen=True):
    """What a route that starts a workflow answers: its id."""

    id: str


def start_function(bound: Bound, kind: WorkflowType) -> Start:
    """Gives the action that a trigger runs to start a workflow; raises DefinitionError for one it cannot."""
    trigger = bound.trigger
    taken = list(kind.signature.parameters.items())
    if len(taken) > 1:
        raise DefinitionError(
            f"{kind.name} is started by {_shown(bound)}, and its run takes {len(taken)} values: a trigger "
            "gives one, so make them the fields of one Struct"
        )
    annotation = taken[0][1] if taken else NOTHING
    if isinstance(trigger, OnEvents):
        return _on_events(bound, kind, trigger, annotation)
    if isinstance(trigger, OnRequest):
        return _on_request(bound, kind, trigger, annotation)
    if isinstance(trigger, OnMessage):
        if annotation is NOTHING:
            raise DefinitionError(
                f"{kind.name} is started by {_shown(bound)}: give its run a parameter for the message"
            )
        return _made(bound, kind, {"message": annotation}, "message")
    if annotation is not NOTHING:
        raise DefinitionError(
            f"{kind.name} is started by the clock, which gives nothing: its run must take ctx alone, and it "
            f"takes {taken[0][0]!r}"
        )
    return _made(bound, kind, {}, None)


def _on_events(bound: Bound, kind: WorkflowType, trigger: OnEvents, annotation: Any) -> Start:
    accepted = tuple(events_in(annotation)) if annotation is not NOTHING else (Event,)
    for event in trigger.events:
        if annotation is not Event and not (accepted and issubclass(event, accepted)):
            raise DefinitionError(
                f"{kind.name} is started by {event.__name__}, and its run does not take it: annotate the "
                f"parameter after ctx with {event.__name__}, or leave it out"
            )
    events: Any = Union[trigger.events]  # noqa: UP007 (of as many as there are)
    parameters = {} if annotation is NOTHING else {"event": events}
    return _made(bound, kind, parameters, "event", takes_entity_id=True)


def _on_request(bound: Bound, kind: WorkflowType, trigger: OnRequest, annotation: Any) -> Start:
    if trigger.method == "GET":
        raise DefinitionError(f"{kind.name} is started by a GET request, which changes nothing: use post")
    parameters: dict[str, Any] = {} if annotation is NOTHING else {"data": annotation}
    if "{id:" in trigger.path:
        parameters["id"] = str
    return _made(bound, kind, parameters, "data")


def _made(
    bound: Bound,
    kind: WorkflowType,
    parameters: dict[str, Any],
    given: str | None,
    *,
    takes_entity_id: bool = False,
) -> Start:
    """Makes an async function with these parameters, which the other actions are checked and called like."""
    assert bound.starts is not None
    id_of = bound.starts.id
    has_value = given is not None and given in parameters

    async def start(**values: Any) -> StartedWorkflow:
        ctx: Context = values["ctx"]
        value = values[given] if has_value and given is not None else None
        if "id" in values:
            id: str = values["id"]
        elif id_of is not None:
            id = id_of(ctx.event.event if takes_entity_id else value)
        else:
            id = ctx.event.id if takes_entity_id else ctx.new_id()
        await ctx.workflow(kind.cls, id).start(*([value] if has_value else []))
        return StartedWorkflow(id)

    annotations = {"ctx": Context, **parameters}
    keyword = inspect.Parameter.KEYWORD_ONLY
    listed = [inspect.Parameter(name, keyword, annotation=each) for name, each in annotations.items()]
    returns = StartedWorkflow if isinstance(bound.trigger, OnRequest) else None
    start.__annotations__ = {**annotations, "return": returns}
    start.__name__ = start.__qualname__ = bound.function.__name__
    start.__signature__ = inspect.Signature(listed, return_annotation=returns)  # type: ignore[attr-defined]
    start.__doc__ = f"Starts {kind.name}."
    return start


def _shown(bound: Bound) -> str:
    trigger = bound.trigger
    if isinstance(trigger, OnRequest):
        return f"{trigger.method} {trigger.path}"
    return f"the queue {trigger.queue!r}" if isinstance(trigger, OnMessage) else "events"
