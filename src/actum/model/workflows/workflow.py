"""Workflow, the class that declares a process that lasts, and what its `run` may call."""

from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any, ClassVar, Protocol, TypeVar, dataclass_transform, overload

import msgspec
from msgspec import Struct, StructMeta

from actum.errors import DefinitionError
from actum.model.name import check_declared
from actum.model.option import OF_STRUCTS, check_options
from actum.model.retries import Retries

T = TypeVar("T")
T1 = TypeVar("T1")
T2 = TypeVar("T2")
T3 = TypeVar("T3")
Step = Callable[..., Coroutine[Any, Any, T]]

TIMEOUT = timedelta(seconds=60)
"""How long an attempt at a step may take unless the call says otherwise."""
KEPT_FOR = timedelta(days=30)
"""How long a workflow that has ended is kept unless its class says otherwise."""
OPTIONS = OF_STRUCTS | {"name", "retries", "timeout", "keep_for", "person"}
"""The options that a class statement may have."""


class Execution(Protocol):
    """What runs a workflow: its id and time, and what records each thing that `run` waits for."""

    id: str
    time: datetime

    def new_id(self) -> str:
        """Gives the next id."""
        ...

    def random(self) -> float:
        """Gives the next number."""
        ...

    def step(
        self,
        function: Step[Any],
        arguments: tuple[Any, ...],
        *,
        name: str | None,
        retries: Retries | None,
        timeout: timedelta,
    ) -> Coroutine[Any, Any, Any]:
        """Runs a function once."""
        ...

    def sleep(self, span: timedelta) -> Coroutine[Any, Any, None]:
        """Waits."""
        ...

    def receive(self, kind: type[Any], within: timedelta | None) -> Coroutine[Any, Any, Any]:
        """Takes a signal."""
        ...

    def compensate(self, function: Callable[[], Awaitable[object]]) -> None:
        """Keeps a compensation."""
        ...

    def gather(self, parts: tuple[Awaitable[Any], ...]) -> Coroutine[Any, Any, tuple[Any, ...]]:
        """Runs parts beside one another."""
        ...


class WorkflowOptions(Struct, frozen=True):
    """The options of a class statement: `class A(Workflow, name=…, timeout=…, retries=…, …)`."""

    name: str
    timeout: timedelta | None
    retries: Retries
    keep_for: timedelta | None
    person: str | None = None


def _check_span(class_name: str, option: str, span: Any) -> None:
    if span is not None and (not isinstance(span, timedelta) or span <= timedelta()):
        raise DefinitionError(
            f"class {class_name}(Workflow, {option}={span!r}): write a positive span, as in "
            f"{option}=timedelta(days=30)"
        )


@dataclass_transform(field_specifiers=(msgspec.field,))
class WorkflowMeta(StructMeta):
    """Makes workflow classes structs, and takes their options from the class statement."""

    def __new__(
        mcls,
        class_name: str,
        bases: tuple[type, ...],
        namespace: dict[str, Any],
        /,
        *,
        name: str | None = None,
        timeout: timedelta | None = None,
        retries: Retries | None = None,
        keep_for: timedelta | None = KEPT_FOR,
        person: str | None = None,
        **config: Any,
    ) -> "WorkflowMeta":
        check_options(f"class {class_name}(Workflow)", config, OPTIONS)
        check_declared(name or class_name, "a workflow's name")
        for option, span in (("timeout", timeout), ("keep_for", keep_for)):
            _check_span(class_name, option, span)
        policy: Any = retries
        if policy is not None and not isinstance(policy, Retries):
            raise DefinitionError(
                f"class {class_name}(Workflow, retries={policy!r}): write retries=Retries(attempts=3)"
            )
        options: dict[str, Any] = {"dict": True, **config}
        try:
            cls = super().__new__(mcls, class_name, bases, namespace, **options)
        except TypeError as error:
            raise DefinitionError(f"workflow {class_name}: {error}") from error
        declared = WorkflowOptions(name or class_name, timeout, retries or Retries(), keep_for, person)
        cls.__workflow_options__ = declared  # type: ignore[attr-defined]
        return cls


class Workflow(Struct, metaclass=WorkflowMeta):
    """A process that lasts: its `run` is plain async Python, and what it waits for is recorded.

    After a restart `run` is called again from its beginning, and whatever it did before is answered from the
    records: steps by name and occurrence, wherever they now are in the code. Between its steps `run` does no
    input or output, and takes time, ids and random numbers from `self`.

    The fields, which need defaults, are the state that operators and queries see. Options of the class
    statement: `name=` is the stored kind (by default the class name), `timeout=` limits the whole,
    `retries=` says how often a compensation, or a `run` that fails by mistake, is tried, and `keep_for=` how
    long one that has ended is kept: its result, its records, and that its id was used (by default 30 days,
    for ever with None). `person=` says whose the personal values are that it records: "id", or the name of a
    parameter of `run`, or of a field of one, that holds the person's id.
    """

    __workflow_options__: ClassVar[WorkflowOptions]

    @property
    def id(self) -> str:
        """The workflow's id."""
        return self._execution.id

    @property
    def now(self) -> datetime:
        """The time (UTC) of what `run` waited for last; the same when it is called again."""
        return self._execution.time

    def new_id(self) -> str:
        """Returns a unique id (a UUID); each call another one, and the same when `run` is called again."""
        return self._execution.new_id()

    def random(self) -> float:
        """Returns a number from 0 up to 1, the same when `run` is called again."""
        return self._execution.random()

    def step(
        self,
        function: Step[T],
        *arguments: Any,
        name: str | None = None,
        retries: Retries | None = None,
        timeout: timedelta = TIMEOUT,
    ) -> Coroutine[Any, Any, T]:
        """Runs an async function, which may do anything, and records what it returns: then never again.

        Parameters annotated with `Context` or the type of a resource are given to it; `arguments` are the
        others, in order. A process that ends while it runs leaves no record, so it runs again: send outside
        services a key that stays the same, `ctx.new_id()` of the function's own Context. An attempt that
        takes longer than `timeout` is cancelled and has failed. Once the retries are used up, StepFailed is
        raised here; `Rejected` is not retried, and is raised as it is. The record's name is that of the
        function unless `name` is given.
        """
        return self._execution.step(function, arguments, name=name, retries=retries, timeout=timeout)

    def sleep(self, span: timedelta) -> Coroutine[Any, Any, None]:
        """Waits, never shorter than `span`; a workflow that waits is kept on the disk alone."""
        return self._execution.sleep(span)

    @overload
    def receive(self, kind: type[T]) -> Coroutine[Any, Any, T]: ...

    @overload
    def receive(self, kind: type[T], *, within: timedelta) -> Coroutine[Any, Any, T | None]: ...

    def receive(self, kind: type[T], *, within: timedelta | None = None) -> Coroutine[Any, Any, T | None]:
        """Takes the next signal of a class, in the order sent; None if there is none within a time."""
        return self._execution.receive(kind, within)

    def compensate(self, function: Callable[[], Awaitable[object]]) -> None:
        """Has a function called if the workflow fails later, is cancelled, or takes too long.

        Compensations run in reverse order, after `run` has ended, each until it succeeds or its retries are
        used up: then the workflow is stalled, and shown. What a compensation awaits is recorded as in `run`.
        """
        self._execution.compensate(function)

    @overload
    def gather(self, one: Awaitable[T1], two: Awaitable[T2], /) -> Coroutine[Any, Any, tuple[T1, T2]]: ...

    @overload
    def gather(
        self, one: Awaitable[T1], two: Awaitable[T2], three: Awaitable[T3], /
    ) -> Coroutine[Any, Any, tuple[T1, T2, T3]]: ...

    @overload
    def gather(self, *parts: Awaitable[T]) -> Coroutine[Any, Any, tuple[T, ...]]: ...

    def gather(self, *parts: Awaitable[Any]) -> Coroutine[Any, Any, tuple[Any, ...]]:
        """Runs steps (or other parts of `run`) beside one another, and returns their results in order.

        It waits for all of them; then, if some failed, the first of those in the order given is raised.
        """
        return self._execution.gather(parts)

    @property
    def _execution(self) -> Execution:
        try:
            execution: Execution = self.__dict__["execution"]
        except KeyError:
            name = type(self).__name__
            raise DefinitionError(
                f"this {name} is not running: start it with `await ctx.workflow({name}, id).start(…)`"
            ) from None
        return execution


RESERVED: frozenset[str] = frozenset(
    {"id", "now", "new_id", "random", "step", "sleep", "receive", "compensate", "gather", "run"}
)
"""What no field of a workflow may be called."""
