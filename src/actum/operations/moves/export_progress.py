"""How far the export to a file has got: what is in the file already, and what is added to it."""

from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path

import msgspec

from actum.errors import StoreError
from actum.model.event import Stored, to_datetime
from actum.operations.moves.events_digest import EventsDigest
from actum.operations.moves.export_file import (
    BEGIN,
    END,
    EVENTS,
    Beginning,
    Chunk,
    CutOff,
    DamagedExport,
    Ending,
    ExportReader,
    ExportWriter,
    Header,
)
from actum.stores.files.packing import packed

read_events: Callable[[bytes], list[Stored]] = msgspec.msgpack.Decoder(list[Stored]).decode
"""Reads the body of a chunk of events."""


class ExportProgress:
    """How far the export to a file has got; it writes the chunks that follow."""

    def __init__(self, writer: ExportWriter, digest: EventsDigest, last: Stored | None = None) -> None:
        self.digest: EventsDigest = digest
        self.last: Stored | None = last
        """The last event that is written."""
        self._writer = writer

    def __repr__(self) -> str:
        return f"<ExportProgress @{self.after} {self._writer!r}>"

    def __enter__(self) -> "ExportProgress":
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.close()

    @classmethod
    def at(cls, path: Path, beginning: Beginning) -> "ExportProgress":
        """Begins a file, or goes on behind the last whole chunk of events in it.

        Raises StoreError for a file that has another export, or a whole one: what is no event may have
        changed since.
        """
        chunks = _whole_chunks(path, beginning) if path.exists() else []
        if not chunks:
            path.unlink(missing_ok=True)
            writer = ExportWriter.create(path)
            writer.write(Header(BEGIN, 0, ""), msgspec.json.encode(beginning))
            return cls(writer, EventsDigest())
        # Whatever is no event may have changed without an event, so it is read again.
        events = [one for one in chunks if one.header.part == EVENTS]
        last = events[-1] if events else chunks[0]
        count = sum(one.header.count for one in events)
        digest = EventsDigest(bytes.fromhex(last.header.digest), count) if events else EventsDigest()
        writer = ExportWriter.go_on(path, last.end, last.seal)
        return cls(writer, digest, _last_event(path, last) if events else None)

    @property
    def after(self) -> int:
        """The position of the last event that is written; 0 if none is."""
        return 0 if self.last is None else self.last.position

    @property
    def size(self) -> int:
        """The bytes of the file."""
        return self._writer.size

    def add_events(self, events: Sequence[Stored]) -> None:
        """Writes a chunk of events."""
        self.digest.add(events)
        first, last = events[0].position, events[-1].position
        header = Header(EVENTS, 0, "", len(events), first, last, self.digest.text)
        self._writer.write(header, packed(events))
        self.last = events[-1]

    def add_rows(self, table: str, columns: Sequence[str], rows: Sequence[object]) -> None:
        """Writes a chunk of rows of a table."""
        self._writer.write(Header(table, 0, "", len(rows), columns=tuple(columns)), packed(rows))

    def end(self, ending: Ending) -> None:
        """Writes the last chunk."""
        self._writer.write(Header(END, 0, ""), msgspec.json.encode(ending))


def _whole_chunks(path: Path, beginning: Beginning) -> list[Chunk]:
    """Gives the whole chunks of an export, interrupted or not; raises StoreError if it is another one."""
    if not path.stat().st_size:
        return []
    chunks: list[Chunk] = []
    with closing(ExportReader(path)) as reader:
        with suppress(CutOff):
            for chunk in reader.chunks():
                reader.body(chunk)
                chunks.append(chunk)
        if chunks:
            begun = beginning_of(reader, chunks)
            if chunks[-1].header.part == END:
                raise StoreError(
                    f"{path} is a whole export already, of {to_datetime(begun.time):%Y-%m-%d %H:%M:%S} UTC: "
                    "name another file, or remove it"
                )
            _check_same(path, begun, beginning)
    return chunks


def _check_same(path: Path, begun: Beginning, now: Beginning) -> None:
    if (begun.application, begun.journal, begun.without) != (now.application, now.journal, now.without):
        left_out = f" without {', '.join(begun.without)}" if begun.without else ""
        raise StoreError(
            f"{path} is an export of {begun.application!r} from {begun.source}{left_out}: name another file, "
            "or remove it"
        )
    if begun.last != now.last:
        raise StoreError(
            f"{path} was begun when the journal ended at {begun.last:,}, and it ends at {now.last:,} now: "
            "remove the file, and begin again"
        )


def beginning_of(reader: ExportReader, chunks: Sequence[Chunk]) -> Beginning:
    """Reads the first chunk."""
    if not chunks or chunks[0].header.part != BEGIN:
        raise DamagedExport(f"{reader!r} does not begin as an export does")
    return msgspec.json.decode(reader.body(chunks[0]), type=Beginning)


def _last_event(path: Path, chunk: Chunk) -> Stored:
    with closing(ExportReader(path)) as reader:
        events: list[Stored] = reader.rows(chunk, read_events)
    return events[-1]


def ending_of(path: Path) -> Ending:
    """Reads the last chunk of an export that has ended."""
    with closing(ExportReader(path)) as reader:
        return msgspec.json.decode(reader.body(reader.whole()[-1]), type=Ending)
