"""The command that serves an application while it is written."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from actum.cli.failure import CommandFailed
from actum.cli.loading import check_module
from actum.cli.options import DatabaseUrl, Format, Level, LogFormat, StoreUrl, applications


def dev(
    app: Annotated[
        str | None,
        typer.Argument(
            metavar="APP",
            help="The application, as MODULE:APP; by default that of pyproject.toml, or the only one.",
            autocompletion=applications,
            show_default=False,
        ),
    ] = None,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="The port; 0 takes a free one.")] = 8000,
    store: StoreUrl = None,
    database: DatabaseUrl = None,
    watched: Annotated[
        list[Path] | None,
        typer.Option(
            "--watch", metavar="DIR", help="A folder to watch beside the current one; may be repeated."
        ),
    ] = None,
    has_no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Do not open the console in a browser.")
    ] = False,
    log_level: Level = None,
    log_format: Format = LogFormat.TEXT,
) -> None:
    """Serves an application while you write it: what you change is loaded at once.

    When a Python file below the current folder changes, the process that serves is replaced, after the
    requests in progress. The store is kept; requests that come meanwhile wait. What cannot be loaded is
    shown in the terminal and in the browser, which shows the application again when it is corrected.

    pyproject.toml names the application by `app = "shop:app"` below `[tool.actum]`. As with
    `run --development`, I/O in commands and reducers is refused, requests are logged, and the console is
    open to this machine. Ctrl+C stops it.
    """
    from actum.cli.development.browser import may_open
    from actum.cli.development.job import Job
    from actum.cli.development.supervisor import Supervisor
    from actum.cli.finding import find_application
    from actum.cli.server.serving import listen

    named = app or find_application(Path.cwd())
    check_module(named)
    folders = _folders(watched or [])
    opens_browser = not has_no_browser and may_open(os.environ, is_terminal=sys.stdout.isatty())
    job = Job(named, -1, -1, -1, store, database, log_level, log_format)
    with listen(host, port) as listener:
        asyncio.run(Supervisor(job, listener, folders, opens_browser=opens_browser).run())
    print("stopped", flush=True)


def _folders(further: list[Path]) -> list[Path]:
    folders = [Path.cwd()]
    for folder in further:
        if not folder.is_dir():
            raise CommandFailed(f"--watch {folder}: there is no such folder")
        place = folder.resolve()
        if not any(place.is_relative_to(known) for known in folders):
            folders.append(place)
    return folders
