"""Checks that a query can be paged, on every database, before anything runs."""

from collections.abc import Iterator, Mapping, Sequence

from msgspec.structs import replace

from actum.queries.pages.paging import paged
from actum.queries.pages.part import ORDER, ROWS, VALUE, Part
from actum.queries.sql.kinds import QueryKind
from actum.queries.sql.parameters import Parameter
from actum.queries.sql.reading import Query
from actum.queries.sql.values import Columns
from actum.queries.translate import Translated, translate

DATABASES = ("postgres", "sqlite")


def pages_of(
    found: Query, parameters: Sequence[Parameter], views: Mapping[str, Columns], part: Part
) -> Iterator[Translated]:
    """Returns what SQLite is asked for pages of a query; raises Misuse for one that cannot be paged.

    These are the first page, one behind a row of values and behind one of NULLs, and the number of all rows.
    """
    rows = Parameter(ROWS, "integer")
    first = _translated(found, [*parameters, rows], views, part)
    yield first
    selected = zip(first.columns, first.kinds, strict=True)
    kinds: list[QueryKind] = [kind for name, kind in selected if name.startswith(ORDER)]
    values = [*parameters, rows, *_values(kinds)]
    for marks in {"v" * len(kinds), "n" * len(kinds), ("vn" * len(kinds))[: len(kinds)]}:
        yield _translated(found, values, views, replace(part, after=marks))
    yield _translated(found, parameters, views, replace(part, is_count=True))


def _translated(
    found: Query, parameters: Sequence[Parameter], views: Mapping[str, Columns], part: Part
) -> Translated:
    query = paged(found, part)
    return [translate(query, tuple(parameters), views, database) for database in DATABASES][-1]


def _values(kinds: Sequence[QueryKind]) -> list[Parameter]:
    return [Parameter(f"{VALUE}{place}", kind) for place, kind in enumerate(kinds)]
