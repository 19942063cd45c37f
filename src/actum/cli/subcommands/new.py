"""The command that writes a new application."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from msgspec import Struct

from actum.cli.options import AsJson
from actum.cli.output import print_json, print_line


class Written(Struct, frozen=True):
    """What was written, as `--json` prints it: the folder, and the paths of the files in it."""

    application: str
    folder: str
    files: list[str]


def new(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="The name, in lower-case letters, digits and _.", show_default=False
        ),
    ],
    is_json: AsJson = False,
) -> None:
    """Writes a small application with tests, type checks and a workflow for CI, to begin with.

    It makes a folder called NAME in the current one: an application of one file with an entity, its events, a
    view, routes and an action; its tests; pyproject.toml, README.md, Containerfile, and a workflow for GitHub
    that checks format, lint, types and tests. They pass as they are.
    """
    from importlib.metadata import version as version_of

    from actum.cli.new.naming import check_name
    from actum.cli.new.writing import write_application

    check_name(name, sys.path)
    version = version_of("actum")
    written = write_application(name, Path.cwd(), version=version)
    if is_json:
        print_json(Written(f"{name}:app", str(Path.cwd() / name), written))
        return
    print_line(f"{name} is written:")
    for path in written:
        print_line(f"  {name}/{path}")
    print_line("next:")
    print_line(f"  cd {name}")
    print_line("  pip install -e '.[dev]'")
    print_line("  actum dev")
