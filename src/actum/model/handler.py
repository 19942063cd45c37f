"""The decorators that mark the methods of a class: @command, @query and @reducer.

A decorator stores the function and gives it back: `Account.withdraw.function` is the plain function, and on
an instance it is an ordinary bound method. To a type checker, the same attribute is what a caller of
`ctx.entity(Account, "a")` sees: it takes the same arguments and returns an awaitable.
"""

import inspect
from collections.abc import Callable, Coroutine
from datetime import timedelta
from types import MethodType
from typing import Any, Concatenate, Generic, Literal, ParamSpec, Protocol, Self, TypeVar, overload

from msgspec import Struct

from actum.errors import DefinitionError
from actum.model.code.function_kind import function_kind, name_of, refuse_generator
from actum.model.event import Recorded
from actum.model.query_answer import QueryAnswer

P = ParamSpec("P")
R = TypeVar("R")
Existence = Literal["any", "old", "new"]
"""Which entities a command or query takes: any, those that exist, or those that do not exist yet."""
FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])


GENERATOR_FIXES = {
    "command": "emit each event with self.emit(…), and return the reply",
    "query": "return the answer, for example as a list",
    "reducer": "change the state, and remove the yield",
}


def refuse_pausing(what: str, function: Callable[..., Any]) -> None:
    """Refuses `async def` and generators where a turn must run without interruption."""
    if function_kind(function) == "async" or inspect.isasyncgenfunction(function):
        raise DefinitionError(
            f"{what} {name_of(function)} is async, but it runs in one step, on its state alone: "
            "make it a plain def, and do what needs await in an action"
        )
    refuse_generator(what, function, GENERATOR_FIXES[what])


class Handler(Generic[P, R]):
    """A marked method: the function, and the class it was declared in."""

    what = "handler"

    def __init__(self, function: Callable[Concatenate[Any, P], R]) -> None:
        refuse_pausing(self.what, function)
        self.function = function
        self.name: str = function.__name__
        self.owner: type[Any] | None = None
        self.__doc__ = function.__doc__

    def __set_name__(self, owner: type[Any], name: str) -> None:
        self.owner = owner
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type[Any]) -> Self: ...

    @overload
    def __get__(self, instance: object, owner: type[Any]) -> Callable[P, Coroutine[Any, Any, R]]: ...

    def __get__(self, instance: object | None, owner: type[Any]) -> Any:
        return self if instance is None else MethodType(self.function, instance)

    def __repr__(self) -> str:
        return f"<{self.what} {self.function.__qualname__}>"


class Command(Handler[P, R]):
    """A method that may emit events."""

    what = "command"

    def __init__(self, function: Callable[Concatenate[Any, P], R], existence: Existence = "any") -> None:
        super().__init__(function)
        self.existence: Existence = existence


class Query(Handler[P, R]):
    """A method that only reads. On a view it is SQL, and the function's body is never run."""

    what = "query"

    def __init__(
        self,
        function: Callable[Concatenate[Any, P], R],
        sql: str | None = None,
        timeout: timedelta | None = None,
        max_bytes: int | None = None,
    ) -> None:
        super().__init__(function)
        self.sql = sql
        self.timeout = timeout
        self.max_bytes: int | None = max_bytes


class StateQuery(Query[P, R]):
    """A query of an entity: on a state it answers at once, through a reference it is awaited."""

    def __init__(self, function: Callable[Concatenate[Any, P], R], existence: Existence = "any") -> None:
        super().__init__(function)
        self.existence: Existence = existence

    @overload
    def __get__(self, instance: None, owner: type[Any]) -> Self: ...

    @overload
    def __get__(self, instance: object, owner: type[Any]) -> "Callable[P, QueryAnswer[R]]": ...

    def __get__(self, instance: object | None, owner: type[Any]) -> Any:
        return super().__get__(instance, owner)


class CommandMark(Protocol):
    """What `@command(…)` gives: a decorator."""

    def __call__(self, function: Callable[Concatenate[Any, P], R], /) -> Command[P, R]:
        """Marks a method as a command."""
        ...


class StateQueryMark(Protocol):
    """What `@query(must_exist=True)` gives: a decorator."""

    def __call__(self, function: Callable[Concatenate[Any, P], R], /) -> StateQuery[P, R]:
        """Marks a method of an entity as a query."""
        ...


@overload
def command(function: Callable[Concatenate[Any, P], R], /) -> Command[P, R]: ...


@overload
def command(*, must_exist: bool = False, must_be_new: bool = False) -> CommandMark: ...


def command(function: Any = None, /, *, must_exist: bool = False, must_be_new: bool = False) -> Any:
    """Marks a method of an entity as a command: it checks the state, emits events and may return a reply.

    With `must_exist`, a call to an entity without a history raises NotFound, and the method does not run;
    with `must_be_new`, a call to one that has a history raises AlreadyExists.
    """
    existence = _existence("@command", must_exist=must_exist, must_be_new=must_be_new)
    if function is None:
        return lambda function: Command(function, existence)
    return Command(function)


@overload
def query(declared: Callable[Concatenate[Any, P], R], /) -> StateQuery[P, R]: ...


@overload
def query(*, must_exist: bool) -> StateQueryMark: ...


@overload
def query(
    declared: str, /, *, timeout: timedelta | None = None, max_bytes: int | None = None
) -> Callable[[Callable[Concatenate[Any, P], R]], Query[P, R]]: ...


def query(
    declared: Any = None,
    /,
    *,
    timeout: timedelta | None = None,
    max_bytes: int | None = None,
    must_exist: bool = False,
) -> Any:
    """Marks a method as a query.

    On an entity, `@query` marks a method that reads the state; with `must_exist`, asking an entity without a
    history raises NotFound. On a view, `@query("SELECT …")` holds the SQL: the method's parameters are the
    SQL's `:parameters`, and its return annotation is the shape of the answer (`list[T]`, `T | None`, or a
    single value). A query that takes longer than its `timeout`, or else that of the App, is aborted and
    raises Overloaded. One whose answer has more than `max_bytes`, or else the App's limit, raises TooLarge.
    """
    existence = _existence("@query", must_exist=must_exist)
    if isinstance(declared, str):
        if existence != "any":
            raise DefinitionError(
                "@query(must_exist=…) is for the queries of an entity; a view's SQL says itself what it "
                "answers about a row that is not there: leave must_exist= out"
            )
        check_timeout("@query", timeout)
        check_max_bytes("@query", max_bytes)
        return lambda function: Query(function, declared, timeout, max_bytes)
    if timeout is not None or max_bytes is not None:
        raise DefinitionError(
            "@query(timeout=…, max_bytes=…) is for the SQL of a view; an entity's query runs in one step"
        )
    if declared is None:
        return lambda function: StateQuery(function, existence)
    return StateQuery(declared)


def _existence(where: str, *, must_exist: object, must_be_new: object = False) -> Existence:
    for name, value in (("must_exist", must_exist), ("must_be_new", must_be_new)):
        if not isinstance(value, bool):
            raise DefinitionError(f"{where}: {name}={value!r} must be True or False")
    if must_exist and must_be_new:
        raise DefinitionError(f"{where}: an entity cannot both exist and be new: choose one of the two")
    return "old" if must_exist else "new" if must_be_new else "any"


def check_timeout(where: str, timeout: object, *, name: str = "timeout") -> None:
    """Raises DefinitionError for what is not a length of time."""
    if timeout is not None and (not isinstance(timeout, timedelta) or timeout <= timedelta(0)):
        raise DefinitionError(f"{where}: {name}={timeout!r} is no length of time: write timedelta(seconds=5)")


def check_max_bytes(where: str, max_bytes: object, *, name: str = "max_bytes") -> None:
    """Raises DefinitionError for what is not a number of bytes."""
    if max_bytes is not None and (type(max_bytes) is not int or max_bytes < 1):
        raise DefinitionError(f"{where}: {name}={max_bytes!r} is no number of bytes: write {name}=10_000_000")


class ReducerMark(Struct, frozen=True):
    """The arguments of `@reducer`: which row of a view an event belongs to (None: the entity's id)."""

    key: str | tuple[str, ...] | Callable[..., Any] | None = None


@overload
def reducer(function: FunctionT, /) -> FunctionT: ...


@overload
def reducer(*, key: str | tuple[str, ...]) -> Callable[[FunctionT], FunctionT]: ...


@overload
def reducer(*, key: Callable[[Any], Any]) -> Callable[[FunctionT], FunctionT]: ...


@overload
def reducer(*, key: Callable[[Any, Recorded[Any]], Any]) -> Callable[[FunctionT], FunctionT]: ...


def reducer(function: Any = None, /, *, key: Any = None) -> Any:
    """Marks the method that turns an event into state; the annotation of its parameter names the event.

    On a view, `key` says which row the event belongs to when that is not the entity's id: the name of a
    field of the event, or a function that returns one key, a list of keys, or None for no row. It takes the
    event, or the event and what is recorded of it: `key=lambda event, recorded: recorded.time.date()`. Where
    several columns are the key, it is a tuple: of the names of fields, `key=("show", "row")`, or as the
    function returns it.
    """

    def mark(function: Any) -> Any:
        refuse_pausing("reducer", function)
        function.__reducer__ = ReducerMark(key)
        return function

    return mark if function is None else mark(function)
