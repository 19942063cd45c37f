"""The command line: runs the command that is named, and reports its failure."""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated

import typer

from actum.cli.characters import accept_all_characters
from actum.cli.commands import CommandGroup
from actum.cli.common_options import Debug
from actum.cli.failure import CommandFailed, report
from actum.model.name import SURROGATE

FAILED = 1

cli: typer.Typer = typer.Typer(
    name="actum",
    cls=CommandGroup,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(is_asked: bool) -> None:
    if is_asked:
        from importlib.metadata import version as version_of

        print(f"actum {version_of('actum')}")
        raise typer.Exit


@cli.callback()
def actum(
    _debug: Debug = False,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Runs Actum applications, and inspects what they have stored.

    Begin with `actum new NAME`, and then `actum dev`.

    APP is MODULE:APP, as in bank:app for the App called app in bank.py; `:app` may be left out.
    Stop the application for adopt, archive, claims rebuild, export, import and restore, and for migrate on
    SQLite. All others can be used while it is running.
    """


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
    finally:
        _flush()


def _flush() -> None:
    """Writes what is left to be written; a reader that has gone, such as `head`, has no need of it."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        with suppress(OSError, ValueError):
            # Python flushes once more when it ends, and would complain.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILED)
