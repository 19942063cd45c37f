"""What is printed when a command fails: one line, and a traceback on request."""

import os
import sys
import traceback

from actum.errors import ActumError
from actum.model.error_text import error_message

TRACEBACK = "ACTUM_TRACEBACK"
"""The environment variable that requests tracebacks, in this process and in those that it starts."""

MAX_ERROR = 10_000
"""Characters of an error that are printed."""


class CommandFailed(ActumError):
    """A command cannot be carried out; the message says why, and what to do."""


def report(error: BaseException) -> None:
    """Prints to stderr what went wrong."""
    if os.environ.get(TRACEBACK, "0") not in ("", "0"):
        traceback.print_exception(error)
    print(f"error: {explain(error)}", file=sys.stderr, flush=True)


def explain(error: BaseException) -> str:
    """Says in one line what went wrong; for an unexpected error, also where in the author's code."""
    from actum.model.option import late_field

    if isinstance(error, ActumError):
        return one_line(error_message(error, limit=MAX_ERROR))
    if isinstance(error, OSError) and error.strerror:
        return one_line(": ".join(str(part) for part in (error.filename, error.strerror) if part))
    text = error.msg if isinstance(error, SyntaxError) else error_message(error, limit=MAX_ERROR)
    if isinstance(error, TypeError) and (late := late_field(error)):
        text = late
    place = place_of(error)
    return one_line(f"{f'{place}: ' if place else ''}{type(error).__name__}: {text}")


def one_line(text: str) -> str:
    """Gives a text without its line breaks."""
    return " ".join(text.split())


def place_of(error: BaseException) -> str:
    """Gives the file and line of the author's code that an error came from, or an empty text."""
    from actum.model.code.place import place_of_error, shown_place

    return shown_place(place_of_error(error))
