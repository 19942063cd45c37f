"""The arithmetic in a query: which expressions may overflow, and the parameters within them."""

from functools import lru_cache

from sqlglot import exp

from actum.queries.sql.reading import parse
from actum.queries.sql.values import text_of

GROWING = (
    exp.Sum,
    exp.Add,
    exp.Sub,
    exp.Mul,
    exp.Div,
    exp.Neg,
    exp.Abs,
    exp.BitwiseLeftShift,
    exp.Cast,
    exp.Pow,
)


@lru_cache(maxsize=1_000)
def arithmetic_of(sql: str) -> tuple[list[str], set[str]]:
    """Returns the outermost expressions that can overflow, as written, and the parameters within them."""
    statement, names = parse(sql, {})
    found = [node for node in statement.find_all(*GROWING) if not node.find_ancestor(*GROWING)]
    places = [place for node in found for place in node.find_all(exp.Placeholder)]
    for place in places:
        # They were numbered for parsing, because they may be keywords.
        place.set("this", names[int(place.name[1:])])
    return list(dict.fromkeys(map(text_of, found))), {place.name for place in places}
