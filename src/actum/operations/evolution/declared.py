"""The lock of an application as it is declared now."""

from collections.abc import Iterable
from inspect import unwrap
from typing import Any

import msgspec

from actum.app import App, definition_of
from actum.errors import DefinitionError
from actum.model.action import Actions, BackgroundTrigger, OnCron, OnEvents, OnInterval, OnMessage, OnRequest
from actum.model.code.rejections import codes_of
from actum.model.deletion import Deleted
from actum.model.entity import CommandType, EntityType
from actum.model.event import EventType
from actum.model.signature import Signature, hints_of
from actum.model.states.kept_state import payload_of
from actum.model.view import ViewType
from actum.model.workflows.workflow_type import WorkflowType
from actum.operations.evolution.from_code import claims_in, scheduled_in, signals_in, steps_in
from actum.operations.evolution.lock import FORMAT, CallLock, EventLock, Fields, KindLock, Lock, WorkflowLock
from actum.operations.evolution.type_text import TypeTexts
from actum.runtime.actions.triggers.messages import MessageTrigger
from actum.runtime.catalog import Definition


def lock_of(app: App) -> Lock:
    """Gives what an application's stores, callers and flights rely on; reads no store."""
    return _Declared(definition_of(app)).lock()


class _Declared:
    """Writes one application as a lock."""

    def __init__(self, definition: Definition) -> None:
        self._definition = definition
        self._catalog = definition.catalog
        self._texts = TypeTexts()
        self._scheduled = scheduled_in(list(self._functions()))

    def lock(self) -> Lock:
        catalog = self._catalog
        events = {name: one for name, one in catalog.events.items() if not issubclass(one.cls, Deleted)}
        return Lock(
            format=FORMAT,
            application=self._definition.name,
            events={name: self._event(events[name]) for name in sorted(events)},
            entities={name: self._kind(catalog.kinds[name]) for name in sorted(catalog.kinds)},
            views={name: self._view(catalog.views[name]) for name in sorted(catalog.views)},
            workflows={name: self._workflow(catalog.workflows[name]) for name in sorted(catalog.workflows)},
            actions=self._actions(),
            queues=self._queues(),
            routes=sorted(set(_routes(self._definition.actions))),
            # Last: it has what the others have named.
            types=dict(sorted(self._texts.types.items())),
        )

    def _functions(self) -> Iterable[Any]:
        for kind in self._catalog.kinds.values():
            yield from (unwrap(command.function) for command in kind.commands.values())
        yield from (kind.run for kind in self._catalog.workflows.values())
        for workflow in self._catalog.workflows.values():
            yield from filter(None, steps_in(workflow.run, workflow.cls).values())
        yield from (bound.function for bound in self._catalog.bound)

    def _event(self, event_type: EventType) -> EventLock:
        described = self._texts.describe(payload_of(event_type.cls))
        values = msgspec.structs.asdict(described)
        name = event_type.cls.__name__
        return EventLock(
            **values,
            version=event_type.version,
            class_name="" if name == event_type.name else name,
            upcasts=sorted(event_type.upcasts),
        )

    def _kind(self, kind: EntityType) -> KindLock:
        commands = [kind.commands[name] for name in sorted(kind.commands)]
        return KindLock(
            events=sorted(kind.by_name),
            commands={one.name: self._command(kind, one) for one in commands},
            queries={name: self._call(kind.queries[name].signature) for name in sorted(kind.queries)},
            claims=claims_in([unwrap(one.function) for one in commands], kind.cls),
            person=kind.cls.__entity_options__.person or "",
        )

    def _command(self, kind: EntityType, command: CommandType) -> CallLock:
        found = self._call(command.signature)
        found.rejections = sorted(codes_of(unwrap(command.function), kind.cls))
        found.scheduled = any(
            issubclass(kind.cls, owner) and name == command.name for owner, name in self._scheduled
        )
        return found

    def _view(self, view: ViewType) -> dict[str, CallLock]:
        return {name: self._call(view.queries[name].signature) for name in sorted(view.queries)}

    def _call(self, signature: Signature) -> CallLock:
        return CallLock(parameters=self._parameters(signature), answer=self._texts.of(signature.returns))

    def _parameters(self, signature: Signature) -> Fields:
        return self._texts.fields_of(signature.arguments)

    def _workflow(self, kind: WorkflowType) -> WorkflowLock:
        signals = signals_in(kind.run, kind.cls)
        steps = steps_in(kind.run, kind.cls)
        return WorkflowLock(
            parameters=self._parameters(kind.signature),
            result=self._texts.of(kind.signature.returns),
            steps={name: self._step(steps[name]) for name in sorted(steps)},
            signals={name: self._texts.of(signals[name]) for name in sorted(signals)},
            person=kind.cls.__workflow_options__.person or "",
        )

    def _step(self, function: Any) -> CallLock:
        """Describes a step by what can be resolved of it; what has no annotation may be anything."""
        try:
            hints = hints_of(unwrap(function)) if function is not None else {}
        except (DefinitionError, TypeError):
            hints = {}
        returns = hints.pop("return", Any)
        given = {name: hint for name, hint in hints.items() if hint not in self._definition.resource_types}
        return CallLock(
            parameters={name: self._text_or_any(hint) for name, hint in given.items() if not _is_given(hint)},
            answer=self._text_or_any(returns),
        )

    def _text_or_any(self, annotation: Any) -> str:
        try:
            return self._texts.of(annotation)
        except (TypeError, NameError, DefinitionError):
            return "Any"

    def _actions(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for trigger in self._definition.triggers or ():
            found[trigger.name] = sorted({*found.get(trigger.name, ()), *_set_off(trigger.declared)})
        return dict(sorted(found.items()))

    def _queues(self) -> dict[str, str]:
        triggers = [one for one in self._definition.triggers or () if isinstance(one, MessageTrigger)]
        found = {}
        for trigger in sorted(triggers, key=lambda one: one.queue):
            function = trigger.action.function
            found[trigger.queue] = self._texts.of(function.hints[function.message_parameter()])
        return found


def _is_given(annotation: Any) -> bool:
    """Whether a parameter of a step is given by its type, and is no argument."""
    return getattr(annotation, "__module__", "").startswith("actum.runtime")


def _set_off(declared: BackgroundTrigger) -> list[str]:
    match declared:
        case OnEvents(events=events):
            return [event.__event_type__.name for event in events]
        case OnMessage(queue=queue):
            return [f"queue {queue}"]
        case OnInterval(interval=interval):
            return [f"every {interval}"]
        case OnCron(expression=expression, timezone=timezone):
            return [f"cron {expression} {timezone}"]
        case _:
            return []


def _routes(groups: Iterable[Actions]) -> Iterable[str]:
    for group in groups:
        for bound in group.bound:
            trigger = bound.trigger
            if isinstance(trigger, OnRequest):
                path = "/".join(part for part in f"{group.path}/{trigger.path}".split("/") if part)
                yield f"{trigger.method} /{path}"
