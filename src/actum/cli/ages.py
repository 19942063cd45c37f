"""Ages on the command line: how old something has to be to be deleted or archived."""

import re
from datetime import timedelta
from typing import Annotated

import typer

from actum.cli.failure import CommandFailed

UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
AGE = re.compile(r"(\d{1,5})([mhdw])")

OlderThan = Annotated[
    str, typer.Option(metavar="AGE", help="The age, as in 30d, 12h, 90m or 4w.", show_default=False)
]


def age_of(text: str) -> timedelta:
    """Reads an age; raises CommandFailed for what is none."""
    found = AGE.fullmatch(text)
    if found is None or not int(found[1]):
        raise CommandFailed(f"--older-than {text}: write an age, as in 30d, 12h, 90m or 4w")
    return timedelta(**{UNITS[found[2]]: int(found[1])})
