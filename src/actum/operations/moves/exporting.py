"""Exports an application: its events, and everything else that is stored for it, into one file."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from actum.app import App
from actum.errors import StoreError, StoreInUse
from actum.model.event import Stored
from actum.operations.moves.events_digest import Report
from actum.operations.moves.export_file import EVENTS, Beginning, Ending
from actum.operations.moves.export_progress import ExportProgress, ending_of
from actum.operations.moves.parts import REPLIES, SLICES, tables_without
from actum.operations.moves.table_rows import exported_tables
from actum.operations.opening import check_application, is_running, open_beside
from actum.ports.journal import Journal
from actum.runtime.clock import SystemClock
from actum.stores.open import Stores, open_stores
from actum.stores.page import event_size
from actum.stores.url import shown

PAGE = 4_000
MAX_EVENTS, MAX_BYTES = 10_000, 4 * 1024 * 1024
"""Events of a chunk, and bytes of their payloads."""
HELD_UP = 60.0
"""Seconds to wait for events that another transaction on the server holds up."""


class Export(Struct, frozen=True):
    """What an export holds: rows of each part, the digest of the events, bytes, and how long it took.

    `resumed` are the events that an earlier, interrupted run had written.
    """

    file: str
    counts: dict[str, int]
    digest: str
    bytes: int
    seconds: float
    resumed: int


async def export_application(
    app: App, url: str, path: Path, report: Report, *, without: Sequence[str] = ()
) -> Export:
    """Writes an application to a file, or goes on where an interrupted export to it has stopped.

    The application must not run: raises StoreInUse if it does, or has been started meanwhile. Raises
    StoreError for a file of another export or a whole one, and for what the store cannot give, unless it is
    left out.
    """
    began = time.monotonic()
    left_out = tables_without(without)
    async with open_beside(url) as stores:  # A store that does not exist is not created.
        await _check(app, stores, url, without)
    # As its owner, so that the application cannot be started meanwhile.
    async with open_stores(url) as stores:
        beginning = await _beginning(app, stores, url, without)
        with ExportProgress.at(path, beginning) as progress:
            resumed = progress.digest.count
            await _check_goes_on(stores.journal, path, progress)
            await _export_events(stores, url, progress, report)
            ending = await _export_tables(stores, progress, left_out, report)
            await _check_still(stores, url, beginning)
            progress.end(ending)
        ending = ending_of(path)
        size = progress.size
    return Export(str(path), ending.counts, ending.digest, size, time.monotonic() - began, resumed)


async def _check(app: App, stores: Stores, url: str, without: Sequence[str]) -> None:
    if await is_running(stores, url):
        raise StoreInUse(
            f"an application runs on {shown(url)}: stop it first, so that the export shows one moment"
        )
    await check_application(app.name, stores, url)
    if stores.journal.transfer is None and REPLIES not in without:
        raise StoreError(
            f"{shown(url)} cannot list the replies of idempotency keys: a request that is repeated after the "
            "move would be carried out again; accept that with `--without replies`"
        )


async def _beginning(app: App, stores: Stores, url: str, without: Sequence[str]) -> Beginning:
    clock = SystemClock()
    return Beginning(
        clock.new_id(),
        app.name,
        await stores.journal.identity(),
        await stores.journal.last(),
        clock.now(),
        shown(url),
        tuple(sorted(without)),
    )


async def _check_goes_on(journal: Journal, path: Path, progress: ExportProgress) -> None:
    """Raises StoreError if the events in the file are those of another history, as of a restored backup."""
    if progress.last is not None and await journal.feed(progress.after - 1, 1) != [progress.last]:
        raise StoreError(
            f"{path} was begun with other events than the store has at position {progress.after:,}: remove "
            "the file, and begin again"
        )


async def _check_still(stores: Stores, url: str, beginning: Beginning) -> None:
    if await stores.database.is_attended() or await stores.journal.last() != beginning.last:
        raise StoreInUse(
            f"an application was started on {shown(url)} during the export: stop it, remove the file, and "
            "begin again"
        )


async def _export_events(stores: Stores, url: str, progress: ExportProgress, report: Report) -> None:
    """Writes the events beyond those that are written, while the next ones are read."""
    journal, last = stores.journal, await stores.journal.last()
    writing: asyncio.Task[None] | None = None
    chunk: list[Stored] = []
    after = progress.after
    try:
        while page := await _next(journal, after, last):
            after = page[-1].position
            chunk += page
            if len(chunk) >= MAX_EVENTS or sum(map(event_size, chunk)) >= MAX_BYTES:
                if writing is not None:
                    await writing
                    report(EVENTS, progress.after, last)
                    await _check_alone(stores, url)
                writing = asyncio.create_task(asyncio.to_thread(progress.add_events, chunk))
                chunk = []
    finally:
        if writing is not None:
            await writing
    if chunk:
        await asyncio.to_thread(progress.add_events, chunk)
    report(EVENTS, last, last)


async def _next(journal: Journal, after: int, last: int) -> list[Stored]:
    """Gives the next events; on a shared server they may be held up by an open transaction."""
    until = time.monotonic() + HELD_UP
    while not (page := await journal.feed(after, PAGE)):
        if not journal.is_shared or after >= last or await journal.head() >= last:
            # What was written meanwhile, if anything, is between the two looks.
            return await journal.feed(after, PAGE)
        if time.monotonic() > until:
            raise StoreError(
                f"events beyond position {after:,} are held up by a transaction that has been open on the "
                f"server for {HELD_UP:.0f} seconds: end it, and run the command again"
            )
        await journal.wait(after)
    return page


async def _check_alone(stores: Stores, url: str) -> None:
    if await stores.database.is_attended():
        raise StoreInUse(f"an application was started on {shown(url)}: stop it, and run the command again")


async def _export_tables(
    stores: Stores, progress: ExportProgress, left_out: frozenset[str], report: Report
) -> Ending:
    counts: dict[str, int] = {EVENTS: progress.digest.count}
    numbers: dict[str, int] = {}
    unfinished: set[str] = set()
    async for page in exported_tables(stores, left_out, unfinished):
        if page.rows:
            await asyncio.to_thread(progress.add_rows, page.table, page.columns, page.rows)
        counts[page.table] = counts.get(page.table, 0) + len(page.rows)
        report(page.table, counts[page.table], 0)
    for transfer in (stores.journal.transfer, stores.database.transfer):
        if transfer is not None:
            numbers |= await transfer.numbers()
    counts.pop(SLICES, None)
    return Ending(
        counts, numbers, progress.digest.text, await stores.journal.last(), tuple(sorted(unfinished))
    )
