"""The command that lists what has happened."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Annotated

import typer
from msgspec import Struct

from actum.app import App
from actum.cli.failure import CommandFailed
from actum.cli.loading import load_app
from actum.cli.opening import open_beside
from actum.cli.options import AppName, AsJson, DatabaseUrl, StoreUrl, storable
from actum.cli.output import EventLine, print_json, print_line, shown_time
from actum.model.deletion import DELETED
from actum.model.event import Stored, read_metadata
from actum.ports.journal import Journal

PAGE = 1_000


class Wanted(Struct, frozen=True):
    """Which events to list: those beyond a position, of a kind, an id and a type where these are given."""

    after: int | None
    kind: str | None
    id: str | None
    type: str | None
    limit: int | None
    is_followed: bool

    def takes(self, stored: Stored) -> bool:
        """Says whether an event is one of them."""
        return (
            self.kind in (None, stored.kind)
            and self.id in (None, stored.id)
            and self.type in (None, stored.type)
        )


def events(
    app: AppName,
    after: Annotated[
        int | None,
        typer.Option(metavar="POSITION", min=0, callback=storable, help="Only events beyond this position."),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, callback=storable, help="So many events at most.")
    ] = None,
    kind: Annotated[str | None, typer.Option(help="Only events of this kind of entity.")] = None,
    id: Annotated[str | None, typer.Option(help="Only events of the entity with this id.")] = None,
    type: Annotated[str | None, typer.Option(help="Only events of this type, by stored name.")] = None,
    is_json: AsJson = False,
    is_followed: Annotated[
        bool,
        typer.Option("--follow", "-f", help="Go on with new events; without --after, list only those."),
    ] = False,
    store: StoreUrl = None,
    database: DatabaseUrl = None,
) -> None:
    """Lists what has happened, in the order in which it was written.

    A line gives position, time (UTC), entity and version, type and payload, and where they are known who
    acted and the event that it followed from.
    """
    loaded = load_app(app)
    wanted = Wanted(after, kind, id, type, limit, is_followed)
    with suppress(KeyboardInterrupt):
        asyncio.run(_list(loaded, loaded.store_url(store, database), wanted, is_json=is_json))


async def _list(app: App, url: str, wanted: Wanted, *, is_json: bool) -> None:
    if wanted.is_followed:
        _check_names(app, wanted)
    count = 0
    async with open_beside(url) as stores:
        async for stored in _found(stores.journal, wanted):
            print_json(EventLine.of(stored)) if is_json else _print(stored)
            count += 1
            if count == wanted.limit:
                return
    if not count:
        _check_names(app, wanted)


async def _found(journal: Journal, wanted: Wanted) -> AsyncIterator[Stored]:
    after = wanted.after
    if after is None:
        after = await journal.head() if wanted.is_followed else 0
    while True:
        page = await journal.feed(after, PAGE)
        for stored in filter(wanted.takes, page):
            yield stored
        if page:
            after = page[-1].position
        elif wanted.is_followed:
            sys.stdout.flush()  # Whoever reads from a pipe sees all there is so far.
            await journal.wait(after)
        else:
            return


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
    """Gives who acted and what it followed from, where that is known."""
    metadata = read_metadata(stored.metadata)
    said = {"by": metadata.by, "from": metadata.causation_id}
    return [f"{word} {value}" for word, value in said.items() if value]


def _check_names(app: App, wanted: Wanted) -> None:
    """Refuses a name that the application does not know and nothing is stored under."""
    if wanted.kind is not None and wanted.kind not in app.catalog.kinds:
        raise CommandFailed(
            f"{app.name} has no entity {wanted.kind!r}; it has {', '.join(app.catalog.kinds)}"
        )
    if wanted.type is not None and wanted.type not in {*app.catalog.events, DELETED}:
        raise CommandFailed(
            f"{app.name} has no event {wanted.type!r}; it has {', '.join(app.catalog.events)}"
        )
