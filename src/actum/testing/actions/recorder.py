"""Records what an action does, in place of doing it, and answers for what it calls."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, NoReturn

import msgspec
from msgspec import Struct

from actum.errors import WrongReply
from actum.model.code.function_kind import name_of
from actum.model.entity import CommandType
from actum.model.rows.page import PageRequest
from actum.model.view import ViewQuery, ViewType
from actum.model.workflows.workflow import Workflow
from actum.runtime.context.references import EntityReference
from actum.testing.answers import Answers

NOTHING = (None, type(None))


class ScheduledTimer(Struct, frozen=True):
    """A timer that an action has set: the command, the entity's id, the arguments, and when it is due."""

    command: Any
    id: str
    arguments: tuple[Any, ...]
    due: datetime
    name: str


class Recorder:
    """What an action has done so far; it stands in for the session of a context."""

    def __init__(self, answers: Answers) -> None:
        self.answers = answers
        self.commands: list[tuple[Any, ...]] = []
        self.messages: dict[str, list[Any]] = {}
        self.timers: list[ScheduledTimer] = []
        self.cancelled: list[str] = []
        self.started: list[tuple[Any, ...]] = []
        self.signalled: list[tuple[Any, ...]] = []
        self.faults: list[str] = []
        """What a test has to be told, even where the action has swallowed it."""

    def __repr__(self) -> str:
        return f"<Recorder of {len(self.commands)} commands>"

    async def send_command(
        self,
        target: EntityReference,
        command: CommandType,
        positional: tuple[Any, ...],
        named: dict[str, Any],
    ) -> Any:
        """Records a command, and gives its answer: None for one that replies nothing."""
        bound = command.signature.bind(positional, named)
        self.commands.append((getattr(target.kind.cls, command.name), target.id, *bound))
        if command.signature.returns in NOTHING and self._method(target.kind.cls, command.name) is None:
            return None
        return await self._answered(target, command, bound)

    async def send_query(
        self, target: EntityReference, query: CommandType, positional: tuple[Any, ...], named: dict[str, Any]
    ) -> Any:
        """Gives the answer to a query of an entity."""
        return await self._answered(target, query, query.signature.bind(positional, named))

    async def ask_view(
        self,
        view: ViewType,
        query: ViewQuery,
        positional: tuple[Any, ...],
        named: dict[str, Any],
        page: PageRequest | None = None,
    ) -> Any:
        """Gives the answer to a query of a view; of one in pages, whichever of them is asked for."""
        bound = query.signature.bind(positional, named)
        return await self._call(view.cls, query.name, bound)

    async def read_row(self, view: ViewType, key: Any) -> Any:
        """Gives the answer for a row of a view."""
        return await self.outside(view.cls.get, view.key_of(key))

    async def outside(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Gives the answer for an async function that is not called."""
        found = self.answers.step(function)
        if found is function:
            self.refuse(name_of(function))
        return await found(*arguments)

    def refuse(self, what: str) -> NoReturn:
        """Raises AssertionError for what is not answered."""
        self.faults.append(f"{what} was called: give the example .answers({what}, …)")
        raise AssertionError(self.faults[-1])

    def take(self, queue: str, message: Any) -> None:
        """Records a message to a queue."""
        try:
            msgspec.json.encode(message)
        except (TypeError, ValueError) as error:
            raise AssertionError(f"queue {queue!r} does not take {message!r}: {error}") from error
        self.messages.setdefault(queue, []).append(message)

    def keep_timer(self, timer: ScheduledTimer) -> None:
        """Records a timer, which replaces one of the same name."""
        self.timers = [one for one in self.timers if one.name != timer.name]
        self.timers.append(timer)

    def drop_timer(self, name: str) -> bool:
        """Records that a timer is cancelled; False if that was done before."""
        self.timers = [one for one in self.timers if one.name != name]
        is_first = name not in self.cancelled
        self.cancelled.append(name)
        return is_first

    async def _answered(self, target: EntityReference, command: CommandType, bound: tuple[Any, ...]) -> Any:
        answer = await self._call(target.kind.cls, command.name, (target.id, *bound))
        try:
            return command.signature.isolate(answer)
        except WrongReply as error:
            self.faults.append(f"an answer of the example does not fit: {error}")
            raise AssertionError(self.faults[-1]) from error

    async def _call(self, cls: type[Any], name: str, arguments: tuple[Any, ...]) -> Any:
        found = self._method(cls, name)
        if found is None:
            self.refuse(f"{cls.__name__}.{name}")
        return await found(*arguments)

    def _method(self, cls: type[Any], name: str) -> Callable[..., Awaitable[Any]] | None:
        return self.answers.method(cls, name)


class RecordedQueue:
    """A queue as an action alone sees it."""

    def __init__(self, recorder: Recorder, name: str) -> None:
        self._recorder = recorder
        self.name = name

    def __repr__(self) -> str:
        return f"<queue {self.name}>"

    async def send(self, message: Any, *, key: str | None = None, once: str | None = None) -> None:
        """Records a message."""
        self._recorder.take(self.name, message)

    async def send_all(self, messages: Any, *, key: str | None = None) -> None:
        """Records messages."""
        for message in messages:
            self._recorder.take(self.name, message)


class RecordedWorkflow:
    """A workflow as an action alone sees it."""

    def __init__(self, recorder: Recorder, cls: type[Workflow], id: str) -> None:
        self._recorder = recorder
        self._cls = cls
        self.id = id

    def __repr__(self) -> str:
        return f"<workflow {self._cls.__name__}/{self.id}>"

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(
            f"an example of an action alone has no `{name}` of {self._cls.__name__}: run it in testing(app)"
        )

    async def start(self, *arguments: Any, **named: Any) -> bool:
        """Records that it is started; False if the action has done that before."""
        started = (self._cls, self.id, *arguments, *named.values())
        is_first = all(one[:2] != started[:2] for one in self._recorder.started)
        self._recorder.started.append(started)
        return is_first

    async def signal(self, signal: Any, *, once: str | None = None) -> None:
        """Records a signal."""
        self._recorder.signalled.append((self._cls, self.id, signal))

    async def result(self, *, within: Any = None) -> Any:
        """Gives the answer for its end."""
        found = self._recorder.answers.end(self._cls)
        if found is None:
            self._recorder.refuse(self._cls.__name__)
        return await found()
