"""The options that every command has, whatever else it takes."""

import os
from typing import Annotated, Any

import typer
from typer.main import get_command

from actum.cli.failure import TRACEBACK


def _show_tracebacks(is_wanted: bool) -> bool:
    if is_wanted:
        os.environ[TRACEBACK] = "1"
    return is_wanted


Debug = Annotated[
    bool,
    typer.Option(
        "--debug",
        "--traceback",
        callback=_show_tracebacks,
        expose_value=False,
        is_eager=True,
        help="Show the traceback of an error, as ACTUM_TRACEBACK=1 does.",
    ),
]

declaring: typer.Typer = typer.Typer(add_completion=False, rich_markup_mode=None)


@declaring.command(add_help_option=False)
def _declared(_debug: Debug = False) -> None: ...


def complete(command: Any) -> None:
    """Gives a command, or each command of a group, these options and a summary that is not cut off."""
    command.short_help = (command.help or "").partition("\n\n")[0]
    for subcommand in getattr(command, "commands", {}).values():
        complete(subcommand)
    if not hasattr(command, "commands"):
        command.params.extend(get_command(declaring).params)
