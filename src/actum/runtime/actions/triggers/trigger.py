"""Triggers of work in the background, which no request waits for: one class for each kind."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Any, ClassVar, Generic, TypeVar

from msgspec import Struct

from actum.errors import DefinitionError
from actum.model.action import TIMEOUT, BackgroundTrigger, Bound
from actum.model.name import check_declared
from actum.model.retries import Retries
from actum.ports.database import Database
from actum.runtime.actions.invoke import ActionFunction
from actum.runtime.actions.triggers.source import Run, Source
from actum.runtime.instruments.instruments import Kind
from actum.runtime.services import Services

DeclaredT = TypeVar("DeclaredT", bound=BackgroundTrigger)
OpenSource = Callable[[Database], Source]
"""Opens a source that saves its progress to a database, which carries the worker's lease."""


class Callee(Struct, frozen=True):
    """A function that a trigger calls: the action, or its `on_failure`, which has the same items.

    `cause` is what the idempotency keys of its commands begin with.
    """

    function: ActionFunction
    cause: str
    is_on_failure: bool = False


class Trigger(ABC):
    """What a worker needs to know: where its items come from, and how one is run.

    Checkpoints, letters and leases are stored under `name`, which must never change. If it `is_split`, its
    source is a SlicedSource, and several processes share it. Its attempts are reported as `work`.
    """

    name: str
    is_split: ClassVar[bool] = False
    work: ClassVar[Kind] = "action"
    retries: Retries = Retries()
    timeout: timedelta = TIMEOUT

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"

    @abstractmethod
    async def source(self, services: Services) -> OpenSource:
        """Gives the function that opens the source of its items; called once at each start."""

    @abstractmethod
    def run(self, services: Services) -> Run:
        """Gives the function that runs one item."""

    def on_failure(self, services: Services) -> Run | None:
        """Gives the function that is called with an item that is given up, or None."""
        return None


class ActionTrigger(Trigger, Generic[DeclaredT]):
    """A trigger that an author declared, of one action.

    A new kind is a declaration in `actum.model.action`, a subclass of this one, and an entry in TRIGGERS.
    `keeps_place` says whether the place it has reached is stored under its name, as a checkpoint or a tick.
    """

    keeps_place: ClassVar[bool] = True

    def __init__(self, bound: Bound, declared: DeclaredT, resource_types: Collection[type[Any]]) -> None:
        self.declared = declared
        function = ActionFunction(bound.function, resource_types)
        check_declared(bound.name, "an action's name (give it another by name=)")
        self.name: str = bound.name + self.suffix
        self.retries: Retries = declared.retries
        self.timeout: timedelta = declared.timeout
        self.action = Callee(function, self.name)
        self.hook: Callee | None = self._hook(bound.name, resource_types)

    @property
    def suffix(self) -> str:
        """What its name adds to that of the action, which may have several triggers."""
        return ""

    def check(self) -> None:
        """Raises DefinitionError for a declaration, or a function, that cannot work."""
        if self.action.function.failure_parameter is not None:
            raise DefinitionError(
                f"action {self.action.function.name} takes a Failure, which only an action's on_failure is "
                "given: name it there, as in @actions.on(Placed, on_failure=give_up)"
            )
        self.check_callee(self.action)
        if self.hook is not None:
            self.check_callee(self.hook)

    @abstractmethod
    def check_callee(self, callee: Callee) -> None:
        """Raises DefinitionError for a function that cannot take what this trigger gives it."""

    def check_beside(self, other: "ActionTrigger[Any]") -> None:
        """Raises DefinitionError if an application cannot have this trigger and another one."""
        return

    @abstractmethod
    def call(self, services: Services, callee: Callee) -> Run:
        """Gives the function that calls the callee with one item."""

    def run(self, services: Services) -> Run:
        return self.call(services, self.action)

    def on_failure(self, services: Services) -> Run | None:
        return None if self.hook is None else self.call(services, self.hook)

    def _hook(self, action: str, resource_types: Collection[type[Any]]) -> Callee | None:
        hook: Any = self.declared.on_failure
        if hook is None:
            return None
        if not callable(hook):
            raise DefinitionError(
                f"action {action}: on_failure={hook!r} is no function: write an async one, as in "
                "`async def give_up(ctx: Context, failure: Failure) -> None`"
            )
        return Callee(ActionFunction(hook, resource_types), f"{self.name}/on_failure", is_on_failure=True)
