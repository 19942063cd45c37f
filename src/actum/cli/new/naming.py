"""Which names a new application may have: those that a module and a package can both have."""

import keyword
import re
import sys
from collections.abc import Sequence
from importlib.machinery import PathFinder
from pathlib import Path

from actum.cli.failure import CommandFailed

NAME = re.compile(r"[a-z](?:[a-z0-9_]*[a-z0-9])?")
UNFIT = re.compile(r"[^a-z0-9]+")
MAX_LENGTH = 60
RESERVED = frozenset({"actum", "app", "setup", "test", "tests", "conftest"})
"""What is called so means something to Python's tools, or to Actum."""


def check_name(name: str, path: Sequence[str]) -> None:
    """Raises CommandFailed, with a name that would do, for one that no application can have.

    `path` is where modules are searched for that it would hide.
    """
    if not NAME.fullmatch(name):
        raise CommandFailed(
            f"{name!r} is not a name for an application: use lower-case letters, digits and _, and begin "
            f"with a letter{_proposal(name)}"
        )
    if len(name) > MAX_LENGTH:
        raise CommandFailed(f"the name has {len(name)} characters: use at most {MAX_LENGTH}")
    why = _why_taken(name, path)
    if why:
        raise CommandFailed(f"{name!r} {why}: choose another name, such as {name}_app")


def _proposal(name: str) -> str:
    fitting = UNFIT.sub("_", name.lower()).strip("_0123456789")
    return f", as in {fitting}" if NAME.fullmatch(fitting) else ", as in shop"


def _why_taken(name: str, path: Sequence[str]) -> str:
    if keyword.iskeyword(name) or keyword.issoftkeyword(name):
        return "is a keyword of Python"
    if name in sys.stdlib_module_names:
        return "is a module of Python's standard library, which it would hide"
    if name in RESERVED:
        return "means something else to Python's tools"
    here = Path.cwd()
    if (here / name).is_dir() and any((here / name).iterdir()):
        return ""  # That is said instead: it may have been installed from there.
    elsewhere = [place for place in path if place and Path(place).absolute() != here]
    if PathFinder.find_spec(name, elsewhere) is not None:
        return "is a package that is installed here, which it would hide"
    return ""
