"""The context of an action alone: what the action does with it is recorded, and not done."""

from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any

from actum.errors import DefinitionError, Invalid
from actum.model.access.principal import Principal
from actum.model.code.function_kind import require_awaitable
from actum.model.entity import Entity, entity_type
from actum.model.event import Recorded
from actum.model.name import check_id, check_name
from actum.model.rows.page import FIRST_PAGE, page_request
from actum.model.view import View, view_type
from actum.model.workflows.workflow import Workflow
from actum.runtime.context.context import Context
from actum.runtime.context.references import entity_reference, view_reference
from actum.testing.actions.recorder import RecordedQueue, RecordedWorkflow, Recorder, ScheduledTimer

UNDONE = ("delete", "forget", "history", "ids", "portrait", "state", "timers", "what_if")
"""The methods that an example has to answer for."""


class RecordingContext(Context):
    """A context without an application behind it."""

    def __init__(self, recorder: Recorder, event: Recorded[Any] | None, now: datetime, by: str) -> None:
        # Instead of Context's own: there is no application.
        self._recorder = recorder
        self._event = event
        self._now = now
        self._by = by
        self._ids = 0

    def __repr__(self) -> str:
        return "<Context of an example>"

    @property
    def correlation_id(self) -> str:
        return "example"

    @property
    def trace_headers(self) -> dict[str, str]:
        return {}

    @property
    def by(self) -> str:
        return self._by

    @by.setter
    def by(self, who: str) -> None:
        self._by = who

    @property
    def principal(self) -> Principal:
        return Principal(self.by)

    @property
    def now(self) -> datetime:
        return self._now

    @property
    def token(self) -> str:
        return "0"

    def entity(self, cls: type[Any], id: str, **options: Any) -> Any:
        _check_class(cls, Entity)
        check_id(id)
        key, version = options.pop("idempotency_key", None), options.pop("expected_version", None)
        if options:
            raise TypeError(f"ctx.entity() takes no {', '.join(options)}")
        return entity_reference(entity_type(cls))(self._recorder, id, key, version)

    def view(
        self,
        cls: type[Any],
        *,
        after: str | None = None,
        page_size: int | None = None,
        with_total: bool = False,
    ) -> Any:
        _check_class(cls, View)
        asked = page_request(after, page_size, with_total=with_total)
        return view_reference(view_type(cls))(self._recorder, None if asked is FIRST_PAGE else asked)

    def queue(self, name: str) -> Any:
        return RecordedQueue(self._recorder, name)

    def workflow(self, cls: Any, id: str) -> Any:
        _check_class(cls, Workflow)
        check_name(id, "a workflow's id", field="id")
        return RecordedWorkflow(self._recorder, cls, id)

    async def atomic(  # type: ignore[override]  # (the types are said where it is called: by Context)
        self, function: Callable[..., Awaitable[Any]], *args: Any, idempotency_key: str | None = None
    ) -> Any:
        stand_in = self._recorder.answers.step(function)
        if stand_in is not function:
            return await stand_in(*args)
        return await require_awaitable("the function of an atomic unit", function(self, *args))

    def schedule(
        self,
        command: Any,
        id: str,
        *,
        after: timedelta | None = None,
        at: datetime | None = None,
        name: str | None = None,
    ) -> Callable[..., Coroutine[Any, Any, str]]:
        declared = entity_type(command.owner).commands.get(command.name)
        if declared is None:
            raise DefinitionError(f"{command!r} is not a command")
        if (after is None) == (at is None):
            raise Invalid("schedule takes either after= or at=")
        check_id(id)
        due = at or self.now + (after or timedelta())

        async def keep(*positional: Any, **named: Any) -> str:
            bound = declared.signature.bind(positional, named)
            chosen = name or f"timer {len(self._recorder.timers) + 1}"
            self._recorder.keep_timer(ScheduledTimer(command, id, bound, due, chosen))
            return chosen

        return keep

    async def cancel(self, name: str) -> bool:
        return self._recorder.drop_timer(name)

    def new_id(self) -> str:
        self._ids += 1
        return f"id-{self._ids}"


def _check_class(cls: Any, base: type[Any]) -> None:
    if not (isinstance(cls, type) and issubclass(cls, base)):
        raise DefinitionError(f"{cls!r} is no {base.__name__}")


def _answered_for(name: str) -> Callable[..., Any]:
    """Gives a method that an example answers for by the name of Context's own."""
    own = getattr(Context, name)

    async def ask(self: RecordingContext, *arguments: Any, **named: Any) -> Any:
        return await self._recorder.outside(own, *arguments, *named.values())

    return ask


for _name in UNDONE:
    setattr(RecordingContext, _name, _answered_for(_name))
