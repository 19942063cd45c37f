"""The commands that show one entity, and list the entities of a kind."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any

import msgspec
import typer
from msgspec import Raw, Struct

from actum.app import App
from actum.cli.failure import CommandFailed
from actum.cli.loading import load_app
from actum.cli.opening import open_beside
from actum.cli.options import AppName, AsJson, DatabaseUrl, StoreUrl, storable
from actum.cli.output import EventLine, print_json, print_line, print_table, shown_time
from actum.model.entity import EntityType
from actum.model.event import Stored, read_metadata, to_datetime
from actum.model.turn import Instance
from actum.ports.journal import Journal, StreamInfo
from actum.runtime.context.history import fold_history
from actum.runtime.stream_pages import pages_of

PAGE = 1_000
SHOWN = 20

KindName = Annotated[
    str, typer.Argument(metavar="KIND", help="The kind of entity, as in Account.", show_default=False)
]


class EntityLine(Struct, frozen=True):
    """An entity as `--json` prints it; `time` is that of its last event."""

    kind: str
    id: str
    version: int
    time: datetime
    state: Raw
    events: list[EventLine]


class StreamLine(Struct, frozen=True):
    """An entity of a listing as `--json` prints it."""

    id: str
    version: int
    first_time: datetime
    last_time: datetime


def entity(
    app: AppName,
    kind: KindName,
    id: Annotated[str, typer.Argument(metavar="ID", help="The entity's id.", show_default=False)],
    at: Annotated[
        int | None,
        typer.Option(metavar="VERSION", min=1, callback=storable, help="As it was at this version."),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            min=0,
            callback=storable,
            help=f"The newest so many events; by default {SHOWN}, or all with --json.",
        ),
    ] = None,
    is_json: AsJson = False,
    store: StoreUrl = None,
    database: DatabaseUrl = None,
) -> None:
    """Shows an entity: its state, its version, and what happened to it."""
    loaded = load_app(app)
    declared = _kind(loaded, kind)
    asyncio.run(_show(declared, id, loaded.store_url(store, database), at=at, limit=limit, is_json=is_json))


def ids(
    app: AppName,
    kind: KindName,
    limit: Annotated[
        int | None, typer.Option(min=1, callback=storable, help="So many entities at most.")
    ] = None,
    is_reverse: Annotated[bool, typer.Option("--reverse", help="The youngest first.")] = False,
    is_json: AsJson = False,
    store: StoreUrl = None,
    database: DatabaseUrl = None,
) -> None:
    """Lists the entities of a kind by the time of their first event.

    A line gives the times of the first and the last event (UTC), and id and version.
    """
    loaded = load_app(app)
    declared = _kind(loaded, kind)
    url = loaded.store_url(store, database)
    asyncio.run(_list(declared, url, limit=limit, is_reverse=is_reverse, is_json=is_json))


def _kind(app: App, name: str) -> EntityType:
    found = app.catalog.kinds.get(name)
    if found is None:
        raise CommandFailed(f"{app.name} has no entity {name!r}; it has {', '.join(app.catalog.kinds)}")
    return found


async def _show(
    kind: EntityType, id: str, url: str, *, at: int | None, limit: int | None, is_json: bool
) -> None:
    newest = limit if limit is not None or is_json else SHOWN
    async with open_beside(url) as stores:
        instance = await fold_history(stores.journal, kind, id, version=at)
        if not instance.version:
            raise CommandFailed(f"there is no {kind.name} {id!r}")
        history = await _history(stores.journal, instance, newest)
    if is_json:
        print_json(_line(instance, history))
    else:
        _print(instance, history)


async def _history(journal: Journal, instance: Instance, newest: int | None) -> list[Stored]:
    if newest == 0:
        return []
    found: list[Stored] = []
    part = pages_of(
        journal, instance.kind.name, instance.id, up_to=instance.version, limit=newest, reverse=True
    )
    async for page in part:
        found += page
    return found[::-1]


def _line(instance: Instance, history: list[Stored]) -> EntityLine:
    events = [EventLine.of(stored) for stored in history]
    state, time = Raw(instance.snapshot()), to_datetime(instance.time)
    return EntityLine(instance.kind.name, instance.id, instance.version, time, state, events)


def _print(instance: Instance, history: list[Stored]) -> None:
    print_line(f"{instance.kind.name}/{instance.id}@{instance.version}", shown_time(instance.time))
    state: dict[str, Any] = msgspec.json.decode(instance.snapshot())
    for name, value in state.items():
        print_line(f"  {name} = {msgspec.json.encode(value).decode()}")
    if not history:
        return
    print()
    headings = ("version", "time", "command", "event", "", "by", "from")
    print_table(*_without_empty(headings, [_row(stored) for stored in history]))
    if history[0].version > 1:
        print(f"({history[0].version - 1:,} earlier; --limit shows more)")


def _row(stored: Stored) -> tuple[str, ...]:
    metadata = read_metadata(stored.metadata)
    return (
        str(stored.version),
        shown_time(stored.time),
        metadata.command,
        stored.type,
        stored.payload.decode(),
        metadata.by,
        metadata.causation_id,
    )


def _without_empty(
    headings: tuple[str, ...], rows: list[tuple[str, ...]]
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Leaves out the columns that say nothing of any row."""
    kept = [at for at, heading in enumerate(headings) if not heading or any(row[at] for row in rows)]
    return tuple(headings[at] for at in kept), [tuple(row[at] for at in kept) for row in rows]


async def _list(kind: EntityType, url: str, *, limit: int | None, is_reverse: bool, is_json: bool) -> None:
    count = 0
    async with open_beside(url) as stores:
        async for one in _streams(stores.journal, kind, is_reverse=is_reverse):
            print_json(_stream_line(one)) if is_json else _print_stream(one)
            count += 1
            if count == limit:
                return


async def _streams(journal: Journal, kind: EntityType, *, is_reverse: bool) -> AsyncIterator[StreamInfo]:
    page = None
    while True:
        found = await journal.streams(kind.name, limit=PAGE, page=page, reverse=is_reverse)
        for one in found.items:
            yield one
        page = found.next
        if page is None:
            return


def _stream_line(one: StreamInfo) -> StreamLine:
    return StreamLine(one.id, one.version, to_datetime(one.first_time), to_datetime(one.last_time))


def _print_stream(one: StreamInfo) -> None:
    print_line(shown_time(one.first_time), shown_time(one.last_time), f"{one.id}@{one.version}")
