"""The commands that show one entity, and list the entities of a kind."""

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer
from msgspec import Raw, Struct

from actum.cli.loading import load_app
from actum.cli.options import AppName, AsJson, DatabaseUrl, StoreUrl, storable
from actum.cli.output import EventLine, print_json, print_line, print_table, shown_time
from actum.model.event import Stored, read_metadata, to_datetime

if TYPE_CHECKING:
    from actum.app import App
    from actum.model.entity import EntityType
    from actum.operations.entities import EntityState
    from actum.ports.journal import StreamInfo

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
        typer.Option(metavar="VERSION", min=1, callback=storable, help="The entity at this version."),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            min=0,
            callback=storable,
            help=f"How many of the newest events; by default {SHOWN}, or all with --json.",
        ),
    ] = None,
    is_json: AsJson = False,
    store: StoreUrl = None,
    database: DatabaseUrl = None,
) -> None:
    """Shows an entity: its state, its version and its events."""
    from actum.operations.entities import entity_kind

    loaded = load_app(app)
    declared = entity_kind(loaded, kind)
    url = loaded.store_url(store, database)
    asyncio.run(_show(loaded, declared, id, url, at=at, limit=limit, is_json=is_json))


def ids(
    app: AppName,
    kind: KindName,
    limit: Annotated[
        int | None, typer.Option(min=1, callback=storable, help="At most this many entities.")
    ] = None,
    is_reverse: Annotated[bool, typer.Option("--reverse", help="The newest first.")] = False,
    is_json: AsJson = False,
    store: StoreUrl = None,
    database: DatabaseUrl = None,
) -> None:
    """Lists the entities of a kind by the time of their first event.

    A line shows the times of the first and the last event (UTC), the id and the version.
    """
    from actum.operations.entities import entity_kind

    loaded = load_app(app)
    declared = entity_kind(loaded, kind)
    url = loaded.store_url(store, database)
    asyncio.run(_list(declared, url, limit=limit, is_reverse=is_reverse, is_json=is_json))


async def _show(
    app: "App", kind: "EntityType", id: str, url: str, *, at: int | None, limit: int | None, is_json: bool
) -> None:
    from actum.operations.entities import entity_events, show_entity
    from actum.operations.people import open_readable

    newest = limit if limit is not None or is_json else SHOWN
    async with open_readable(app, url) as stores:
        shown = await show_entity(stores, kind, id, version=at)
        history = [stored async for page in entity_events(stores, shown, limit=newest) for stored in page]
    history.reverse()
    if is_json:
        print_json(_line(shown, history))
    else:
        _print(shown, history)


def _line(shown: "EntityState", history: list[Stored]) -> EntityLine:
    events = [EventLine.of(stored) for stored in history]
    time = to_datetime(shown.time)
    return EntityLine(shown.kind, shown.id, shown.version, time, Raw(shown.state), events)


def _print(shown: "EntityState", history: list[Stored]) -> None:
    print_line(f"{shown.kind}/{shown.id}@{shown.version}", shown_time(shown.time))
    state: dict[str, Any] = msgspec.json.decode(shown.state)
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
    """Leaves out the columns that are empty in every row."""
    kept = [at for at, heading in enumerate(headings) if not heading or any(row[at] for row in rows)]
    return tuple(headings[at] for at in kept), [tuple(row[at] for at in kept) for row in rows]


async def _list(kind: "EntityType", url: str, *, limit: int | None, is_reverse: bool, is_json: bool) -> None:
    from actum.operations.entities import all_entities
    from actum.operations.opening import open_beside

    count = 0
    async with open_beside(url) as stores:
        async for entities in all_entities(stores, kind, reverse=is_reverse):
            for one in entities:
                print_json(_stream_line(one)) if is_json else _print_stream(one)
                count += 1
                if count == limit:
                    return


def _stream_line(one: "StreamInfo") -> StreamLine:
    return StreamLine(one.id, one.version, to_datetime(one.first_time), to_datetime(one.last_time))


def _print_stream(one: "StreamInfo") -> None:
    print_line(shown_time(one.first_time), shown_time(one.last_time), f"{one.id}@{one.version}")
