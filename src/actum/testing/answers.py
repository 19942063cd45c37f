"""Answers that a test gives in place of what workflows call, and what that was asked."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

from actum.model.code.function_kind import function_kind, name_of
from actum.model.handler import Handler
from actum.model.view import View
from actum.model.workflows.workflow import Workflow

What = Callable[..., Any] | Handler[..., Any] | type[Workflow]
"""A function that runs as a step or as an atomic unit, a command or query, or another workflow."""
Asked = list[tuple[Any, ...]]


class Answers:
    """Stands in for what workflows call. If `is_alone`, nothing is called that is not answered."""

    def __init__(self, *, is_alone: bool = False) -> None:
        self.asked_of: dict[Any, Asked] = {}
        self.unanswered: list[str] = []
        """What was called and is not answered, if nothing else may be."""
        self.sent: dict[str, list[Any]] = {}
        """The messages to each queue."""
        self.scheduled: dict[str, tuple[Any, tuple[Any, ...]]] = {}
        """The timers by name: what they send, and its arguments, the entity's id first."""
        self._is_alone = is_alone
        self._stand_ins: dict[Any, Callable[..., Any]] = {}

    def __repr__(self) -> str:
        return f"<Answers for {', '.join(map(shown, self.asked_of)) or 'nothing'}>"

    def answer(self, what: What, answers: tuple[Any, ...], usage: str = "t.answer") -> None:
        """Has something give these answers, one at each call, and the last again; errors are raised."""
        check_answerable(what)
        if not answers:
            raise TypeError(f"say what {shown(what)} answers: {usage}({shown(what)}, …)")
        left = list(answers)
        asked = self.asked_of.setdefault(what, [])

        async def stand_in(*arguments: Any) -> Any:
            asked.append(arguments)
            answer = left.pop(0) if len(left) > 1 else left[0]
            if isinstance(answer, BaseException):
                raise answer
            return answer

        if isinstance(what, Handler):
            self._stand_ins[what.owner, what.name] = stand_in
        elif isinstance(what, type):
            self._stand_ins[what] = stand_in
        else:
            self._stand_ins[what] = _in_place_of(what, stand_in)

    def asked(self, what: What, usage: str = "t.answer") -> Asked:
        """Gives what each call passed: of a command or query the entity's id, and then its arguments."""
        if what not in self.asked_of:
            raise TypeError(f"{shown(what)} is answered by itself: use {usage}({shown(what)}, …) first")
        return self.asked_of[what]

    # What the runtime looks up.

    def step(self, function: Callable[..., Any]) -> Callable[..., Any]:
        found = self._stand_ins.get(function)
        return self._unanswered(name_of(function)) or function if found is None else found

    def method(self, cls: type[Any], name: str) -> Callable[..., Any] | None:
        for owner in cls.__mro__:
            found = self._stand_ins.get((owner, name))
            if found is not None:
                return found
        return self._unanswered(f"{cls.__name__}.{name}")

    def end(self, cls: type[Any]) -> Callable[..., Any] | None:
        return self._stand_ins.get(cls) or self._unanswered(cls.__name__)

    def queue(self, name: str) -> Callable[..., Any] | None:
        if not self._is_alone:
            return None

        async def take(*messages: Any) -> None:
            self.sent.setdefault(name, []).extend(messages)

        return take

    def timer(self, command: Any) -> Callable[..., Any] | None:
        if not self._is_alone:
            return None

        async def keep(name: str | None, *arguments: Any) -> str:
            name = name or f"timer {len(self.scheduled) + 1}"
            self.scheduled[name] = command, arguments
            return name

        return keep

    def cancelled_timer(self) -> Callable[..., Any] | None:
        if not self._is_alone:
            return None

        async def cancel(name: str) -> bool:
            return self.scheduled.pop(name, None) is not None

        return cancel

    def _unanswered(self, what: str) -> Callable[..., Any] | None:
        if not self._is_alone:
            return None

        async def refuse(*_: Any) -> None:
            self.unanswered.append(what)
            raise AssertionError(f"{what} is not answered")

        name = what.rpartition(".")[2]
        refuse.__name__ = name if name.isidentifier() else "unanswered"
        return refuse


def check_answerable(what: Any) -> None:
    """Raises TypeError for what no workflow calls."""
    is_workflow = isinstance(what, type) and issubclass(what, Workflow)
    if isinstance(what, Handler) or is_workflow or what is View.get:
        return
    if isinstance(what, type) or function_kind(what) != "async":
        raise TypeError(
            f"{shown(what)} is no async function, command, query or workflow: name what a workflow calls"
        )


def shown(what: Any) -> str:
    """Gives the name of what is answered, as a test writes it."""
    if isinstance(what, Handler):
        return f"{what.owner.__name__ if what.owner else '?'}.{what.name}"
    return what.__name__ if isinstance(what, type) else name_of(what)


def _in_place_of(step: Callable[..., Any], stand_in: Callable[..., Any]) -> Callable[..., Any]:
    """Gives a stand-in whose result is recorded like that of a step, and which takes what `run` passes."""
    made: Any = functools.wraps(step)(stand_in)
    rest = inspect.Parameter("arguments", inspect.Parameter.VAR_POSITIONAL)
    made.__signature__ = inspect.Signature([rest])
    return made  # type: ignore[no-any-return]
