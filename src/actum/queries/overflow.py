"""Whose fault it is that a query's numbers passed their bounds, and in which of its expressions they did."""

from collections.abc import Mapping
from decimal import Decimal
from importlib import import_module
from typing import Any

from actum.errors import ActumError, Invalid, Unanswerable


def out_of_range(sql: str, parameters: Mapping[str, Any], error: Exception) -> ActumError:
    """Gives Invalid where a number of the caller is in the arithmetic, and Unanswerable where none is."""
    numbers = {name for name, value in parameters.items() if _is_number(value)}
    try:
        # By name, so that what reads SQL is not loaded with the store.
        expressions, used = import_module("actum.queries.sql.arithmetic").arithmetic_of(sql)
    except ValueError:
        expressions, used = [], numbers
    where = " or ".join(expressions) or f"a number in it ({error})"
    text = f"{where} is beyond 64 bits: add up CAST(… AS DECIMAL), or use total()"
    callers = sorted(numbers & used)
    return Invalid(text, field=callers[0]) if callers else Unanswerable(text)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)
