"""given, when, then: a workflow alone, without an application, as an example."""

from collections.abc import Awaitable, Callable, Generator
from datetime import timedelta
from typing import Any, Generic, ParamSpec, Self, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from actum.app import App
from actum.errors import ActumError
from actum.model.entity import Entity
from actum.model.handler import Handler
from actum.model.view import View
from actum.model.workflows.workflow import Workflow
from actum.ports.workflows import StoredWorkflow
from actum.runtime.context.workflow_reference import WorkflowReference
from actum.runtime.node import Settings
from actum.testing.answers import Answers, Asked, What, check_answerable, shown
from actum.testing.application import Running, testing
from actum.testing.difference import CheckedOutcome, difference

P = ParamSpec("P")
R = TypeVar("R")
Happening = Callable[[Running, WorkflowReference[..., Any]], Awaitable[object]]
USAGE = "example.answers"


class Given(Struct, frozen=True):
    """What an example was given: the workflow, what is answered, and what happens to it."""

    cls: type[Workflow]
    id: str
    told: str
    answers: tuple[tuple[What, tuple[Any, ...]], ...] = ()
    arguments: tuple[Any, ...] = ()
    named: dict[str, Any] = {}
    happenings: tuple[Happening, ...] = ()

    def and_then(self, told: str, happening: Happening) -> "Given":
        """Gives the same with one thing more that happens."""
        return replace(self, told=f"{self.told}.{told}", happenings=(*self.happenings, happening))


class WorkflowExample(Generic[P, R]):
    """A workflow, with answers for what its `run` calls. Each method returns another example."""

    def __init__(self, given: Given) -> None:
        self._given = given

    def __repr__(self) -> str:
        return self._given.told

    def answers(self, what: What, *answers: Any) -> "WorkflowExample[P, R]":
        """Answers in place of what `run` calls: one answer for each call, and the last again.

        `what` is a function that runs as a step or in `ctx.atomic`, a command or query of an entity or view
        (`Item.reserve`), or another workflow, which is then not started, for its result. An answer that is
        an error is raised.
        """
        check_answerable(what)
        told = f"{self!r}.answers({shown(what)}{''.join(f', {answer!r}' for answer in answers)})"
        if not answers:
            raise TypeError(f"say what {shown(what)} answers: {told}")
        given = self._given
        return WorkflowExample(replace(given, told=told, answers=(*given.answers, (what, answers))))

    def when(self, *arguments: P.args, **named: P.kwargs) -> "WorkflowScript[R]":
        """Starts it with these arguments, once the script is awaited."""
        listed = [*map(repr, arguments), *(f"{name}={value!r}" for name, value in named.items())]
        told = f"{self!r}.when({', '.join(listed)})"
        return WorkflowScript(replace(self._given, told=told, arguments=arguments, named=named))


class WorkflowScript(Generic[R]):
    """What happens to a workflow, in order; awaiting it runs that, and gives what came of it."""

    def __init__(self, given: Given) -> None:
        self._given = given

    def __repr__(self) -> str:
        return self._given.told

    def signal(self, signal: Any) -> "WorkflowScript[R]":
        """Sends it a signal."""
        return self._and_then(f"signal({signal!r})", lambda t, workflow: workflow.signal(signal))

    def advance(self, **span: float) -> "WorkflowScript[R]":
        """Moves the time on, by `days=14`, `hours=2`, … as a timedelta takes them."""
        timedelta(**span)
        told = ", ".join(f"{unit}={count}" for unit, count in span.items())
        return self._and_then(f"advance({told})", lambda t, workflow: t.advance(**span))

    def cancel(self) -> "WorkflowScript[R]":
        """Cancels it."""
        return self._and_then("cancel()", lambda t, workflow: workflow.cancel())

    def __await__(self) -> Generator[Any, None, "WorkflowOutcome[R]"]:
        return self._run().__await__()

    def _and_then(self, told: str, happening: Happening) -> "WorkflowScript[R]":
        return WorkflowScript(self._given.and_then(told, happening))

    async def _run(self) -> "WorkflowOutcome[R]":
        given, answers = self._given, Answers(is_alone=True)
        for what, each in given.answers:
            answers.answer(what, each, USAGE)
        app, settings = _application(given), Settings(is_development=True, stand_ins=answers)
        async with testing(app, settings=settings) as t:
            workflow: WorkflowReference[..., Any] = t.ctx.workflow(given.cls, given.id)
            await self._go_through(t, workflow, answers)
            kind = t.node.services.workflows.by_class[given.cls]
            stored = await t.node.services.database.workflow(kind.name, given.id)
            assert stored is not None
            if stored.status == "stalled":
                raise AssertionError(f"{self!r}\nstands still: {stored.error}{_hint(stored.error)}")
            result, error = await _end_of(workflow, stored)
        return WorkflowOutcome(self._given.told, stored, answers, result, error)

    async def _go_through(self, t: Running, workflow: WorkflowReference[..., Any], answers: Answers) -> None:
        given = self._given

        def start(_: Running, workflow: WorkflowReference[..., Any]) -> Awaitable[object]:
            return workflow.start(*given.arguments, **given.named)

        for happening in (start, *given.happenings):
            try:
                await happening(t, workflow)
                await t.settle(allows_failures=True)
            except ActumError as error:
                raise AssertionError(f"{self!r}\n{error}") from error
            if answers.unanswered:
                what = answers.unanswered[0]
                raise AssertionError(f"{self!r}\n{what} was called: give the example .answers({what}, …)")


class WorkflowOutcome(CheckedOutcome, Generic[R]):
    """What came of a workflow: where it is, its result or error, and what it called."""

    def __init__(
        self, told: str, stored: StoredWorkflow, answers: Answers, result: R | None, error: Exception | None
    ) -> None:
        self._told = told
        self._stored = stored
        self._answers = answers
        self._result = result
        self._error = error

    def __repr__(self) -> str:
        return self._told

    def then(self, result: R) -> Self:
        """Checks that it has ended with this result."""
        if self._error is not None:
            text = f"{type(self._error).__name__}: {self._error}"
            raise AssertionError(f"{self!r}\n{self._stored.status} with {text}") from self._error
        if self._stored.status != "completed":
            raise AssertionError(f"{self!r}\nhas not ended: it waits")
        return self._check(difference("result", [result], [self._result]))

    def waits(self) -> Self:
        """Checks that it has not ended, and waits for a signal or a time."""
        if self._stored.status != "running":
            came = self._result if self._error is None else self._error
            raise AssertionError(f"{self!r}\nhas ended: {came!r}")
        return self

    def _expect_error(self, kind: type[Exception]) -> Exception:
        error = self._error
        if not isinstance(error, kind):
            came = repr(self._result) if error is None else f"{type(error).__name__}: {error}"
            status = "waiting" if self._stored.status == "running" else self._stored.status
            raise AssertionError(f"{self!r}\ndid not fail with {kind.__name__}: {status}, {came}") from error
        return error

    def state(self, **fields: Any) -> Self:
        """Checks fields of the workflow, as they were when it ended or began to wait."""
        held = msgspec.json.decode(self._stored.state or b"{}")
        lines: list[str] = []
        for name, expected in fields.items():
            lines += difference(name, [msgspec.to_builtins(expected)], [held[name]] if name in held else [])
        return self._check(lines)

    def asked(self, what: What) -> Asked:
        """Gives what each call passed to what the example answers for, in order.

        Of a command or query of an entity it is the id, and then the arguments.
        """
        return self._answers.asked(what, USAGE)

    def sent(self, queue: str) -> list[Any]:
        """Gives the messages that it sent to a queue, in order. Nobody handles them in an example."""
        return list(self._answers.sent.get(queue, ()))

    def scheduled(self, command: What) -> Asked:
        """Gives what each timer of a command passes to it, the id first. In an example none becomes due."""
        check_answerable(command)
        return [passed for what, passed in self._answers.scheduled.values() if what == command]


def given_workflow(cls: type[Any], id: str) -> WorkflowExample[..., Any]:
    """Starts an example with a workflow."""
    return WorkflowExample(Given(cls, id, f"given({cls.__name__})"))


def _application(given: Given) -> App:
    """Gives an application of the workflow and of what is answered."""
    owners = [what.owner for what, _ in given.answers if isinstance(what, Handler) and what.owner]
    others = [what for what, _ in given.answers if isinstance(what, type) and issubclass(what, Workflow)]
    return App(
        "example",
        entities=list(dict.fromkeys(one for one in owners if issubclass(one, Entity))),
        views=list(dict.fromkeys(one for one in owners if issubclass(one, View))),
        workflows=list(dict.fromkeys([given.cls, *others])),
    )


async def _end_of(
    workflow: WorkflowReference[..., Any], stored: StoredWorkflow
) -> tuple[Any, Exception | None]:
    if stored.status == "running":
        return None, None
    try:
        return await workflow.result(), None
    except ActumError as error:
        return None, error


def _hint(error: str) -> str:
    if "is not among the application's" in error:
        return "\nAn example has what it answers for: .answers(Item.reserve, …) for a command of an entity."
    if "no longer fits" in error:
        return "\nAn answer has to be of the type that is annotated where it is answered for."
    return ""
