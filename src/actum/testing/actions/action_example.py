"""given, when, then: one action alone, without an application, as an example."""

import inspect
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any, Generic, ParamSpec, Self, TypeVar, get_args, get_origin

from msgspec import Struct
from msgspec.structs import replace

from actum.model.event import Event, Metadata, Recorded
from actum.model.reduction import events_in
from actum.runtime.actions.invoke import ActionFunction, is_event
from actum.testing.actions.recorder import Recorder, ScheduledTimer
from actum.testing.actions.recording_context import RecordingContext
from actum.testing.answers import Answers, Asked, What, check_answerable, shown
from actum.testing.difference import CheckedOutcome, difference
from actum.testing.past import START
from actum.testing.stored import GivenEvent, StoredEvent, emitted_of, read_of

P = ParamSpec("P")
R = TypeVar("R")
UNSAID: Any = object()
USAGE = "example.answers"

CommandSent = tuple[Any, ...]
"""A command, the id of its entity, and its arguments: `(Account.deposit, "ann", 5)`."""


class GivenAction(Struct, frozen=True):
    """What an example of an action was given."""

    function: Callable[..., Any]
    id: str
    told: str
    answers: tuple[tuple[What, tuple[Any, ...]], ...] = ()
    time: datetime = START
    by: str = ""


class ActionExample(Generic[P, R]):
    """An action, with answers for what it calls. Each method but `when` and `on` returns another example."""

    def __init__(self, given: GivenAction) -> None:
        self._given = given

    def __repr__(self) -> str:
        return self._given.told

    def answers(self, what: What, *answers: Any) -> "ActionExample[P, R]":
        """Answers in place of what the action calls: one answer for each call, and the last again.

        `what` is a command or query of an entity or view (`Item.reserve`), `Balances.get` for rows,
        a function that runs in `ctx.atomic`, a workflow for its result, or a method of the context
        (`Context.state`). An answer that is an error is raised. A command that replies nothing needs none.
        """
        check_answerable(what)
        told = f"{self!r}.answers({shown(what)}{''.join(f', {answer!r}' for answer in answers)})"
        if not answers:
            raise TypeError(f"say what {shown(what)} answers: {told}")
        given = self._given
        return ActionExample(replace(given, told=told, answers=(*given.answers, (what, answers))))

    def at(self, *, time: datetime | None = None, by: str | None = None) -> "ActionExample[P, R]":
        """Sets the time that the action sees, and who acts."""
        given = self._given
        return ActionExample(replace(given, time=time or given.time, by=given.by if by is None else by))

    async def when(self, *arguments: P.args, **named: P.kwargs) -> "ActionOutcome[R]":
        """Runs it with these arguments besides its context: an event, a message, what a request has.

        Resources are arguments too, by name: `when(Withdrawn(5), mailer=FakeMailer())`.
        """
        return await self._run(arguments, named)

    async def on(
        self, event: GivenEvent | Recorded[Any], *arguments: Any, **named: Any
    ) -> "ActionOutcome[R]":
        """Runs it for an event, as `when` does; that may be a stored or Recorded one, or just `ctx.event`."""
        return await self._run((event, *arguments), named)

    async def _run(self, arguments: tuple[Any, ...], named: dict[str, Any]) -> "ActionOutcome[R]":
        given = self._given
        listed = [*map(repr, arguments), *(f"{name}={value!r}" for name, value in named.items())]
        told = f"{self!r}.when({', '.join(listed)})"
        function = ActionFunction(given.function, ())
        answers = Answers()
        for what, each in given.answers:
            answers.answer(what, each, USAGE)
        recorder = Recorder(answers)
        try:
            passed, event = _passed(function, given, arguments, named)
        except AssertionError as failure:
            raise AssertionError(f"{told}\n{failure}") from failure.__cause__
        context = RecordingContext(recorder, event, given.time, given.by)
        if function.context_parameter is not None:
            passed[function.context_parameter] = context
        result, error = await _outcome_of(given.function(**passed))
        if recorder.faults:
            raise AssertionError(f"{told}\n{recorder.faults[0]}") from error
        return ActionOutcome(told, recorder, result, error)


class ActionOutcome(CheckedOutcome, Generic[R]):
    """What an action has done: its result or error, and what it has sent."""

    def __init__(self, told: str, recorder: Recorder, result: R | None, error: Exception | None) -> None:
        self._told = told
        self._recorder = recorder
        self._result = result
        self._error = error

    def __repr__(self) -> str:
        return self._told

    def then(self, result: R = UNSAID) -> Self:
        """Checks that it succeeded, and what it returned, if that is given."""
        if self._error is not None:
            text = f"{type(self._error).__name__}: {self._error}"
            raise AssertionError(f"{self!r}\nfailed with {text}") from self._error
        return self._check([] if result is UNSAID else difference("result", [result], [self._result]))

    def sends(self, *commands: CommandSent) -> Self:
        """Checks that it sent exactly these commands, in order: `sends((Account.deposit, "ann", 5))`."""
        return self._check(difference("commands", commands, self.commands))

    def _expect_error(self, kind: type[Exception]) -> Exception:
        error = self._error
        if not isinstance(error, kind):
            came = f"it returned {self._result!r}" if error is None else f"{type(error).__name__}: {error}"
            raise AssertionError(f"{self!r}\ndid not fail with {kind.__name__}: {came}") from error
        return error

    @property
    def commands(self) -> list[CommandSent]:
        """The commands that it sent, in order: each with the entity's id, and then the arguments."""
        return list(self._recorder.commands)

    @property
    def timers(self) -> list[ScheduledTimer]:
        """The timers that it set and did not cancel. In an example none becomes due."""
        return list(self._recorder.timers)

    @property
    def started(self) -> list[tuple[Any, ...]]:
        """The workflows that it started: each with its id, and then the arguments."""
        return list(self._recorder.started)

    @property
    def signalled(self) -> list[tuple[Any, ...]]:
        """The signals that it sent: each after the workflow and its id."""
        return list(self._recorder.signalled)

    def asked(self, what: What) -> Asked:
        """Gives what each call passed to what the example answers for, in order.

        Of a command or query of an entity it is the id, and then the arguments.
        """
        return self._recorder.answers.asked(what, USAGE)

    def sent(self, queue: str) -> list[Any]:
        """Gives the messages that it sent to a queue, in order. Nobody handles them in an example."""
        return list(self._recorder.messages.get(queue, ()))

    def scheduled(self, command: What) -> Asked:
        """Gives what each timer of a command passes to it, the id first; `timers` says when."""
        check_answerable(command)
        return [(one.id, *one.arguments) for one in self._recorder.timers if one.command == command]


def given_action(function: Callable[..., Any], id: str) -> ActionExample[..., Any]:
    """Starts an example with an action."""
    return ActionExample(GivenAction(function, id, f"given({function.__name__})"))


def _passed(
    function: ActionFunction, given: GivenAction, arguments: tuple[Any, ...], named: dict[str, Any]
) -> tuple[dict[str, Any], Recorded[Any] | None]:
    """Gives what the function is called with, but for the context; and the event, if there is one."""
    parameters = [name for name in function.hints if name not in (function.context_parameter, "return")]
    parameters = [one for one in inspect.signature(function.function).parameters if one in parameters]
    event = None
    if function.event_parameter is None and arguments and _is_event(arguments[0]):
        event, arguments = _recorded(arguments[0], given, []), arguments[1:]
    if len(arguments) > len(parameters):
        raise TypeError(
            f"{function.name} takes {', '.join(parameters) or 'nothing'} besides its context, and "
            f"{len(arguments)} arguments were given"
        )
    passed = dict(zip(parameters, arguments, strict=False)) | named
    parameter = function.event_parameter
    if parameter is not None and _is_event(passed.get(parameter)):
        hint = function.hints[parameter]
        event = _recorded(passed[parameter], given, _taken(hint))
        passed[parameter] = event.event if is_event(hint) else event
    return passed, event


def _taken(hint: Any) -> list[type[Event]]:
    """Gives the events that an annotation takes, plain or Recorded, alone or in a union."""
    found: list[type[Event]] = []
    for part in (hint, *get_args(hint)):
        found += events_in(get_args(part)[0] if get_origin(part) is Recorded else part)
    return list(dict.fromkeys(found))


def _is_event(value: Any) -> bool:
    return isinstance(value, Event | StoredEvent | Recorded)


def _recorded(event: Any, given: GivenAction, known: list[type[Event]]) -> Recorded[Any]:
    """Gives an event with its place in history, as it is read back from where it is stored."""
    if isinstance(event, Recorded):
        return event
    types = [cls.__event_type__ for cls in known]
    if not isinstance(event, StoredEvent):
        types = [event.__event_type__]
        _ = types[0].decode  # Only then is known how it is written.
    emitted = emitted_of(event, types, given.function.__name__)
    read = read_of(emitted, next(one for one in types if one.name == emitted[0]))
    if not isinstance(event, StoredEvent) and read != event:
        raise AssertionError(f"the event does not survive JSON: {event!r} is read back as {read!r}")
    return Recorded(read, 1, "", given.id, 1, given.time, Metadata(by=given.by), emitted[0])


async def _outcome_of(begun: Coroutine[Any, Any, R]) -> tuple[R | None, Exception | None]:
    try:
        return await begun, None
    except AssertionError:
        raise
    except Exception as error:  # noqa: BLE001 (the example says whether it was expected)
        return None, error
