"""How often what fails is tried again, and when."""

from datetime import timedelta
from typing import Any

from msgspec import Struct

from actum.errors import DefinitionError, Rejected


class Retries(Struct, frozen=True):
    """How often a failing event or message is tried again before it becomes a dead letter.

    The wait doubles from `first` up to `longest`, each time shortened by chance to between half and all of
    it. An error of a class in `unless` is not tried again: what a rule refuses it will refuse again.
    """

    attempts: int = 5
    first: timedelta = timedelta(milliseconds=500)
    longest: timedelta = timedelta(minutes=1)
    unless: tuple[type[BaseException], ...] = (Rejected,)

    def __post_init__(self) -> None:
        attempts: Any = self.attempts
        if isinstance(attempts, bool) or not isinstance(attempts, int) or attempts < 1:
            raise DefinitionError(f"Retries(attempts={attempts!r}): write a whole number from 1 on")
        for name in ("first", "longest"):
            span: Any = getattr(self, name)
            if not isinstance(span, timedelta) or span <= timedelta():
                raise DefinitionError(
                    f"Retries({name}={span!r}): write a positive span, as in {name}=timedelta(seconds=1)"
                )
        unless: Any = self.unless
        if not isinstance(unless, tuple) or not all(map(_is_error, unless)):
            raise DefinitionError(f"Retries(unless={unless!r}): write a tuple of errors, as in (Rejected,)")


def _is_error(one: object) -> bool:
    return isinstance(one, type) and issubclass(one, BaseException)
