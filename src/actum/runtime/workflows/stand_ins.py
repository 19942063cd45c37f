"""What a test has done in place of what the run of a workflow calls."""

from collections.abc import Callable
from typing import Any, Protocol

StandIn = Callable[..., Any]


class StandIns(Protocol):
    """Finds what is called instead; in an application that is no test, there is none of these."""

    def step(self, function: StandIn) -> StandIn:
        """Gives what runs in place of the function of a step or of an atomic unit, or that itself."""
        ...

    def method(self, cls: type[Any], name: str) -> StandIn | None:
        """Gives what answers a command or query of an entity, or a query of a view, by its arguments."""
        ...

    def end(self, cls: type[Any]) -> StandIn | None:
        """Gives what answers for the end of another workflow; it is not started."""
        ...

    def queue(self, name: str) -> StandIn | None:
        """Gives what takes the messages to a queue."""
        ...

    def timer(self, command: Any) -> StandIn | None:
        """Gives what keeps a timer of a command; it takes a name or None, the id and the arguments."""
        ...

    def cancelled_timer(self) -> StandIn | None:
        """Gives what cancels a timer by its name."""
        ...
