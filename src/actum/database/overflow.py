"""Whose fault it is that a query's numbers passed their bounds."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from actum.errors import AuthorError, Invalid


def out_of_range(parameters: Mapping[str, Any], error: Exception) -> Exception:
    """Gives Invalid where the caller sent a number, and AuthorError where the rows alone are too large."""
    text = f"a number in the query is beyond 64 bits ({error}): add up CAST(… AS DECIMAL), or use total()"
    is_callers = any(_is_number(value) for value in parameters.values())
    return Invalid(text) if is_callers else AuthorError(text)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)
