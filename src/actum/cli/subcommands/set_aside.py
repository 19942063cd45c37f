"""Rows that a view has set aside: showing them, and having their waiting events folded again."""

from collections.abc import Sequence
from datetime import timedelta

import msgspec
from msgspec import Struct

from actum.cli.failure import CommandFailed, one_line
from actum.cli.output import print_line, shown_time
from actum.errors import Invalid
from actum.model.view import ViewType
from actum.ports.database import Database, SetAside
from actum.runtime.clock import SystemClock
from actum.stores.open import Stores, is_owned

POLL = timedelta(milliseconds=100)
PATIENCE = timedelta(seconds=10)
"""How long to wait for word from the application."""
MAX_SHOWN = 1_000


class SetAsideLine(Struct, frozen=True):
    """A row that is set aside, as `--json` prints it.

    `key` is the row's, or null for an event of which it cannot be told to which row it belongs. `position` is
    that of the event that cannot be folded, and `waiting` counts it and the later ones of its row. `since` is
    in microseconds since 1970.
    """

    view: str
    generation: int
    key: object
    position: int
    waiting: int
    since: int
    error: str

    @classmethod
    def of(cls, row: SetAside) -> "SetAsideLine":
        """Gives the line of a row."""
        return cls(row.view, row.generation, _key_of(row), row.position, row.waiting, row.since, row.error)


def row_of(row: SetAside) -> tuple[str, ...]:
    """Gives a row as the table shows it."""
    key = row.key if row.key.startswith("@") else str(_key_of(row))
    return (
        key,
        str(row.generation),
        f"{row.position:,}",
        f"{row.waiting:,}",
        shown_time(row.since),
        one_line(row.error),
    )


async def rows_of(name: str, database: Database) -> list[SetAside]:
    """Gives the rows of a view that are set aside, as many as are shown."""
    return await database.set_aside(name, limit=MAX_SHOWN)


async def retry(view: ViewType, key: str | None, url: str, stores: Stores) -> None:
    """Has rows tried again by whoever runs the application, and says what becomes of them."""
    database = stores.database
    text = None if key is None else _text_of(view, key)
    rows = [row for row in await rows_of(view.name, database) if text is None or row.key == text]
    asked = await database.request_retry(view.name, text)
    if not asked:
        which = "no row" if key is None else f"no row {key!r}"
        print_line(f"view {view.name} has {which} set aside")
    elif await database.is_attended() or await is_owned(url):
        await _watch(view, rows, database)
    else:
        print_line(f"{asked:,} rows: the application tries them again when it starts")


async def _watch(view: ViewType, rows: Sequence[SetAside], database: Database) -> None:
    clock, end = SystemClock(), SystemClock().now() + PATIENCE // timedelta(microseconds=1)
    places = {(row.generation, row.key) for row in rows}
    left: dict[tuple[int, str], SetAside] = {}
    while clock.now() < end:
        now = await rows_of(view.name, database)
        left = {(row.generation, row.key): row for row in now if (row.generation, row.key) in places}
        if not any(row.is_asked for row in left.values()):
            break
        await clock.sleep(POLL)
    for row in left.values():
        word = "not tried yet" if row.is_asked else "set aside again"
        print_line(f"{row_of(row)[0]}: {word} ({one_line(row.error)})")
    print_line(f"{len(places) - len(left):,} of {len(places):,} rows are up to date")
    if left:
        raise CommandFailed(f"{len(left):,} of {len(places):,} rows stay set aside")


def _key_of(row: SetAside) -> object:
    return None if row.key.startswith("@") else msgspec.json.decode(row.key)


def _text_of(view: ViewType, key: str) -> str:
    if key.startswith("@") and key[1:].isdecimal():
        return key
    try:
        return view.key_to_text(view.key_of(key))
    except Invalid as error:
        raise CommandFailed(str(error)) from error
