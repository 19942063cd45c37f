"""The commands that list an application's views, show the rows one has set aside, and rebuild or retry it."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from msgspec import Struct

from actum.cli.default_command import ListByDefault
from actum.cli.failure import CommandFailed, one_line
from actum.cli.loading import load_app
from actum.cli.options import AppName, AsJson, By, DatabaseUrl, StoreUrl, operator
from actum.cli.output import print_json, print_outcome, print_table, shown_time

if TYPE_CHECKING:
    from actum.app import App
    from actum.cli.progress import Report
    from actum.model.view import ViewType
    from actum.operations.set_aside import RetryOutcome, SetAsideRow
    from actum.operations.views import ViewGeneration

PATIENCE = timedelta(seconds=10)
"""How long to wait for the application to carry out a request."""

views: typer.Typer = typer.Typer(
    cls=ListByDefault,
    no_args_is_help=True,
    help="Lists views and the rows that they set aside, and rebuilds or retries them.",
)
ViewName = Annotated[
    str, typer.Argument(metavar="NAME", help="The view's table, as listed.", show_default=False)
]


class RebuiltLine(Struct, frozen=True):
    """A view that was rebuilt, as `--json` prints it, and how many of its rows are set aside."""

    view: str
    set_aside: int


class RetriedLine(Struct, frozen=True):
    """What came of retrying rows, as `--json` prints it: how many there were, and what became of them."""

    view: str
    requested: int
    up_to_date: int = 0
    failed: "Sequence[SetAsideRow]" = ()
    untried: "Sequence[SetAsideRow]" = ()


@views.command("list")
def list_(
    app: AppName, is_json: AsJson = False, store: StoreUrl = None, database: DatabaseUrl = None
) -> None:
    """Lists views: which generation of each serves queries, and which position it has reached.

    A running application seldom stores the position of a view whose rows do not change: such a view may be
    less far behind than is shown here.
    """
    loaded = load_app(app)
    found = asyncio.run(_list(loaded, loaded.store_url(store, database)))
    if is_json:
        for view in found:
            print_json(view)
    else:
        headings = ("view", "generation", "position", "behind", "status")
        print_table(headings, [_row(view) for view in found])


@views.command()
def rebuild(
    app: AppName,
    name: ViewName,
    by: By = None,
    is_json: AsJson = False,
    store: StoreUrl = None,
    database: DatabaseUrl = None,
) -> None:
    """Rebuilds a view from all events, beside the present one, which serves queries until it is done.

    The running application does it; while none is running, this command does.
    """
    from actum.cli.progress import reported
    from actum.operations.views import view_type

    loaded = load_app(app)
    view = view_type(loaded, name)
    with reported(f"view {view.name}") as report:
        count = asyncio.run(_rebuild(loaded, loaded.store_url(store, database), view, report, operator(by)))
    print_outcome(RebuiltLine(view.name, count), is_json=is_json)
    if count:
        rows = "1 row of it is" if count == 1 else f"{count:,} rows of it are"
        raise CommandFailed(f"view {view.name} is built, and {rows} set aside: see actum views show")


@views.command()
def show(
    app: AppName,
    name: ViewName,
    is_json: AsJson = False,
    store: StoreUrl = None,
    database: DatabaseUrl = None,
) -> None:
    """Shows the rows that a view has set aside, and why.

    A row is set aside when an event cannot be folded into it: it stays as it was before that event, and the
    later events of the row wait. A key such as @17 stands for the event at that position whose row cannot be
    determined.
    """
    from actum.operations.views import view_type

    loaded = load_app(app)
    view = view_type(loaded, name)
    rows = asyncio.run(_set_aside(view, loaded.store_url(store, database)))
    if is_json:
        for row in rows:
            print_json(row)
    else:
        headings = ("key", "generation", "position", "waiting", "since", "error")
        print_table(headings, [_set_aside_row(row) for row in rows])


@views.command()
def retry(
    app: AppName,
    name: ViewName,
    key: Annotated[
        str | None,
        typer.Argument(
            metavar="KEY",
            help="The key of the row; all rows if it is left out. One of several columns is a JSON array.",
        ),
    ] = None,
    by: By = None,
    is_json: AsJson = False,
    store: StoreUrl = None,
    database: DatabaseUrl = None,
) -> None:
    """Retries rows that are set aside: the events that wait for them are folded again.

    A running application does it at once, and another one when it starts. After a fix in a reducer the view
    is rebuilt anyway; use this after a fix somewhere else, or when the cause was temporary.
    """
    from actum.operations.views import view_type

    loaded = load_app(app)
    view, url = view_type(loaded, name), loaded.store_url(store, database)
    asyncio.run(_retry(view, key, url, operator(by), is_json=is_json))


async def _list(app: "App", url: str) -> "list[ViewGeneration]":
    from actum.operations.opening import open_beside
    from actum.operations.views import list_views

    async with open_beside(url) as stores:
        return await list_views(stores, app)


async def _set_aside(view: "ViewType", url: str) -> "list[SetAsideRow]":
    from actum.operations.opening import open_beside
    from actum.operations.set_aside import list_set_aside

    async with open_beside(url) as stores:
        return await list_set_aside(stores, view)


async def _rebuild(app: "App", url: str, view: "ViewType", report: "Report", by: str) -> int:
    from actum.operations.opening import open_beside
    from actum.operations.rebuild import rebuild_view
    from actum.operations.repairs.audit import Act, recorded

    async with open_beside(url) as stores, recorded(stores.database, by, Act("views rebuild", view.name)):
        return await rebuild_view(app, url, view, report)


async def _retry(view: "ViewType", key: str | None, url: str, by: str, *, is_json: bool) -> None:
    from actum.operations.opening import is_running, open_beside
    from actum.operations.repairs.audit import Act, recorded
    from actum.operations.set_aside import request_rows, watch_rows

    async with open_beside(url) as stores:
        act = Act("views retry", view.name, {"row": "all" if key is None else key})
        async with recorded(stores.database, by, act):
            request = await request_rows(stores, view, key)
        if not request.count:
            which = "no row" if key is None else f"no row {key!r}"
            said = f"view {view.name} has {which} set aside"
            print_outcome(RetriedLine(view.name, 0), said, is_json=is_json)
        elif await is_running(stores, url):
            _print_outcome(view, await watch_rows(stores, request, patience=PATIENCE), is_json=is_json)
        else:
            said = f"{request.count:,} rows: the application retries them when it starts"
            print_outcome(RetriedLine(view.name, request.count), said, is_json=is_json)


def _print_outcome(view: "ViewType", outcome: "RetryOutcome", *, is_json: bool) -> None:
    left = len(outcome.failed) + len(outcome.untried)
    count = outcome.up_to_date + left
    print_outcome(
        RetriedLine(view.name, count, outcome.up_to_date, outcome.failed, outcome.untried),
        *(f"{_key(row)}: set aside again ({one_line(row.error)})" for row in outcome.failed),
        *(f"{_key(row)}: not retried yet ({one_line(row.error)})" for row in outcome.untried),
        f"{outcome.up_to_date:,} of {count:,} rows are up to date",
        is_json=is_json,
    )
    if left:
        raise CommandFailed(f"{left:,} of {count:,} rows are still set aside")


def _row(view: "ViewGeneration") -> tuple[str, ...]:
    behind = max(0, view.head - view.position)
    return view.name, str(view.generation), f"{view.position:,}", f"{behind:,}", _status(view)


def _status(view: "ViewGeneration") -> str:
    if not view.is_declared:
        return "no longer declared"
    if not view.generation:
        return "not built yet: the application builds it when it starts"
    if not view.is_current:
        return "built by an older declaration" + ("; serves" if view.is_live else "")
    return "serves" if view.is_live else "being built"


def _set_aside_row(row: "SetAsideRow") -> tuple[str, ...]:
    return (
        _key(row),
        str(row.generation),
        f"{row.position:,}",
        f"{row.waiting:,}",
        shown_time(row.since),
        one_line(row.error),
    )


def _key(row: "SetAsideRow") -> str:
    """Gives a key as `retry` takes it."""
    if row.key is None:
        return f"@{row.position}"
    return msgspec.json.encode(row.key).decode() if isinstance(row.key, list) else str(row.key)
