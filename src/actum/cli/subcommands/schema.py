"""The commands about a schema: it is printed, frozen in a lock file, and checked against that."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from msgspec import Struct

from actum.cli.characters import print_json_text
from actum.cli.default_command import ShowByDefault
from actum.cli.failure import CommandFailed
from actum.cli.loading import load_app
from actum.cli.options import AppName, AsJson
from actum.cli.output import print_json, print_line, print_outcome

if TYPE_CHECKING:
    from actum.app import App
    from actum.operations.evolution.change import Change
    from actum.operations.evolution.lock import Lock

LOCK = "actum.lock.json"
BROKEN = 1
BEHIND = 3
"""Exit codes of a check: something breaks; nothing does, and the lock is to be frozen again."""

LockFile = Annotated[
    Path | None,
    typer.Option(
        "--lock",
        metavar="FILE",
        help=f"The lock file; by default {LOCK} beside the application's module.",
        show_default=False,
    ),
]
Accept = Annotated[
    bool, typer.Option("--accept", help="Freeze changes that break something, which the check has listed.")
]
Strict = Annotated[bool, typer.Option("--strict", help="Fail for what breaks a rollback too.")]


class FrozenLock(Struct, frozen=True):
    """The lock file, and whether it was written, as `--json` prints it."""

    lock: str
    was_written: bool


schema: typer.Typer = typer.Typer(
    cls=ShowByDefault,
    no_args_is_help=True,
    help="Prints an application's schema; freezes what it has stored and promised, and checks changes to it.",
)


@schema.callback()
def _group() -> None:
    """Prints an application's schema; freezes what it has stored and promised, and checks changes to it."""


@schema.command()
def show(app: AppName, is_json: AsJson = False) -> None:
    """Prints the JSON Schema of events, commands, queries and views; `actum schema APP` does it too."""
    from actum.operations.schema import application_schema

    document = application_schema(load_app(app))
    if is_json:
        print_json(document)
        return
    print_json_text(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())


@schema.command()
def freeze(app: AppName, lock: LockFile = None, is_accepted: Accept = False, is_json: AsJson = False) -> None:
    """Writes the lock file; refuses changes that break something, unless they are accepted."""
    from actum.operations.evolution.declared import lock_of
    from actum.operations.evolution.judgement import check as judged
    from actum.operations.evolution.judgement import merged
    from actum.operations.evolution.lock import write_lock

    loaded, path = _find(app, lock)
    before = _read(path) if path.exists() else None
    changes = [] if before is None else judged(loaded, before)
    breaking = [change for change in changes if change.is_breaking]
    if breaking and not is_accepted:
        _show(breaking, is_json)
        raise CommandFailed(
            f"{_counted(len(breaking))} would break what exists: fix them, or freeze with --accept what you "
            f"know that nothing depends on; {path} is as it was"
        )
    text = write_lock(merged(before, lock_of(loaded)))
    if before is not None and path.read_bytes() == text.encode():
        print_outcome(FrozenLock(str(path), False), f"{path} is up to date", is_json=is_json)
        return
    _write(path, text)
    print_outcome(FrozenLock(str(path), True), f"{path} is frozen: commit it", is_json=is_json)


@schema.command()
def check(app: AppName, lock: LockFile = None, is_strict: Strict = False, is_json: AsJson = False) -> None:
    """Judges what has changed since the lock was frozen; opens no store.

    Ends with 0 if nothing has changed, with 3 if nothing breaks and the lock is to be frozen again, and with
    1 if something breaks.
    """
    from actum.operations.evolution.judgement import check as judged
    from actum.operations.evolution.judgement import is_current

    loaded, path = _find(app, lock)
    before = _read(path)
    changes = judged(loaded, before)
    _show(changes, is_json)
    breaking = [
        change for change in changes if change.is_breaking or (is_strict and change.verdict == "rollback")
    ]
    if breaking:
        _say(is_json, f"{_counted(len(breaking))} of {len(changes)} would break what exists")
        raise typer.Exit(BROKEN)
    if not is_current(loaded, before):
        _say(is_json, f"nothing breaks; {path} is behind: run `actum schema freeze {app}`, and commit it")
        raise typer.Exit(BEHIND)
    _say(is_json, f"nothing has changed since {path} was frozen")


def _find(named: str, lock: Path | None) -> "tuple[App, Path]":
    """Gives the application, and where its lock file is."""
    app = load_app(named)
    module = sys.modules[named.partition(":")[0]]
    return app, lock or _shown(Path(module.__file__ or LOCK).with_name(LOCK))


def _shown(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _read(path: Path) -> "Lock":
    from actum.operations.evolution.lock import read_lock

    try:
        return read_lock(path.read_bytes(), str(path))
    except FileNotFoundError as error:
        raise CommandFailed(
            f"there is no {path}: run `actum schema freeze` once, on what is deployed, and commit the file"
        ) from error


def _write(path: Path, text: str) -> None:
    """Replaces the file at once, so that one interrupted leaves the old one."""
    new = path.with_name(f"{path.name}.new")
    new.write_bytes(text.encode())
    new.replace(path)


def _show(changes: "list[Change]", is_json: bool) -> None:
    """Prints changes: as lines of JSON, or for people."""
    if is_json:
        for change in changes:
            print_json(change)
    else:
        _print_changes(changes)


def _print_changes(changes: "list[Change]") -> None:
    from actum.operations.evolution.change import MEANINGS

    shown: set[str] = set()
    verdict = ""
    for change in changes:
        if change.verdict != verdict:
            verdict = change.verdict
            print_line(f"{verdict}: {MEANINGS[change.verdict]}")
        print_line(f"  {change.where}: {change.what}")
        print_line(f"    why: {change.why}")
        if change.fix:
            print_line(f"    fix: {change.fix}")
        if change.code and change.code not in shown:
            shown.add(change.code)
            print_line("")
            for line in change.code.splitlines():
                print_line(f"        {line}" if line else "")
            print_line("")


def _say(is_json: bool, text: str) -> None:
    """Says how it ended: to programs on stderr, beside the lines of JSON."""
    if is_json:
        print(text, file=sys.stderr)
    else:
        print_line(text)


def _counted(count: int) -> str:
    return "1 change" if count == 1 else f"{count} changes"
