"""Imports an application from the file of an export into an empty store, or goes on with that."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from actum.app import App, definition_of
from actum.errors import ForeignStore, StoreError, StoreInUse
from actum.operations.moves.claim_changes import claim_effects
from actum.operations.moves.events_digest import Report, digest_of
from actum.operations.moves.export_file import (
    EVENTS,
    Beginning,
    Chunk,
    Ending,
    ExportReader,
)
from actum.operations.moves.export_progress import beginning_of, read_events
from actum.operations.moves.parts import tables_without
from actum.operations.moves.positions import (
    CHECKPOINTS,
    LETTERS,
    TRIGGERS,
    OpenEvents,
    Positions,
    check_letters,
)
from actum.ports.transfer import DatabaseTransfer, JournalTransfer, Row
from actum.runtime.entities.kept_states import keep_states
from actum.stores.binding import IMPORTING
from actum.stores.open import Stores, open_stores
from actum.stores.url import shown

T = TypeVar("T")

CHECK = "check"
_rows: Callable[[bytes], list[tuple[Any, ...]]] = msgspec.msgpack.Decoder(list[tuple[Any, ...]]).decode


class Import(Struct, frozen=True):
    """What was imported: rows of each part, the digest of the events, and how long it took.

    `resumed` are the events that an earlier, interrupted run had written. `checked` says that the events were
    read again from the store, and had this digest.
    """

    store: str
    counts: dict[str, int]
    digest: str
    seconds: float
    resumed: int
    checked: bool


class _Source(Struct, frozen=True):
    """The file, its chunks, and what it says of itself."""

    reader: ExportReader
    chunks: Sequence[Chunk]
    beginning: Beginning
    ending: Ending

    def of(self, part: str) -> list[Chunk]:
        """Gives the chunks of a part."""
        return [chunk for chunk in self.chunks if chunk.header.part == part]


class _Target(Struct, frozen=True):
    """The stores, and what takes rows of theirs."""

    stores: Stores
    url: str
    journal: JournalTransfer
    database: DatabaseTransfer


async def import_application(
    app: App, url: str, path: Path, report: Report, *, without: Sequence[str] = (), is_checked: bool = True
) -> Import:
    """Writes what a file holds into a store that is empty, or in which an interrupted import has stopped.

    With `is_checked`, the events are read again from the store. Raises StoreInUse while an application runs
    there, DamagedExport for a file that is cut off or was changed, and StoreError for a store that has
    something else, or has no way to keep what is in the file.
    """
    began = time.monotonic()
    left_out = tables_without(without)
    reader = ExportReader(path)
    try:
        source = _read(reader, app, path)
        if url == "memory:":
            raise StoreError("a store in memory ends with this command: name another store")
        async with open_stores(url) as stores:
            # What the application declares may be more than the store can keep.
            keep_states(stores.journal, definition_of(app).catalog.kinds.values())
            target = await _target(stores, url, source, left_out)
            resumed, positions = await _import_events(source, target, report)
            await _import_tables(source, target, left_out, positions, report)
            await target.journal.finish(source.ending.last)
            if is_checked:
                await _check_events(source, target, report)
            # From here on the application can start.
            await target.database.bind_over(app.name, source.beginning.journal, "")
    finally:
        reader.close()
    counts = {part: count for part, count in source.ending.counts.items() if part not in left_out}
    spent = time.monotonic() - began
    return Import(shown(url), counts, source.ending.digest, spent, resumed, is_checked)


def _read(reader: ExportReader, app: App, path: Path) -> _Source:
    chunks = reader.whole()
    beginning = beginning_of(reader, chunks)
    ending = msgspec.json.decode(reader.body(chunks[-1]), type=Ending)
    if beginning.application != app.name:
        raise StoreError(
            f"{path} is an export of the application {beginning.application!r}, and this is {app.name!r}"
        )
    return _Source(reader, chunks, beginning, ending)


async def _target(stores: Stores, url: str, source: _Source, left_out: frozenset[str]) -> _Target:
    """Gives the stores as a target, which are marked so that no application starts on them."""
    name, journal, database = shown(url), stores.journal.transfer, stores.database.transfer
    if journal is None or database is None:
        raise StoreError(
            f"{name} takes no import: what runs there writes its events by itself, one entity at a time; "
            "import into SQLite, PostgreSQL or DynamoDB"
        )
    if await stores.database.is_attended():
        raise StoreInUse(f"an application runs on {name}: stop it first")
    await _check_fit(stores, name, source, left_out)
    beginning, mark = source.beginning, source.beginning.id
    application = f"{IMPORTING}{beginning.application}"
    binding = await stores.database.binding()
    if binding is None or binding.application != application:
        await _check_empty(stores, name, binding.application if binding else "")
        await database.bind_over(application, beginning.journal, mark)
    elif binding.mark != mark:
        raise ForeignStore(
            f"an import of another file into {name} has been interrupted: go on with that file, or name an "
            "empty store"
        )
    await journal.begin(beginning.journal, beginning.last)
    return _Target(stores, url, journal, database)


async def _check_empty(stores: Stores, name: str, application: str) -> None:
    last = await stores.journal.last()
    if last or application or await stores.database.reached():
        has = (
            f"events up to position {last:,}"
            if last
            else f"what {application or 'an application'} has stored"
        )
        raise ForeignStore(f"{name} has {has}: an import needs an empty store")


async def _check_fit(stores: Stores, name: str, source: _Source, left_out: frozenset[str]) -> None:
    ending = source.ending
    if ending.unfinished and stores.database.slices == 1:
        raise StoreError(
            f"the action {ending.unfinished[0]} was at different events for different keys when it was "
            f"exported, which {name} cannot keep: start the application on {source.beginning.source}, stop "
            "it in order, and export it again"
        )
    letters = [] if LETTERS in left_out else source.of(LETTERS)
    if stores.journal.transfer is not None and not stores.journal.transfer.keeps_positions:
        for chunk in letters:
            rows = await asyncio.to_thread(source.reader.rows, chunk, _rows)
            check_letters(chunk.header.columns, rows, name)


async def _import_events(source: _Source, target: _Target, report: Report) -> tuple[int, Positions | None]:
    """Writes the events that the store does not have yet; gives how many it had, and where all are.

    Where the store keeps positions, the last one says which it has. Another one is given all of them again.
    """
    keeps, chunks, total = target.journal.keeps_positions, source.of(EVENTS), source.ending.counts[EVENTS]
    last = await target.stores.journal.last()
    after = last if keeps else 0
    positions, still_open = (None, None) if keeps else (Positions(), await _open_events(source))
    before = [chunk for chunk in chunks if chunk.header.last <= after]
    done = resumed = sum(chunk.header.count for chunk in before)
    async for events in _read_ahead(source.reader, chunks[len(before) :], read_events):
        await _check_alone(target)
        if still_open is not None:
            still_open.check(events, shown(target.url))
        effects = claim_effects(events)
        now = await target.journal.restore_events(events, effects.taken, effects.released)
        if positions is not None:
            positions.add(events, now)
            resumed += sum(position <= last for position in now)
        done += len(events)
        report(EVENTS, done, total)
    return resumed, positions


async def _open_events(source: _Source) -> OpenEvents:
    found: dict[str, list[Row]] = {CHECKPOINTS: [], TRIGGERS: []}
    for table, rows in found.items():
        async for some in _read_ahead(source.reader, source.of(table), _rows):
            rows.extend(some)
    return OpenEvents(found[CHECKPOINTS], found[TRIGGERS])


async def _read_ahead(
    reader: ExportReader, chunks: Sequence[Chunk], decode: Callable[[bytes], T]
) -> AsyncGenerator[T]:
    """Gives what chunks hold, each of which is read while the one before it is worked on."""
    reading: asyncio.Task[T] | None = None
    try:
        for chunk in chunks:
            ready = None if reading is None else (await reading,)
            # One at a time: they share the file.
            reading = asyncio.create_task(asyncio.to_thread(reader.rows, chunk, decode))
            if ready is not None:
                yield ready[0]
        if reading is not None:
            yield await reading
    finally:
        if reading is not None:
            with contextlib.suppress(StoreError):
                await reading


async def _check_alone(target: _Target) -> None:
    if await target.stores.database.is_attended():
        raise StoreInUse(
            f"an application was started on {shown(target.url)}: stop it, and run the command again"
        )


async def _import_tables(
    source: _Source,
    target: _Target,
    left_out: frozenset[str],
    positions: Positions | None,
    report: Report,
) -> None:
    lost = 0
    for transfer in (target.journal, target.database):
        for table in transfer.tables:
            chunks = [] if table in left_out else source.of(table)
            done = 0
            for chunk in chunks:
                columns = chunk.header.columns
                read = await asyncio.to_thread(source.reader.rows, chunk, _rows)
                rows = read if positions is None else positions.translated(table, columns, read)
                lost += await transfer.restore(table, columns, rows)
                done += len(rows)
                report(table, done, source.ending.counts.get(table, 0))
        await transfer.restore_numbers(source.ending.numbers)
    if lost:
        raise StoreError(
            f"{lost:,} claims were made by events that were pruned since, and {source.beginning.source} did "
            f"not keep their names, without which {shown(target.url)} cannot keep them: import into SQLite, "
            "or leave out what the events do not show with `--without claims`"
        )


async def _check_events(source: _Source, target: _Target, report: Report) -> None:
    """Reads all events again; raises StoreError unless they are those of the file."""
    last = await target.stores.journal.last()
    found = await digest_of(target.stores.journal, last, lambda _, done, total: report(CHECK, done, total))
    if found.text != source.ending.digest:
        raise StoreError(
            f"{shown(target.url)} has {found.count:,} events with the digest {found.text}, and the export "
            f"has {source.ending.counts.get(EVENTS, 0):,} with {source.ending.digest}: something else wrote "
            "there; import into an empty store"
        )
