"""Pages of a query: the rows behind those of the page before, however many have come and gone since."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, Protocol

import msgspec

from actum.errors import TooLarge
from actum.model.rows.page import PAGE_SIZE, Page, PageRequest
from actum.model.view import ViewQuery, ViewType
from actum.ports.database import Answer
from actum.queries.answers import read_answer
from actum.queries.pages.part import ORDER, ROWS, VALUE, Part, part_of, with_part
from actum.queries.pages.tokens import mark_of, read_token, write_token

Parameters = Mapping[str, Any]
Run = Callable[[str, Parameters], Awaitable[Answer]]


class Tokens(Protocol):
    """Writes and reads the tokens of pages."""

    async def write(self, body: bytes) -> str:
        """Writes a token."""
        ...

    async def read(self, text: str) -> bytes:
        """Reads a token; raises Invalid for what is none."""
        ...


class Pages:
    """Answers the queries of some views page by page."""

    def __init__(self, views: Mapping[str, ViewType]) -> None:
        self._views = views
        self._first: dict[int, Part] = {}
        self._declared: Any = None

    def __repr__(self) -> str:
        return f"<Pages of {', '.join(self._views)}>"

    async def ask(
        self,
        query: ViewQuery,
        sources: Sequence[str],
        parameters: Parameters,
        request: PageRequest,
        tokens: Tokens,
        run: Run,
    ) -> Page[Any]:
        """Returns a page of a query that reads these views; raises Invalid for a token of anything else."""
        first = self._first.get(id(query))
        if first is None:
            first = self._first[id(query)] = part_of(self._views[name] for name in sources)
        where, sql = query.signature.where, with_part(first, query.sql)
        part, values = first, {}
        if request.after is not None:
            kinds = self._kinds(sql, parameters)
            body = await tokens.read(request.after)
            found = read_token(body, mark_of(where, sql, parameters, kinds), kinds)
            marks = "".join("n" if value is None else "v" for value in found)
            part = msgspec.structs.replace(first, after=marks)
            values = {f"{VALUE}{place}": value for place, value in enumerate(found) if value is not None}
        size = request.size or PAGE_SIZE
        answer, asked = await _rows(run, with_part(part, query.sql), {**parameters, **values}, size)
        width = sum(not name.startswith(ORDER) for name in answer.columns)
        shown = answer.rows if len(answer.rows) < asked else answer.rows[: max(asked - 1, 1)]
        further = None
        if len(answer.rows) == asked:
            of_order = answer.kinds[width:]
            mark = mark_of(where, sql, parameters, of_order)
            further = await tokens.write(write_token(mark, shown[-1][width:], of_order))
        items = read_answer(query, Answer(answer.columns[:width], [row[:width] for row in shown]))
        return Page(items, further, await self._total(query, first, parameters, run, request))

    async def _total(
        self, query: ViewQuery, first: Part, parameters: Parameters, run: Run, request: PageRequest
    ) -> int | None:
        if not request.with_total:
            return None
        counted = await run(with_part(msgspec.structs.replace(first, is_count=True), query.sql), parameters)
        total: int = counted.rows[0][0]
        return total

    def _kinds(self, sql: str, parameters: Parameters) -> tuple[str, ...]:
        """Returns the kinds of the columns of a query's order, for these parameters."""
        # Imported by name, so that the SQL parser is loaded with the first query, and not before.
        translate = import_module("actum.queries.translate")
        if self._declared is None:
            self._declared = translate.Views(
                {name: translate.columns_of(view) for name, view in self._views.items()}
            )
        found = translate.translate_call(sql, {**parameters, ROWS: 1}, self._declared, "sqlite")
        width = sum(not name.startswith(ORDER) for name in found.columns)
        kinds: tuple[str, ...] = found.kinds[width:]
        return kinds


async def _rows(run: Run, sql: str, parameters: Parameters, size: int) -> tuple[Answer, int]:
    """Returns the next rows, and how many were asked for: one more than the size, or fewer of large ones."""
    asked = size + 1
    while True:
        try:
            return await run(sql, {**parameters, ROWS: asked}), asked
        except TooLarge:
            if asked == 1:
                raise
            asked //= 2
