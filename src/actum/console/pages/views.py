"""The page Views: how far each is, its rows, what it has set aside, a rebuild, and SQL over all of them."""

from collections.abc import Sequence
from typing import Any

from litestar import Response
from msgspec import structs

from actum.console.page import Page, get, post
from actum.console.pages.standing import advice_on
from actum.console.view_state import ViewStatus, view_statuses
from actum.console.visit import Visit
from actum.errors import CallerError, Invalid, NotFound, TryLater
from actum.model.error_text import error_message
from actum.model.view import ViewType
from actum.operations.page import MAX_PAGE
from actum.operations.reading.rows import (
    MAX_ROWS,
    OPERATORS,
    TIME_LIMIT,
    Operator,
    RowFilter,
    RowPage,
    ask_sql,
    count_rows,
    list_rows,
)
from actum.operations.rebuild import ask_for_rebuild
from actum.operations.set_aside import list_set_aside, request_rows
from actum.operations.views import view_type

NAME = "views"
MAX_ASIDE = 100
"""Rows that are set aside on a page."""
ROWS = 50
"""Rows of a page, unless another number is asked for."""


async def show_all(visit: Visit) -> Response[Any]:
    """Shows all views."""
    return visit.show("views.html", views=await view_statuses(visit))


async def show_one(visit: Visit) -> Response[Any]:
    """Shows one view: its state, the rows that it has set aside, and a page of its rows."""
    view = _view(visit)
    status = await _status(visit, view)
    page, count, problem = await _rows(visit, view, status)
    return visit.show(
        "view.html",
        view=view,
        current=status,
        advice=advice_on("view", status.state),
        aside=await list_set_aside(visit.stores, view, limit=MAX_ASIDE),
        page=page,
        count=count,
        problem_text=problem,
        operators=OPERATORS,
    )


async def rebuild(visit: Visit) -> Response[Any]:
    """Has a view rebuilt; the page shows how far that is."""
    view = _view(visit)
    async with visit.recorded("rebuild view", view.name):
        await ask_for_rebuild(visit.stores, view)
    return visit.done(f"View {view.name} is being rebuilt.", visit.url(NAME, view.name))


async def retry(visit: Visit) -> Response[Any]:
    """Has rows that are set aside folded again: one, or all."""
    view = _view(visit)
    key = visit.form.get("key") or None
    async with visit.recorded("retry rows of view", view.name, key="all" if key is None else key):
        request = await request_rows(visit.stores, view, key)
    count = f"{request.count:,} row{'' if request.count == 1 else 's'}"
    said = f"{count} of {view.name} will be retried." if request.count else "There was nothing to retry."
    return visit.done(said, visit.url(NAME, view.name))


async def show_sql(visit: Visit) -> Response[Any]:
    """Shows a box for SQL, and the answer to what is in it."""
    sql = visit.text("sql")
    answer, problem, status = None, "", 200
    if sql:
        try:
            answer = await ask_sql(visit.stores, sql)
        except (CallerError, TryLater) as error:
            problem, status = error_message(error), 422 if isinstance(error, CallerError) else 503
    return visit.show(
        "sql.html",
        status=status,
        sql=sql,
        answer=answer,
        problem_text=problem,
        tables=visit.catalog.views,
        limit=MAX_ROWS,
        seconds=TIME_LIMIT.seconds,
    )


def _view(visit: Visit) -> ViewType:
    return view_type(visit.app, visit.part("name"))


async def _status(visit: Visit, view: ViewType) -> ViewStatus:
    for status in await view_statuses(visit):
        if status.name == view.name:
            return status
    raise NotFound(f"view {view.name} is not built yet")


async def _rows(visit: Visit, view: ViewType, status: ViewStatus) -> tuple[RowPage | None, int | None, str]:
    """Gives a page of rows and how many there are, or why they cannot be shown."""
    if not status.generation:
        return None, None, "The view is not built yet, so it has no rows."
    try:
        wanted = _filter(visit)
        limit = visit.number("limit", ROWS, least=1, most=MAX_PAGE)
        page = await list_rows(visit.stores, view, wanted, after=visit.text("after") or None, limit=limit)
        page = structs.replace(page, rows=[_shown(view, row) for row in page.rows])
        count = await visit.shared.counted(
            (view.name, wanted), lambda: count_rows(visit.stores, view, wanted)
        )
        return page, count, ""
    except (CallerError, TryLater) as error:
        return None, None, error_message(error)


def _shown(view: ViewType, row: Sequence[Any]) -> tuple[Any, ...]:
    """Gives a row with truth values as such, which some databases store as numbers."""
    return tuple(
        bool(value) if column.kind == "boolean" and value is not None else value
        for column, value in zip(view.columns, row, strict=True)
    )


def _filter(visit: Visit) -> RowFilter | None:
    column, operator, value = visit.text("column"), visit.text("operator", "is"), visit.text("value")
    if not column or (not value and operator != "is empty"):
        return None
    known: dict[str, Operator] = {one: one for one in OPERATORS}
    found = known.get(operator)
    if found is None:
        raise Invalid(f"operator={operator}: write one of {', '.join(OPERATORS)}", field="operator")
    return RowFilter(column, found, value)


VIEWS = Page(
    NAME,
    "Views",
    (
        get("", show_all),
        get("/-/sql", show_sql),
        get("/{name:str}", show_one),
        post("/{name:str}/rebuild", rebuild),
        post("/{name:str}/retry", retry),
    ),
)
