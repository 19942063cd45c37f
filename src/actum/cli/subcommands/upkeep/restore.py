"""The command that checks a backup, and puts it in the place of a store."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from actum.cli.loading import load_app
from actum.cli.options import AppName, AsJson, DatabaseUrl, StoreUrl
from actum.cli.output import print_json, print_line, shown_time
from actum.cli.subcommands.upkeep.backup import (
    BackupFile,
    contents_line,
    described,
    own_way,
)

if TYPE_CHECKING:
    from actum.app import App
    from actum.operations.upkeep.restoring import Restored
    from actum.stores.sqlite.backup.contents import Contents


def restore(
    app: AppName,
    file: BackupFile,
    is_json: AsJson = False,
    store: StoreUrl = None,
    database: DatabaseUrl = None,
    only_checks: Annotated[
        bool, typer.Option("--check", help="Check the backup, say what is in it, and change nothing.")
    ] = False,
    accepts_lost_keys: Annotated[
        bool,
        typer.Option(
            "--without-person-keys",
            help="Accept that personal data cannot be read, where neither the backup nor the store has keys "
            "of persons.",
        ),
    ] = False,
) -> None:
    """Checks a backup, and puts it in the place of a store's file, which is kept beside it.

    Stop the application first. Keys of persons stay those of the store that is replaced, so that who was
    forgotten since the backup stays forgotten. For other stores than one SQLite file, the commands of their
    own tools are printed, and the exit code is 1.
    """
    from actum.cli.progress import reported_bytes
    from actum.operations.upkeep.other_stores import check_is_file
    from actum.operations.upkeep.restoring import check_backup
    from actum.operations.upkeep.restoring import restore as restore_store

    loaded = load_app(app)
    url = loaded.store_url(store, database)
    if only_checks:
        with own_way(), reported_bytes() as report:
            check_is_file(url, str(file))
            contents = check_backup(loaded, file, report)
        if is_json:
            print_json(contents_line(contents))
        else:
            _print_contents(loaded, str(file), contents)
        return
    with own_way(), reported_bytes() as report:
        restored = restore_store(loaded, url, file, report, accepts_lost_keys=accepts_lost_keys)
    if is_json:
        print_json(_line_of(restored))
    else:
        _print_restored(str(file), restored)


def _line_of(restored: "Restored") -> dict[str, Any]:
    return {
        "store": str(restored.store),
        "contents": contents_line(restored.contents),
        "aside": None if restored.aside is None else str(restored.aside),
        "keys": restored.keys,
    }


def _print_contents(app: "App", file: str, contents: "Contents") -> None:
    print_line(f"{file} is whole: {described(contents)}")
    is_run = contents.application == app.name
    print_line(f"application: {app.name if is_run else 'none has run on it yet'}")
    versions = ", ".join(f"{part} {version}" for part, version in sorted(contents.versions.items()))
    update = "" if contents.is_current else "; it is brought up to date at the next start"
    print_line(f"schema: {versions}{update}")
    if contents.events:
        first, last = shown_time(contents.first_time), shown_time(contents.last_time)
        print_line(f"events: from {first} to {last}, the last at position {contents.last_position:,}")
    print_line(f"views: {contents.views}")
    print_line(f"keys of persons: {_keys(contents)}")


def _keys(contents: "Contents") -> str:
    if contents.lacks_keys:
        return "none, and there is personal data: `actum restore` takes them from the store that it replaces"
    if not contents.person_keys:
        return "none"
    return (
        f"{contents.person_keys:,}, sealed under {contents.application_keys} of the application; "
        "without ACTUM_KEY nobody can open them"
    )


def _print_restored(file: str, restored: "Restored") -> None:
    print_line(f"{restored.store} is restored from {file}: {described(restored.contents)}")
    if restored.aside is not None:
        print_line(f"The earlier file is kept as {restored.aside}: delete it when it is not needed.")
    if restored.keys is not None and restored.keys.keys:
        print_line(f"Keys of persons are those of the earlier file: {restored.keys.keys:,}.")
        if restored.keys.forgotten:
            print_line(
                f"Persons who were forgotten since the backup stay so ({restored.keys.forgotten:,} keys); "
                "views with personal data are built when the application starts."
            )
    elif restored.contents.person_keys:
        print_line(
            "Keys of persons are those of the backup: whoever was forgotten since it was made has to be "
            "forgotten again, with `actum forget`."
        )
    print_line(
        "Events, views, queues and timers are of one moment, so `actum adopt` is not needed. What was erased "
        "after the backup exists again: erase it again."
    )
