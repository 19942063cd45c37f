"""The command that backs up a store, and how the commands for backups describe one."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from msgspec import structs

from actum.cli.loading import load_app
from actum.cli.options import AppName, AsJson, DatabaseUrl, StoreUrl
from actum.cli.output import print_line, print_outcome, shown_time
from actum.model.event import to_datetime

if TYPE_CHECKING:
    from actum.stores.sqlite.backup.contents import Contents

BackupFile = Annotated[
    Path, typer.Argument(metavar="FILE", help="The backup, a file of its own.", show_default=False)
]


def backup(
    app: AppName,
    file: BackupFile,
    is_json: AsJson = False,
    store: StoreUrl = None,
    database: DatabaseUrl = None,
    overwrites: Annotated[bool, typer.Option("--force", help="Overwrite a file of that name.")] = False,
    without_person_keys: Annotated[
        bool,
        typer.Option(
            "--without-person-keys",
            help="Leave out the keys of persons, and views with personal data: who is forgotten later is "
            "forgotten in this backup too.",
        ),
    ] = False,
) -> None:
    """Backs up a store in one SQLite file, while the application runs or not.

    The backup is the store as it was at one moment, with what its log held. Its pages, its indexes and the
    versions of every entity are checked before it gets its name. While it is made, commands go on, and the
    store's log grows. For other stores, the commands of their own tools are printed, and the exit code is 1.
    """
    from actum.cli.progress import reported_bytes
    from actum.operations.upkeep.backup import back_up

    loaded = load_app(app)
    with own_way(), reported_bytes() as report:
        done = back_up(
            loaded,
            loaded.store_url(store, database),
            file,
            report,
            overwrites=overwrites,
            without_person_keys=without_person_keys,
        )
    without = (
        "It has no keys of persons: `actum restore` takes them from the store that it replaces. Views "
        "with personal data are built when the application starts on it."
    )
    print_outcome(
        {"store": str(done.store), "file": str(done.file), "contents": contents_line(done.contents)},
        f"{done.store} is backed up in {done.file}: {described(done.contents)}; checked",
        *([without] if without_person_keys else []),
        is_json=is_json,
    )


def contents_line(contents: "Contents") -> dict[str, Any]:
    """Returns what a backup holds, as `--json` prints it."""
    times = {name: getattr(contents, name) for name in ("first_time", "last_time")}
    shown = {name: to_datetime(time) if time else None for name, time in times.items()}
    return structs.asdict(contents) | shown


def described(contents: "Contents") -> str:
    """Says how much a backup holds, and up to when."""
    until = f" up to {shown_time(contents.last_time)}" if contents.last_time else ""
    archived = f" and {contents.archive_bytes / 1e6:,.1f} MB of archive" if contents.archived_events else ""
    return (
        f"{contents.events:,} events of {contents.entities:,} entities{until}, "
        f"{contents.size / 1e6:,.1f} MB{archived}"
    )


@contextmanager
def own_way() -> Generator[None]:
    """Prints how a store is backed up and restored that has its own tools for it."""
    from actum.operations.upkeep.other_stores import OwnWay

    try:
        yield
    except OwnWay as error:
        for step in error.steps:
            print_line(step)
        raise
