"""The commands that move an application from one store to another, and compare the events of stores."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from actum.cli.loading import load_app
from actum.cli.options import AppName, AsJson, DatabaseUrl, StoreUrl
from actum.cli.output import print_json, print_line
from actum.operations.moves.parts import PARTS

Without = Annotated[
    list[str] | None,
    typer.Option(
        metavar="PART",
        help=f"Leave out a part: {', '.join(PARTS)}. May be repeated.",
        show_default=False,
    ),
]


def export(
    app: AppName,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write.", show_default=False)],
    without: Without = None,
    is_json: AsJson = False,
    store: StoreUrl = None,
    database: DatabaseUrl = None,
) -> None:
    """Writes everything that is stored for an application to one file, for `actum import`.

    That is its events, the replies of idempotency keys, claims, keys of persons as they are sealed, the
    progress of actions, letters, messages, timers and workflows. Views and snapshots are left out: they are
    made from the events. The application must not be running. An export that was interrupted goes on where
    it stopped when the command is run again.
    """
    from actum.cli.progress import reported_parts
    from actum.operations.moves.exporting import export_application

    loaded = load_app(app)
    with reported_parts() as report:
        done = asyncio.run(
            export_application(
                loaded, loaded.store_url(store, database), file, report, without=tuple(without or ())
            )
        )
    if is_json:
        print_json(done)
        return
    _print_counts(done.counts)
    _print_run(done.counts, done.seconds, done.resumed)
    print_line(f"{done.file}: {done.bytes:,} bytes")
    print_line(f"digest of the events: {done.digest}")


def import_(
    app: AppName,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="What `actum export` has written.", show_default=False)
    ],
    without: Without = None,
    is_checked: Annotated[
        bool, typer.Option("--check/--no-check", help="Read all events again from the store at the end.")
    ] = True,
    is_json: AsJson = False,
    store: StoreUrl = None,
    database: DatabaseUrl = None,
) -> None:
    """Writes what `actum export` has written into an empty store, of any kind.

    An import that was interrupted goes on where it stopped when the command is run again; until it has ended,
    no application starts on the store. Views are built when the application starts.
    """
    from actum.cli.progress import reported_parts
    from actum.operations.moves.importing import import_application

    loaded = load_app(app)
    with reported_parts() as report:
        done = asyncio.run(
            import_application(
                loaded,
                loaded.store_url(store, database),
                file,
                report,
                without=tuple(without or ()),
                is_checked=is_checked,
            )
        )
    if is_json:
        print_json(done)
        return
    _print_counts(done.counts)
    _print_run(done.counts, done.seconds, done.resumed)
    checked = ", read again from the store" if done.checked else ""
    print_line(f"digest of the events{checked}: {done.digest}")


def digest(
    app: AppName, is_json: AsJson = False, store: StoreUrl = None, database: DatabaseUrl = None
) -> None:
    """Prints the digest of all events of a store, which is the same in every store that has them.

    It covers everything but their positions. `actum export` and `actum import` print it too.
    """
    from actum.cli.progress import reported_parts
    from actum.operations.moves.digesting import digest_store

    loaded = load_app(app)
    with reported_parts() as report:
        found = asyncio.run(digest_store(loaded.store_url(store, database), report))
    if is_json:
        print_json(found)
    else:
        print_line(f"{found.digest}  {found.events:,} events up to position {found.position:,}")


def _print_counts(counts: Mapping[str, int]) -> None:
    for part, count in counts.items():
        if count:
            print_line(f"{part.replace('_', ' ')}: {count:,}")


def _print_run(counts: Mapping[str, int], seconds: float, resumed: int) -> None:
    now = counts.get("events", 0) - resumed
    rate = f" ({now / seconds:,.0f} a second)" if seconds > 0 and now else ""
    before = f", after {resumed:,} of an earlier run" if resumed else ""
    print_line(f"{now:,} events in {seconds:,.1f} seconds{rate}{before}")
