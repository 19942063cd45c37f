"""The command that moves old events out of a store's file."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from actum.cli.ages import OlderThan, age_of
from actum.cli.loading import load_app
from actum.cli.options import AppName, AsJson, DatabaseUrl, StoreUrl
from actum.cli.output import print_outcome

if TYPE_CHECKING:
    from actum.operations.upkeep.archiving import Archived

MB = 1_000_000


def archive(
    app: AppName,
    older_than: OlderThan,
    is_dry: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be archived, and change nothing.")
    ] = False,
    vacuums: Annotated[
        bool,
        typer.Option(
            "--vacuum",
            help="Give the space that is free then back to the disk. The file is written anew, and needs its "
            "size twice meanwhile.",
        ),
    ] = False,
    is_json: AsJson = False,
    store: StoreUrl = None,
    database: DatabaseUrl = None,
) -> None:
    """Moves old events out of a store in a SQLite file, into compressed files beside it.

    Archived are all events of entities whose last event is older than the age. They stay part of the store:
    views, histories and commands read them as before, from the folder FILE-archive, which belongs to the file
    from then on. The application must not be running. An interrupted run loses nothing, and the next goes on.
    """
    from actum.cli.progress import reported
    from actum.operations.upkeep.archiving import archive_old, count_old

    age = age_of(older_than)
    loaded = load_app(app)
    url = loaded.store_url(store, database)
    if is_dry:
        found = asyncio.run(count_old(loaded, url, age))
        print_outcome(found, _amount("would be archived", found), is_json=is_json)
        return
    with reported("archiving events") as report:
        done = asyncio.run(archive_old(loaded, url, age, report, vacuums=vacuums))
    print_outcome(done, _amount("archived", done), *_files(done, vacuums=vacuums), is_json=is_json)


def _amount(what: str, found: "Archived") -> str:
    return f"{what}: {found.events:,} events of {found.entities:,} entities, {found.bytes / MB:,.1f} MB"


def _files(done: "Archived", *, vacuums: bool) -> list[str]:
    if not done.events:
        return []
    lines = [
        f"{done.archive_bytes / MB:,.1f} MB were written to {done.folder}, which belongs to the store now"
    ]
    if vacuums:
        return [*lines, f"the store's file had {done.before / MB:,.1f} MB, and has {done.after / MB:,.1f} MB"]
    return [*lines, "the space is free for new events; --vacuum gives it back to the disk"]
