"""The command that lists events."""

import asyncio
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from actum.cli.loading import load_app
from actum.cli.options import AppName, AsJson, DatabaseUrl, StoreUrl, storable
from actum.cli.output import EventLine, print_json, print_line, shown_time
from actum.model.event import Stored, read_metadata

if TYPE_CHECKING:
    from actum.app import App
    from actum.operations.events import EventFilter


def events(
    app: AppName,
    after: Annotated[
        int | None,
        typer.Option(metavar="POSITION", min=0, callback=storable, help="Only events after this position."),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, callback=storable, help="At most this many events.")
    ] = None,
    kind: Annotated[str | None, typer.Option(help="Only events of this kind of entity.")] = None,
    id: Annotated[str | None, typer.Option(help="Only events of the entity with this id.")] = None,
    type: Annotated[str | None, typer.Option(help="Only events of this type, by stored name.")] = None,
    is_json: AsJson = False,
    is_followed: Annotated[
        bool,
        typer.Option("--follow", "-f", help="Continue with new events; without --after, list only those."),
    ] = False,
    store: StoreUrl = None,
    database: DatabaseUrl = None,
) -> None:
    """Lists events, in the order in which they were written.

    A line shows position, time (UTC), entity and version, type and payload and, where they are known, who
    acted and which event caused it.
    """
    from actum.operations.events import EventFilter

    loaded = load_app(app)
    url = loaded.store_url(store, database)
    wanted = EventFilter(kind, id, type)
    with suppress(KeyboardInterrupt):
        asyncio.run(
            _list(
                loaded,
                url,
                wanted,
                after=after,
                limit=limit,
                is_followed=is_followed,
                is_json=is_json,
            )
        )


async def _list(
    app: "App",
    url: str,
    wanted: "EventFilter",
    *,
    after: int | None,
    limit: int | None,
    is_followed: bool,
    is_json: bool,
) -> None:
    from actum.operations.events import all_events, check_names, follow_events
    from actum.operations.opening import open_beside

    if is_followed:
        check_names(app, wanted)
    count = 0
    async with open_beside(url) as stores:
        pages = (
            follow_events(stores, wanted, after=after)
            if is_followed
            else all_events(stores, wanted, after=after or 0)
        )
        async for page in pages:
            for stored in page:
                print_json(EventLine.of(stored)) if is_json else _print(stored)
                count += 1
                if count == limit:
                    return
            sys.stdout.flush()  # A reader of a pipe gets every event so far.
    if not count:
        check_names(app, wanted)


def _print(stored: Stored) -> None:
    print_line(
        f"{stored.position:>8}",
        shown_time(stored.time),
        f"{stored.kind}/{stored.id}@{stored.version}",
        stored.type,
        stored.payload.decode(),
        *_origin(stored),
    )


def _origin(stored: Stored) -> list[str]:
    """Gives who acted and what caused it, where that is known."""
    metadata = read_metadata(stored.metadata)
    said = {"by": metadata.by, "from": metadata.causation_id}
    return [f"{word} {value}" for word, value in said.items() if value]
