"""The command that examines an application, its store and this machine."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from actum.cli.failure import CommandFailed
from actum.cli.loading import load_app
from actum.cli.options import AppName, AsJson, DatabaseUrl, StoreUrl
from actum.cli.output import print_json, print_line

if TYPE_CHECKING:
    from actum.app import App
    from actum.operations.upkeep.examination.finding import Finding


def doctor(
    app: AppName,
    store: StoreUrl = None,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
    is_quick: Annotated[
        bool, typer.Option("--quick", help="Do not read the whole of a SQLite file for damage.")
    ] = False,
) -> None:
    """Examines an application, its store and this machine: what is wrong, and how to fix it.

    It names the versions; whether the store answers, is set up, is whole, and belongs to the application; its
    settings, its disk and the room on it; the clock; the key of personal data; whether the resources of the
    application open; and what stands still. It can be used while the application runs, and writes nothing.
    The exit code is 1 if anything is a fault; a warning leaves it 0.
    """
    loaded = load_app(app)
    faults = asyncio.run(_examine(loaded, loaded.store_url(store, database), as_json, not is_quick))
    if faults:
        raise CommandFailed(f"{faults} {'fault' if faults == 1 else 'faults'}: see above")


async def _examine(app: "App", url: str, as_json: bool, reads_all: bool) -> int:
    from actum.operations.upkeep.doctor import examine

    faults = 0
    async for finding in examine(app, url, reads_all=reads_all):
        faults += finding.verdict == "fault"
        if as_json:
            print_json(finding)
        else:
            _print(finding)
    return faults


def _print(finding: "Finding") -> None:
    print_line(f"{finding.verdict:<7}", f"{finding.part:<11}", finding.what)
    if finding.fix:
        print_line(" " * 7, " " * 11, f"-> {finding.fix}")
