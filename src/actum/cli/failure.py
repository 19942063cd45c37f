"""What is printed when a command fails: one line, and a traceback on request."""

import os
import sys
import sysconfig
import traceback
from pathlib import Path

from actum.errors import ActumError
from actum.model.error_text import error_message

TRACEBACK = "ACTUM_TRACEBACK"
"""The environment variable that requests tracebacks, in this process and in those that it starts."""

MAX_ERROR = 10_000
"""Characters of an error that are printed."""

FOREIGN = (
    str(Path(__file__).parents[1]),
    sysconfig.get_path("stdlib"),
    sysconfig.get_path("purelib"),
    "<frozen",
)


class CommandFailed(ActumError):
    """A command cannot be carried out; the message says why, and what to do."""


def report(error: BaseException) -> None:
    """Prints to stderr what went wrong."""
    if os.environ.get(TRACEBACK, "0") not in ("", "0"):
        traceback.print_exception(error)
    print(f"error: {explain(error)}", file=sys.stderr, flush=True)


def explain(error: BaseException) -> str:
    """Says in one line what went wrong; for an unexpected error, also where in the author's code."""
    if isinstance(error, ActumError):
        return one_line(error_message(error, limit=MAX_ERROR))
    if isinstance(error, OSError) and error.strerror:
        return one_line(": ".join(str(part) for part in (error.filename, error.strerror) if part))
    text = error.msg if isinstance(error, SyntaxError) else error_message(error, limit=MAX_ERROR)
    place = place_of(error)
    return one_line(f"{f'{place}: ' if place else ''}{type(error).__name__}: {text}")


def one_line(text: str) -> str:
    """Gives a text without its line breaks."""
    return " ".join(text.split())


def place_of(error: BaseException) -> str:
    """Gives the file and line of the author's code that an error came from, or an empty text."""
    found = line_of(error)
    return "" if found is None else f"{_shown(found[0])}:{found[1]}"


def line_of(error: BaseException) -> tuple[str, int] | None:
    """Gives the path of the file and the number of the line, from 1, that place_of names."""
    if isinstance(error, SyntaxError) and error.filename:
        return error.filename, error.lineno or 1
    own = [
        frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith(FOREIGN)
    ]
    return (own[-1].filename, own[-1].lineno or 1) if own else None


def _shown(filename: str) -> str:
    path = Path(filename)
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
