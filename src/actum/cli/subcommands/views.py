"""The commands that list an application's views, show one, and have it or a row of it done anew."""

import asyncio
from collections.abc import Iterator
from typing import Annotated

import typer
from msgspec import Struct

from actum.app import App
from actum.cli.failure import CommandFailed
from actum.cli.loading import load_app
from actum.cli.opening import open_beside
from actum.cli.options import AppName, AsJson, DatabaseUrl, StoreUrl
from actum.cli.output import print_json, print_table
from actum.cli.subcommands.rebuild import rebuild
from actum.cli.subcommands.set_aside import SetAsideLine, retry, row_of, rows_of
from actum.model.view import ViewType
from actum.ports.database import SetAside, ViewState

views: typer.Typer = typer.Typer(
    no_args_is_help=True, help="Lists views and the rows they set aside, and has them done anew."
)
ViewName = Annotated[
    str, typer.Argument(metavar="NAME", help="The view's table, as listed.", show_default=False)
]


class ViewLine(Struct, frozen=True):
    """One generation of a view as `--json` prints it.

    `position` is how far it has got, and `head` how far the journal goes. `is_current` says whether it was
    built by the view's declaration of today; one that is declared and not built yet has generation 0.
    """

    name: str
    generation: int
    is_live: bool
    is_current: bool
    is_declared: bool
    position: int
    head: int


@views.command("list")
def list_(
    app: AppName, is_json: AsJson = False, store: StoreUrl = None, database: DatabaseUrl = None
) -> None:
    """Lists views: which generation of each serves, and how far it has got.

    A running application seldom writes down that a view got further without a change: such a view may be less
    far behind than is shown here.
    """
    loaded = load_app(app)
    lines = asyncio.run(_lines(loaded, loaded.store_url(store, database)))
    if is_json:
        for line in lines:
            print_json(line)
    else:
        headings = ("view", "generation", "position", "behind", "status")
        print_table(headings, [_row(line) for line in lines])


@views.command("rebuild")
def rebuild_(
    app: AppName,
    name: ViewName,
    store: StoreUrl = None,
    database: DatabaseUrl = None,
) -> None:
    """Builds a view anew from the whole history, beside the one that serves until it is done.

    A running application does it when it is asked to; while none runs, this command does it by itself.
    """
    loaded = load_app(app)
    asyncio.run(rebuild(_view_of(loaded, name), loaded.store_url(store, database)))


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
    later events of the row wait. A key such as @17 stands for an event at that position of which it cannot be
    told to which row it belongs.
    """
    loaded = load_app(app)
    view = _view_of(loaded, name)
    rows = asyncio.run(_set_aside(view, loaded.store_url(store, database)))
    if is_json:
        for row in rows:
            print_json(SetAsideLine.of(row))
    else:
        headings = ("key", "generation", "position", "waiting", "since", "error")
        print_table(headings, [row_of(row) for row in rows])


@views.command("retry")
def retry_(
    app: AppName,
    name: ViewName,
    key: Annotated[
        str | None, typer.Argument(metavar="KEY", help="The row; all of the view's if it is left out.")
    ] = None,
    store: StoreUrl = None,
    database: DatabaseUrl = None,
) -> None:
    """Folds the events again that wait for rows which were set aside.

    A running application does it at once, and any other one when it starts. Where a reducer was fixed the
    view is built anew in any case; this is for a fix elsewhere, or a reason that was there for a while.
    """
    loaded = load_app(app)
    asyncio.run(_retry(_view_of(loaded, name), key, loaded.store_url(store, database)))


def _view_of(app: App, name: str) -> ViewType:
    view = app.catalog.views.get(name)
    if view is None:
        known = ", ".join(app.catalog.views) or "none"
        raise CommandFailed(f"{app.name} has no view {name!r}; it has {known}")
    return view


async def _set_aside(view: ViewType, url: str) -> list[SetAside]:
    async with open_beside(url) as stores:
        return await rows_of(view.name, stores.database)


async def _retry(view: ViewType, key: str | None, url: str) -> None:
    async with open_beside(url) as stores:
        await retry(view, key, url, stores)


async def _lines(app: App, url: str) -> list[ViewLine]:
    async with open_beside(url) as stores:
        # The head is asked for last, so that no view is ever said to be ahead of it.
        built = await stores.database.views()
        head = await stores.journal.head()
    return list(_described(app, built, head))


def _described(app: App, built: list[ViewState], head: int) -> Iterator[ViewLine]:
    declared = app.catalog.views
    for state in built:
        view = declared.get(state.name)
        is_current = view is not None and view.fingerprint == state.fingerprint
        yield ViewLine(
            state.name, state.generation, state.is_live, is_current, view is not None, state.checkpoint, head
        )
    for name in declared.keys() - {state.name for state in built}:
        yield ViewLine(name, 0, is_live=False, is_current=False, is_declared=True, position=0, head=head)


def _row(line: ViewLine) -> tuple[str, ...]:
    behind = max(0, line.head - line.position)
    return line.name, str(line.generation), f"{line.position:,}", f"{behind:,}", _status(line)


def _status(line: ViewLine) -> str:
    if not line.is_declared:
        return "no longer declared"
    if not line.generation:
        return "not built yet: the application builds it when it starts"
    if not line.is_current:
        return "built by an older declaration" + ("; serves" if line.is_live else "")
    return "serves" if line.is_live else "being built"
