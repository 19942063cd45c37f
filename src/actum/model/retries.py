"""The retry policy: whether an item that failed is tried again, and when."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Literal

from msgspec import Struct

from actum.errors import DefinitionError, Rejected

MICROSECOND = timedelta(microseconds=1)
Jitter = Callable[[timedelta], timedelta]
"""Shortens a wait by chance, so that not everything is tried again at once."""


class FailedAttempt(Struct, frozen=True, eq=False):
    """Why an attempt failed. One that is final is not tried again; one may still be running.

    One whose item is `of_other_code` did not begin: the item waits for a version that can read it.
    """

    text: str
    is_final: bool = False
    is_running: bool = False
    of_other_code: bool = False


class Outcome(Struct, frozen=True):
    """What becomes of an item that failed, or that waits behind one that did.

    One that is `retrying` is tried again when it is `due` (microseconds since 1970). `attempts` is how many
    failed. Once the item is given up, `failure` is the error, and the attempts are those of `on_failure`.
    """

    status: Literal["waiting", "retrying", "dead"]
    attempts: int = 0
    due: int = 0
    failure: str = ""


class Retries(Struct, frozen=True):
    """How often a failing event or message is tried before it becomes a dead letter.

    The wait between attempts doubles from `first` up to `longest`, and jitter shortens it to between half and
    all of that. An error of a class in `unless` is not retried: a rule that refuses once will refuse again.
    By default there are 5 attempts, with waits of 0.5 s up to 1 min, and a `Rejected` is not retried.
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

    def is_final(self, error: BaseException) -> bool:
        """Says whether what raised this error is not to be tried again."""
        return isinstance(error, self.unless)

    def outcome(
        self,
        failed: FailedAttempt,
        attempts: int,
        *,
        now: int,
        jitter: Jitter,
        has_hook: bool = False,
        failure: str = "",
    ) -> Outcome:
        """Gives what becomes of an item after so many attempts, the last of which failed now.

        When its attempts are used up, its `on_failure` (if it has that hook) gets as many, and then the item
        is dead. With `failure`, which the hook was called with, the attempts were the hook's. The hook is not
        called beside an attempt that may still be running, nor for an item that another version of the
        application can read: that one is dead at once, and is tried again by the next process.
        """
        if failed.of_other_code:
            return Outcome("dead", attempts, now, failure)
        if not failed.is_final and attempts < self.attempts:
            return Outcome("retrying", attempts, now + self.pause(attempts, jitter), failure)
        if has_hook and not failure and not failed.is_running:
            return Outcome("retrying", 0, now, failed.text)
        return Outcome("dead", attempts, now, failure)

    def pause(self, attempts: int, jitter: Jitter) -> int:
        """Gives how long to wait after so many attempts, in microseconds."""
        # Whole numbers, because a timedelta overflows when it is doubled fifty times.
        doubled = self.first // MICROSECOND << attempts - 1
        return jitter(min(doubled, self.longest // MICROSECOND) * MICROSECOND) // MICROSECOND

    def is_due(self, due: int, now: int) -> bool:
        """Says whether an item's time has come; one too far off was set by a clock that was ahead."""
        return not now < due <= now + self.longest // MICROSECOND


def _is_error(one: object) -> bool:
    return isinstance(one, type) and issubclass(one, BaseException)
