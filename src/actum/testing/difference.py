"""What a test expected beside what came: how they differ, line by line, and the checks that say so."""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any, Self

from actum.errors import Rejected

LEGEND = "(- expected, + actual)"


def difference(what: str, expected: Sequence[object], actual: Sequence[object]) -> list[str]:
    """Gives lines that show how two series of values differ; none when they are equal."""
    if list(expected) == list(actual):
        return []
    lines = difflib.ndiff(_lines(expected, actual), _lines(actual, expected))
    return [f"{what}: {LEGEND}", *(f"    {line}" for line in lines if line[0] != "?")]


def rejection_difference(
    error: Rejected, message: str | None, code: str | None, facts: Mapping[str, object]
) -> list[str]:
    """Gives lines that show how a rejection differs from what was expected of it; None expects nothing."""
    lines = [] if message is None else difference("message", [message], [str(error)])
    lines += [] if code is None else difference("code", [code], [error.code])
    for name, expected in facts.items():
        lines += difference(name, [expected], [error.facts[name]] if name in error.facts else [])
    return lines


class CheckedOutcome:
    """The checks that what an action, a workflow or an entity has done have in common."""

    def rejected(self, message: str | None = None, *, code: str | None = None, **facts: Any) -> Self:
        """Checks that it failed because a rule said no: with this message, code and facts, if given."""
        error = self._expect_error(Rejected)
        assert isinstance(error, Rejected)
        return self._check(rejection_difference(error, message, code, facts))

    def raises(self, kind: type[Exception], match: str = "") -> Self:
        """Checks that it failed with an error of this class whose message contains `match`."""
        error = self._expect_error(kind)
        if match not in str(error):
            raise AssertionError(f"{self!r}\nthe error says {str(error)!r}, without {match!r}") from error
        return self

    def _expect_error(self, kind: type[Exception]) -> Exception:
        """Gives the error; raises AssertionError, and says what came instead, for any but of this class."""
        raise NotImplementedError

    def _check(self, lines: list[str]) -> Self:
        if lines:
            raise AssertionError("\n".join([repr(self), *lines]))
        return self


def _lines(values: Sequence[object], others: Sequence[object]) -> list[str]:
    """Shows values, with their types where they look like others and are not equal to them."""
    looks = {repr(other): other for other in others}
    return [_shown(value, looks) for value in values] or ["nothing"]


def _shown(value: object, looks: dict[str, object]) -> str:
    shown = repr(value)
    if shown in looks and looks[shown] != value:
        return f"{shown} of {type(value).__module__}.{type(value).__qualname__}"
    return shown
