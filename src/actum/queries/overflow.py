"""Decides whether a number overflow in a query is the caller's fault, and in which expressions it is."""

from collections.abc import Mapping
from decimal import Decimal
from importlib import import_module
from typing import Any

from actum.errors import ActumError, Invalid, Unanswerable


def out_of_range(sql: str, parameters: Mapping[str, Any], error: Exception) -> ActumError:
    """Returns Invalid if the arithmetic contains a number of the caller's, and Unanswerable otherwise."""
    numbers = {name for name, value in parameters.items() if _is_number(value)}
    try:
        # Imported by name, so that the SQL parser is not loaded with the store.
        expressions, used = import_module("actum.queries.sql.arithmetic").arithmetic_of(sql)
    except ValueError:
        expressions, used = [], numbers
    where = " or ".join(expressions) or f"a number in it ({error})"
    text = f"{where} is beyond 64 bits: add up CAST(… AS DECIMAL), or use total()"
    callers = sorted(numbers & used)
    return Invalid(text, field=callers[0]) if callers else Unanswerable(text)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)
