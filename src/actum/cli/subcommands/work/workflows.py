"""The commands that list workflows, show one, signal it, and pause, resume, cancel, retry or restart it."""

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec import Struct

from actum.cli.default_command import ListByDefault
from actum.cli.loading import load_app
from actum.cli.options import AppName, AsJson, By, DatabaseUrl, StoreUrl, operator
from actum.cli.output import print_json, print_line, print_outcome, print_table
from actum.ports.workflows import Status

if TYPE_CHECKING:
    from actum.cli.workflow_line import WorkflowLine

HEADINGS = ("kind", "id", "status", "wakes", "changed", "error")
RECORDS = ("step", "number", "time", "result")
PATIENCE = timedelta(seconds=10)
"""How long to wait for the application to carry out a request."""

workflows: typer.Typer = typer.Typer(
    cls=ListByDefault,
    no_args_is_help=True,
    help="Lists workflows, shows what they have done, and controls them.",
)


class SignalledLine(Struct, frozen=True):
    """A signal that was sent, as `--json` prints it."""

    kind: str
    id: str
    signal: str


class AskedLine(Struct, frozen=True):
    """A request for a workflow, as `--json` prints it.

    `is_done` is false while no application runs that could do it, or while one that runs has not done it yet.
    `status` is that of the workflow now, if an application runs.
    """

    kind: str
    id: str
    request: str
    status: Status | None
    is_done: bool


Kind = Annotated[str, typer.Argument(metavar="KIND", help="The workflow's name.", show_default=False)]
Id = Annotated[str, typer.Argument(metavar="ID", help="The workflow's id.", show_default=False)]


@workflows.command("list")
def list_(
    app: AppName,
    kind: Annotated[str | None, typer.Option(help="Only workflows of this kind.")] = None,
    status: Annotated[Status | None, typer.Option(help="Only workflows in this status.")] = None,
    is_json: AsJson = False,
    store: StoreUrl = None,
    database: DatabaseUrl = None,
) -> None:
    """Lists workflows, in the order in which they were started."""
    asyncio.run(_list(load_app(app).store_url(store, database), kind, status, is_json=is_json))


@workflows.command()
def show(
    app: AppName,
    kind: Kind,
    id: Id,
    is_json: AsJson = False,
    store: StoreUrl = None,
    database: DatabaseUrl = None,
) -> None:
    """Shows one workflow: where it is, and what each of its steps came to."""
    from actum.cli.workflow_line import record_row

    line = asyncio.run(_show(load_app(app).store_url(store, database), kind, id))
    if is_json:
        print_json(line)
        return
    for name, value in line.described():
        print_line(f"{name:>12}", value)
    print_table(RECORDS, [record_row(record) for record in line.records or ()])


@workflows.command()
def signal(
    app: AppName,
    kind: Kind,
    id: Id,
    name: Annotated[str, typer.Argument(metavar="SIGNAL", help="The name of the signal's class.")],
    body: Annotated[str, typer.Argument(metavar="JSON", help="The signal as JSON.")],
    by: By = None,
    is_json: AsJson = False,
    store: StoreUrl = None,
    database: DatabaseUrl = None,
) -> None:
    """Sends a signal to a workflow."""
    url = load_app(app).store_url(store, database)
    asyncio.run(_signal(url, kind, id, name, body, operator(by)))
    said = f"{kind}/{id}: the signal {name} is sent"
    print_outcome(SignalledLine(kind, id, name), said, is_json=is_json)


@workflows.command()
def pause(
    app: AppName,
    kind: Kind,
    id: Id,
    by: By = None,
    is_json: AsJson = False,
    store: StoreUrl = None,
    database: DatabaseUrl = None,
) -> None:
    """Has a workflow begin nothing new until it is resumed."""
    _request(app, kind, id, "pause", by=by, is_json=is_json, store=store, database=database)


@workflows.command()
def resume(
    app: AppName,
    kind: Kind,
    id: Id,
    by: By = None,
    is_json: AsJson = False,
    store: StoreUrl = None,
    database: DatabaseUrl = None,
) -> None:
    """Has a workflow go on that is paused or stalled."""
    _request(app, kind, id, "resume", by=by, is_json=is_json, store=store, database=database)


@workflows.command()
def cancel(
    app: AppName,
    kind: Kind,
    id: Id,
    by: By = None,
    is_json: AsJson = False,
    store: StoreUrl = None,
    database: DatabaseUrl = None,
) -> None:
    """Cancels a workflow: nothing new is begun, and its compensations run."""
    _request(app, kind, id, "cancel", by=by, is_json=is_json, store=store, database=database)


@workflows.command()
def retry(
    app: AppName,
    kind: Kind,
    id: Id,
    by: By = None,
    is_json: AsJson = False,
    store: StoreUrl = None,
    database: DatabaseUrl = None,
) -> None:
    """Has a workflow go on that is stalled, or has failed without having compensated anything."""
    _request(app, kind, id, "retry", by=by, is_json=is_json, store=store, database=database)


@workflows.command()
def restart(
    app: AppName,
    kind: Kind,
    id: Id,
    step: Annotated[str | None, typer.Option(help="The step from which to run again.")] = None,
    number: Annotated[int, typer.Option(min=1, help="Which of the steps of that name.")] = 1,
    by: By = None,
    is_json: AsJson = False,
    store: StoreUrl = None,
    database: DatabaseUrl = None,
) -> None:
    """Runs a workflow again, from its beginning or from a step; what it did before that stays as it is."""
    request = "restart" if step is None else f"restart:{number}:{step}"
    _request(app, kind, id, request, by=by, is_json=is_json, store=store, database=database)


def _request(
    app: str,
    kind: str,
    id: str,
    request: str,
    *,
    by: str | None,
    is_json: bool,
    store: str | None,
    database: str | None,
) -> None:
    url = load_app(app).store_url(store, database)
    asyncio.run(_ask_for(url, kind, id, request, operator(by), is_json=is_json))


async def _list(url: str, kind: str | None, status: Status | None, *, is_json: bool) -> None:
    from actum.cli.workflow_line import WorkflowLine, row_of
    from actum.operations.opening import open_beside
    from actum.operations.workflows import all_workflows

    is_continued = False
    async with open_beside(url) as stores:
        async for page in all_workflows(stores, kind=kind, status=status):
            if is_json:
                for workflow in page:
                    print_json(WorkflowLine.of(workflow))
            else:
                print_table(HEADINGS, map(row_of, page), is_continued=is_continued)
                is_continued = True


async def _show(url: str, kind: str, id: str) -> "WorkflowLine":
    from actum.cli.workflow_line import WorkflowLine
    from actum.operations.opening import open_beside
    from actum.operations.workflows import show_workflow

    async with open_beside(url) as stores:
        return WorkflowLine.of_shown(await show_workflow(stores, kind, id))


async def _signal(url: str, kind: str, id: str, name: str, body: str, by: str) -> None:
    from actum.operations.opening import open_beside
    from actum.operations.repairs.audit import Act, recorded
    from actum.operations.workflows import send_signal

    act = Act("workflows signal", f"{kind}/{id}", {"signal": name})
    async with open_beside(url) as stores, recorded(stores.database, by, act):
        await send_signal(stores, kind, id, name, body.encode())


async def _ask_for(url: str, kind: str, id: str, request: str, by: str, *, is_json: bool) -> None:
    from actum.operations.opening import is_running, open_beside
    from actum.operations.repairs.many import ask_for_workflow
    from actum.operations.workflows import watch_workflow

    name = request.partition(":")[0]
    async with open_beside(url) as stores:
        await ask_for_workflow(stores, kind, id, request, by=by)
        if not await is_running(stores, url):
            said = f"{kind}/{id}: requested; the application does it when it starts ({name})"
            print_outcome(AskedLine(kind, id, name, None, is_done=False), said, is_json=is_json)
            return
        found = await watch_workflow(stores, kind, id, patience=PATIENCE)
    done = "not yet carried out" if found.request else found.status
    line = AskedLine(kind, id, name, found.status, is_done=not found.request)
    print_outcome(line, f"{kind}/{id}: {done} ({name})", is_json=is_json)
