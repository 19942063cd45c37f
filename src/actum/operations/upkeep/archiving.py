"""Archives old events of a store in a SQLite file: their contents move into files beside it."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import msgspec
from msgspec import Struct

from actum.app import App, definition_of
from actum.errors import StoreError, StoreInUse
from actum.operations.opening import check_application, open_beside
from actum.runtime.clock import SystemClock
from actum.stores.open import Stores, file_of, is_owned, open_stores
from actum.stores.sqlite.archive.archive import Archive
from actum.stores.sqlite.archive.selection import Amount, Selection
from actum.stores.sqlite.backup.placing import check_space
from actum.stores.sqlite.journal.journal import SqliteJournal
from actum.stores.url import shown

Report = Callable[[int, int], None]
"""Is called with how many events are archived, and how many there are to be."""

POSTGRES = (
    "in PostgreSQL, move old events to a cheaper disk with a tablespace (`ALTER TABLE actum_events SET "
    "TABLESPACE …`), or move the application to another server with `actum export`"
)
INSTEAD = {
    "memory": "a store in memory ends with its process",
    "postgres": POSTGRES,
    "postgresql": POSTGRES,
    "dynamodb": "a table of DynamoDB has no limit; old events cost less in its class "
    "STANDARD_INFREQUENT_ACCESS (`aws dynamodb update-table --table-class …`)",
    "durable-objects": "with Durable Objects each entity has a storage of its own",
}


class Archived(Struct, frozen=True):
    """What was archived, or would be: of how many entities, how many events, and the bytes of their contents.

    `archive_bytes` are those of the files that were written. `before` and `after` are the bytes of the
    store's file; all three are 0 if nothing was done.
    """

    folder: str
    entities: int
    events: int
    bytes: int
    archive_bytes: int = 0
    before: int = 0
    after: int = 0


async def count_old(app: App, url: str, older_than: timedelta) -> Archived:
    """Gives what would be archived; the application may be running."""
    _check_kind(url)
    async with open_beside(url) as stores:
        archive = await _archive_of(app, stores, url)
        amount = await archive.count(_selection(app, older_than))
        return _archived(archive, amount)


async def archive_old(
    app: App, url: str, older_than: timedelta, report: Report, *, vacuums: bool = False
) -> Archived:
    """Moves the contents of events into files: of entities whose last event is older than an age.

    The application must not run: raises StoreInUse if it does. Interrupted, it leaves each event whole in the
    store or in a file, and a later run goes on. With `vacuums`, the file then gives its free space back.
    """
    _check_kind(url)
    file = Path(file_of(url))
    if await is_owned(url):
        raise StoreInUse(f"an application runs on {shown(url)}: stop it first, or try with --dry-run")
    async with open_beside(url) as stores:  # A store that does not exist is not created.
        await _archive_of(app, stores, url)
    before = _size(file)
    async with open_stores(url) as stores:
        archive = await _archive_of(app, stores, url)
        selection = _selection(app, older_than)
        amount = await archive.count(selection)
        await asyncio.to_thread(check_space, file.parent, amount.bytes + (before if vacuums else 0))
        size = await archive.add_all(selection, report)
        if vacuums:
            await archive.vacuum()
    done = _archived(archive, amount)
    return msgspec.structs.replace(done, archive_bytes=size, before=before, after=_size(file))


def _size(file: Path) -> int:
    return file.stat().st_size


def _check_kind(url: str) -> None:
    scheme = url.partition(":")[0]
    if scheme in INSTEAD:
        raise StoreError(f"`actum archive` is for stores in a SQLite file: {INSTEAD[scheme]}")


async def _archive_of(app: App, stores: Stores, url: str) -> Archive:
    await check_application(app.name, stores, url)
    assert isinstance(stores.journal, SqliteJournal)
    return stores.journal.archive


def _selection(app: App, older_than: timedelta) -> Selection:
    """Selects streams; those of which only the newest event is kept have nothing old."""
    states = [kind.name for kind in definition_of(app).catalog.kinds.values() if kind.keeps_state]
    return Selection(SystemClock().ago(older_than), msgspec.json.encode(states).decode())


def _archived(archive: Archive, amount: Amount) -> Archived:
    return Archived(str(archive.folder.path), amount.entities, amount.events, amount.bytes)
