"""Which context the code that runs now belongs to, so that what it logs can name its cause."""

from contextvars import ContextVar
from typing import Protocol


class Caused(Protocol):
    """A context, as far as it is of interest here."""

    @property
    def correlation_id(self) -> str:
        """The id that everything shares that follows from one request."""
        ...


class Running:
    """Notes the context of a handler, an action or a step, where somebody wants to know it."""

    def __init__(self) -> None:
        self.is_wanted: bool = False
        self._context: ContextVar[Caused | None] = ContextVar("actum_context", default=None)

    def __repr__(self) -> str:
        return f"<Running {self.correlation_id}>"

    def note(self, context: Caused | None) -> None:
        """Notes what runs from now on in this task, and in those it starts; None where that has ended."""
        if self.is_wanted:
            self._context.set(context)

    @property
    def correlation_id(self) -> str | None:
        """The correlation id of the context that runs; None outside one, or if nobody wants to know."""
        context = self._context.get()
        return None if context is None else context.correlation_id


running = Running()
