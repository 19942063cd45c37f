"""The command that lists timers: deadlines of entities, and commands that actions have scheduled."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec import Raw, Struct

from actum.cli.loading import load_app
from actum.cli.options import AppName, AsJson, DatabaseUrl, StoreUrl
from actum.cli.output import print_json, print_table, shown_time
from actum.model.event import to_datetime

if TYPE_CHECKING:
    from actum.ports.database import Timer

HEADINGS = ("due", "entity", "command", "name", "set by")
PAGE = 1_000


class TimerLine(Struct, frozen=True):
    """A timer as `--json` prints it; `deadline` is the name that its entity knows it by, if it set it."""

    name: str
    deadline: str | None
    due: datetime
    kind: str
    id: str
    command: str
    arguments: Raw
    correlation_id: str
    causation_id: str
    by: str

    @classmethod
    def of(cls, timer: "Timer") -> "TimerLine":
        """Gives the line of a stored timer."""
        from actum.model.deadlines.deadline import deadline_name

        return cls(
            timer.name,
            deadline_name(timer.name, timer.kind, timer.entity_id),
            to_datetime(timer.due),
            timer.kind,
            timer.entity_id,
            timer.command,
            Raw(timer.arguments),
            timer.correlation_id,
            timer.causation_id,
            timer.by,
        )


def timers(
    app: AppName,
    entity: Annotated[str | None, typer.Option(metavar="KIND/ID", help="Only those of this entity.")] = None,
    is_json: AsJson = False,
    store: StoreUrl = None,
    database: DatabaseUrl = None,
) -> None:
    """Lists the deadlines of entities and other commands that are to be sent later.

    The earliest comes first. One that was due and failed is listed by `actum dead-letters list` instead.
    """
    loaded = load_app(app)
    asyncio.run(_list(loaded.store_url(store, database), entity, is_json=is_json))


async def _list(url: str, entity: str | None, *, is_json: bool) -> None:
    is_continued = False
    async for page in _pages(url):
        found = [timer for timer in page if entity in (None, f"{timer.kind}/{timer.entity_id}")]
        if is_json:
            for timer in found:
                print_json(TimerLine.of(timer))
        else:
            print_table(HEADINGS, [_row(timer) for timer in found], is_continued=is_continued)
            is_continued = True


async def _pages(url: str) -> "AsyncGenerator[list[Timer]]":
    """Gives all timers; at least one page, which may be empty."""
    from actum.operations.opening import open_beside

    async with open_beside(url) as stores:
        page = await stores.database.timers(limit=PAGE)
        yield page
        while page:
            page = await stores.database.timers(limit=PAGE, after=(page[-1].due, page[-1].id))
            if page:
                yield page


def _row(timer: "Timer") -> tuple[str, ...]:
    from actum.model.deadlines.deadline import deadline_name
    from actum.model.deadlines.expiry import EXPIRE

    entity = f"{timer.kind}/{timer.entity_id}"
    name = deadline_name(timer.name, timer.kind, timer.entity_id) or timer.name
    if timer.command == EXPIRE:
        return shown_time(timer.due), entity, "(expires)", "", timer.causation_id
    return shown_time(timer.due), entity, timer.command, name, timer.causation_id or timer.by
