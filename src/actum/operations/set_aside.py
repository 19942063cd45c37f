"""Rows that a view has set aside: listed, and retried on request."""

from datetime import timedelta

import msgspec
from msgspec import Struct

from actum.model.view import ViewType
from actum.operations.page import MAX_PAGE, check_limit
from actum.ports.database import SetAside
from actum.runtime.clock import SystemClock
from actum.stores.open import Stores

POLL = timedelta(milliseconds=100)


class SetAsideRow(Struct, frozen=True):
    """A row that is set aside.

    `key` is the row's, or None for an event whose row cannot be determined. `position` is that of the event
    that cannot be folded, and `waiting` counts it and the later ones of its row. `since` is in microseconds
    since 1970.
    """

    view: str
    generation: int
    key: object
    position: int
    waiting: int
    since: int
    error: str

    @classmethod
    def of(cls, row: SetAside) -> "SetAsideRow":
        """Gives a row as operators see it."""
        key = None if row.key.startswith("@") else msgspec.json.decode(row.key)
        return cls(row.view, row.generation, key, row.position, row.waiting, row.since, row.error)


class RetryRequest(Struct, frozen=True):
    """A request to retry rows: how many there are, and the first of them as they were before."""

    view: str
    count: int
    rows: list[SetAside]


class RetryOutcome(Struct, frozen=True):
    """What became of a request: the rows that are up to date, set aside again, and not tried yet."""

    up_to_date: int
    failed: list[SetAsideRow]
    untried: list[SetAsideRow]


async def list_set_aside(stores: Stores, view: ViewType, *, limit: int = MAX_PAGE) -> list[SetAsideRow]:
    """Lists the rows of a view that were set aside first."""
    check_limit(limit)
    return [SetAsideRow.of(row) for row in await stores.database.set_aside(view.name, limit=limit)]


async def request_rows(stores: Stores, view: ViewType, key: str | None = None) -> RetryRequest:
    """Asks the process that runs the application, now or next, to retry a row, or every row of a view.

    A key such as @17 stands for the event at that position whose row cannot be determined; a key of several
    columns is written as a JSON array. Raises Invalid for a key that the view cannot have.
    """
    text = None if key is None else _key_text(view, key)
    found = await stores.database.set_aside(view.name, limit=MAX_PAGE)
    rows = [row for row in found if text is None or row.key == text]
    return RetryRequest(view.name, await stores.database.request_retry(view.name, text), rows)


async def watch_rows(stores: Stores, request: RetryRequest, *, patience: timedelta) -> RetryOutcome:
    """Waits, for as long as `patience`, until rows were retried; only the first of very many are watched."""
    clock = SystemClock()
    end = clock.now() + patience // timedelta(microseconds=1)
    watched = {(row.generation, row.key) for row in request.rows}
    left: list[SetAside] = []
    while clock.now() < end:
        now = await stores.database.set_aside(request.view, limit=MAX_PAGE)
        left = [row for row in now if (row.generation, row.key) in watched]
        if not any(row.is_asked for row in left):
            break
        await clock.sleep(POLL)
    return RetryOutcome(
        len(watched) - len(left),
        [SetAsideRow.of(row) for row in left if not row.is_asked],
        [SetAsideRow.of(row) for row in left if row.is_asked],
    )


def _key_text(view: ViewType, key: str) -> str:
    if key.startswith("@") and key[1:].isdecimal():
        return key
    return view.key_to_text(view.key_columns.read(key))
