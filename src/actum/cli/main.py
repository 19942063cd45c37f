"""The command line: its commands by name, and its way out when one fails."""

import os
import sys
from collections.abc import Sequence
from importlib.metadata import version as version_of
from typing import Annotated

import typer

from actum.cli.characters import take_all_characters
from actum.cli.commands import CommandGroup
from actum.cli.failure import TRACEBACK, CommandFailed, report
from actum.model.name import SURROGATE

FAILED = 1

cli: typer.Typer = typer.Typer(
    name="actum",
    cls=CommandGroup,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(is_asked: bool) -> None:
    if is_asked:
        print(f"actum {version_of('actum')}")
        raise typer.Exit


@cli.callback()
def actum(
    is_traced: Annotated[
        bool, typer.Option("--traceback", help="Show the traceback of an error, as ACTUM_TRACEBACK=1 does.")
    ] = False,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Runs Actum applications, and looks into what they keep.

    APP is MODULE:APP, as in bank:app for the App called app in bank.py; the part after the colon may be left
    out when it is app. Every command works beside a running application.
    """
    if is_traced:
        os.environ[TRACEBACK] = "1"


def _check_text(arguments: Sequence[str]) -> None:
    for argument in arguments:
        # Python keeps the bytes of an argument that is no text as halves of characters.
        if not argument.isascii() and SURROGATE.search(argument):
            raise CommandFailed(f"the argument {argument!a} is not text in this terminal's encoding")


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs one command line; an error is one line on stderr and exit code 1, or 2 for a mistyped command."""
    take_all_characters()
    try:
        _check_text(sys.argv[1:] if arguments is None else arguments)
        cli(arguments, prog_name="actum")
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - whatever it is, the user gets one line and not a traceback.
        report(error)
        sys.exit(FAILED)
