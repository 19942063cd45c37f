"""Limits how much the server sends for queries whose answers may be larger than the rows they read."""

import re
from typing import Any

from actum.queries.answer_size import sized_places

MAKES_MORE: re.Pattern[str] = re.compile(
    r"\b(repeat|[lr]pad|string_agg|array_agg|jsonb?_\w*agg|replace|concat|concat_ws|format|RECURSIVE)\b",
    re.IGNORECASE,
)
BYTES: dict[str, str] = {
    "json": "octet_length({}::text)",
    "any": "octet_length({}::text)",
    "decimal": "pg_column_size({})",
}


def guarded(query: Any, most_bytes: int) -> str:
    """Gives a translated query with one more column, which says from which row on there are too many bytes.

    From there on no text or content is sent. Queries that give what is kept in rows, which is small enough,
    are left as they are, and have no such column: to count the bytes of each row takes time.
    """
    sql: str = query.sql
    places = sized_places(query.kinds)
    if not places or not MAKES_MORE.search(sql):
        return sql
    names = [f"c{place}" for place in range(len(query.kinds))]
    sizes = (BYTES.get(query.kinds[place], "octet_length({})").format(names[place]) for place in places)
    size = " + ".join(f"coalesce({one}, 0)::float8" for one in sizes)
    sent = [
        f"CASE WHEN bytes <= {most_bytes} THEN {name} END AS {name}" if place in places else name
        for place, name in enumerate(names)
    ]
    return f"""SELECT {", ".join(sent)}, bytes > {most_bytes} AS is_cut FROM (
        SELECT *, sum({size}) OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS bytes
        FROM ({sql}) AS given ({", ".join(names)})
    ) AS counted"""
