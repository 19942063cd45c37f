"""The command line: runs the command that is named, and reports its failure."""

import os
import sys
from collections.abc import Sequence
from importlib.metadata import version as version_of
from typing import Annotated

import typer

from actum.cli.characters import accept_all_characters
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
    """Runs Actum applications, and inspects what they have stored.

    APP is MODULE:APP, as in bank:app for the App called app in bank.py; `:app` may be left out.
    Every command except migrate, adopt, export and import can be used while the application is running.
    """
    if is_traced:
        os.environ[TRACEBACK] = "1"


def _check_text(arguments: Sequence[str]) -> None:
    for argument in arguments:
        # Python represents bytes that are not text as surrogates.
        if not argument.isascii() and SURROGATE.search(argument):
            raise CommandFailed(f"the argument {argument!a} is not text in this terminal's encoding")


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs one command line; an error is one line on stderr and exit code 1, or 2 for a usage error."""
    accept_all_characters()
    try:
        _check_text(sys.argv[1:] if arguments is None else arguments)
        cli(arguments, prog_name="actum")
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 (the user gets one line, whatever it is)
        report(error)
        sys.exit(FAILED)
