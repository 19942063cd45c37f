"""Statements over arrays, in a form for arrays of one element, whose plan the server keeps.

The server plans a statement for its values at each call as long as it takes that for cheaper than a plan that
it keeps for any values, and for that one it assumes ten elements in each array. So what is called for one row
would be planned each time, which takes longer than to run it. In the form of this module an array is the row
of its first element in both plans.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

_ARRAY = r"\$\d+(?:::text)?::\w+(?: precision)?\[\]"
_ROWS = re.compile(rf"unnest\(({_ARRAY}(?:,\s*{_ARRAY})*)\)(\s+WITH ORDINALITY)?(\s+AS\b)?")
_ONE_OF = re.compile(rf"= ANY\(({_ARRAY})\)")


def fitting(statement: str, values: Iterable[Any]) -> str:
    """Gives the form of a statement for its values: that for one row, if no list has more elements."""
    is_one = all(len(value) <= 1 for value in values if isinstance(value, list | tuple))
    return for_one(statement) if is_one else statement


@lru_cache(1_000)
def for_one(statement: str) -> str:
    """Gives a statement in the form for arrays of at most one element: `unnest` and `= ANY` are replaced."""
    return _ONE_OF.sub(r"= (\1)[1]", _ROWS.sub(_row, statement))


def _row(found: re.Match[str]) -> str:
    arrays, is_numbered, named = found.groups()
    columns = [f"({array.strip()})[1]" for array in arrays.split(",")]
    if is_numbered:
        columns.append("1::bigint")
    first = arrays.split(",")[0]
    return f"(SELECT {', '.join(columns)} WHERE cardinality({first}) = 1){named or ' AS the_one'}"
