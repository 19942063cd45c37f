"""The arguments and options that several commands share."""

import getpass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer


class LogLevel(StrEnum):
    """The least important entries that are logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """How entries are written."""

    TEXT = "text"
    JSON = "json"


def applications(incomplete: str) -> list[str]:
    """Gives the applications in the current folder, and in its packages, whose names begin like this."""
    from actum.cli.finding import find_applications

    return [found for found in find_applications(Path.cwd()) if found.startswith(incomplete)]


AppName = Annotated[
    str,
    typer.Argument(
        metavar="APP",
        help="The application, as MODULE:APP.",
        autocompletion=applications,
        show_default=False,
    ),
]
StoreUrl = Annotated[
    str | None,
    typer.Option(
        "--store",
        metavar="URL",
        help="The store; by default ACTUM_STORE, or sqlite:///NAME.db for an application called NAME.",
        show_default=False,
    ),
]
DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        "--database",
        metavar="URL",
        help="The database beside a store that keeps only events; by default ACTUM_DATABASE.",
        show_default=False,
    ),
]
By = Annotated[
    str | None,
    typer.Option(
        "--by",
        metavar="WHO",
        envvar="ACTUM_OPERATOR",
        help="Who does it, for the audit log; by default who is logged in.",
        show_default=False,
    ),
]
MAX_NUMBER = 2**63 - 1
"""The largest number that stores hold: of a position, a version, a letter."""

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, one object a line.")]
Level = Annotated[
    LogLevel | None,
    typer.Option(
        "--log-level",
        envvar="ACTUM_LOG_LEVEL",
        help="The least important entries to log; by default info of Actum, and warning of the rest. "
        "With debug, every command, commit and attempt.",
        show_default=False,
    ),
]
Format = Annotated[
    LogFormat,
    typer.Option(
        "--log-format",
        envvar="ACTUM_LOG_FORMAT",
        help="Lines of text, or an object of JSON for each entry, with the correlation id.",
    ),
]


def storable(given: Any) -> Any:
    """Refuses a number that no store can hold as a usage error."""
    for number in given if isinstance(given, list) else [given]:
        if number is not None and not -MAX_NUMBER <= number <= MAX_NUMBER:
            raise typer.BadParameter(f"{number} is larger than any store holds")
    return given


def operator(by: str | None) -> str:
    """Gives who is to be recorded: who is named, or else who is logged in, if that is known."""
    if by:
        return by
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""
