"""Places in the author's code: the file and line of a declaration, and of what an error came from."""

import inspect
import sysconfig
from functools import partial
from pathlib import Path
from typing import Any

from actum.errors import DefinitionError

FOREIGN = (
    str(Path(__file__).parents[2]),
    sysconfig.get_path("stdlib"),
    sysconfig.get_path("purelib"),
    "<frozen",
)
"""How the names of the files begin that Actum, Python or an installed library has written."""
BEGINS = ("def ", "async def ", "class ")

Place = tuple[str, int]
"""The path of a file, and the number of a line in it, from 1."""


def place_of_declaration(declared: Any) -> Place | None:
    """Returns where the author wrote a class, a function or a method; None if its source is nowhere."""
    declared = inspect.unwrap(declared.func if isinstance(declared, partial) else declared)
    try:
        file = inspect.getsourcefile(declared)
        lines, first = inspect.getsourcelines(declared)
    except (OSError, TypeError):
        return None
    if file is None or file.startswith(FOREIGN):
        return None
    # Its source begins with its decorators.
    above = next((number for number, text in enumerate(lines) if text.lstrip().startswith(BEGINS)), 0)
    return file, first + above


class blamed_on:
    """Gives a DefinitionError of a block the place of a class or function, unless it has one."""

    __slots__ = ("_declared",)

    def __init__(self, declared: Any) -> None:
        self._declared = declared

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, DefinitionError) and error.place is None:
            error.place = place_of_declaration(self._declared)


def place_of_error(error: BaseException) -> Place | None:
    """Returns the declaration that an error is about, or the author's last line that it came through."""
    if isinstance(error, DefinitionError) and error.place is not None:
        return error.place
    if isinstance(error, SyntaxError) and error.filename:
        return error.filename, error.lineno or 1
    found, trace = None, error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if not file.startswith(FOREIGN):
            found = file, trace.tb_lineno
        trace = trace.tb_next
    return found


def shown_place(place: Place | None) -> str:
    """Returns a place as FILE:LINE, within the current folder relative to it; an empty text for None."""
    if place is None:
        return ""
    path = Path(place[0])
    try:
        here = Path.cwd()
    except OSError:
        here = path
    return f"{path.relative_to(here) if here in path.parents else path}:{place[1]}"
