"""The file of an export: chunks, each with a digest of its own, which are appended one after the other.

The file begins with MAGIC. A chunk is the length of its header (4 bytes), the header (JSON), a seal (32
bytes) and the body. The header has the SHA-256 of the body; the seal is the SHA-256 of the seal before it and
the header, so that no chunk can be changed, left out or moved. The first chunk is `begin`, the last `end`.
"""

import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
from msgspec import Struct

from actum.errors import StoreError
from actum.stores.files.packing import unpacked

MAGIC = b"actum export 1\n"
BEGIN, EVENTS, END = "begin", "events", "end"
FIRST_TIMES = "first_times"
LENGTH = 4
SEAL = 32
MAX_HEADER = 1_000_000
MAX_BODY = 1 << 30


class Header(Struct, frozen=True, omit_defaults=True):
    """What a chunk holds: `count` rows of a `part`, from the position `first` to `last`.

    `size` and `sha256` are those of the body as it is stored. `digest` is that of all events up to here.
    `columns` are those of a table's rows.
    """

    part: str
    size: int
    sha256: str
    count: int = 0
    first: int = 0
    last: int = 0
    digest: str = ""
    columns: tuple[str, ...] = ()


class Chunk(Struct, frozen=True):
    """A chunk's header, the byte at which the chunk begins, the byte at which its body does, and its seal."""

    header: Header
    start: int
    place: int
    seal: bytes

    @property
    def end(self) -> int:
        """The byte behind it."""
        return self.place + self.header.size


class DamagedExport(StoreError):
    """The file of an export is cut off or was changed; the message says where."""


class CutOff(DamagedExport):
    """The file ends in the middle of a chunk."""


class Beginning(Struct, frozen=True):
    """What was exported: the application, the identity of its journal, and where that ended.

    `id` is that of the export, `time` is in microseconds since 1970. `without` names what was left out.
    """

    id: str
    application: str
    journal: str
    last: int
    time: int
    source: str
    without: tuple[str, ...] = ()


class Ending(Struct, frozen=True):
    """What the export holds: how many rows of each part, and the highest numbers that tables had given.

    `digest` is that of the events. `unfinished` are the actions whose slices are at different events.
    """

    counts: dict[str, int]
    numbers: dict[str, int]
    digest: str
    last: int
    unfinished: tuple[str, ...] = ()


_read_header = msgspec.json.Decoder(Header).decode


class ExportWriter:
    """Appends chunks to a file; each is on the disk when `write` returns."""

    def __init__(self, path: Path, file: BinaryIO, seal: bytes) -> None:
        self._path = path
        self._file = file
        self._seal = seal

    def __repr__(self) -> str:
        return f"<ExportWriter {self._path}>"

    @classmethod
    def create(cls, path: Path) -> "ExportWriter":
        """Begins a file that does not exist, which only its owner may read: it holds everything."""
        file: BinaryIO = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        file.write(MAGIC)
        return cls(path, file, bytes(SEAL))

    @classmethod
    def go_on(cls, path: Path, end: int, seal: bytes) -> "ExportWriter":
        """Goes on behind a chunk with this seal, which ends at this byte; what follows it is removed."""
        file = path.open("r+b")
        file.truncate(end)
        file.seek(end)
        return cls(path, file, seal)

    def write(self, header: Header, body: bytes) -> None:
        """Appends a chunk; size and digest of its header are those of the body, given as it is stored."""
        written = msgspec.json.encode(
            msgspec.structs.replace(header, size=len(body), sha256=sha256(body).hexdigest())
        )
        self._seal = sha256(self._seal + written).digest()
        self._file.write(len(written).to_bytes(LENGTH, "big") + written + self._seal)
        self._file.write(body)
        self._file.flush()
        os.fsync(self._file.fileno())

    @property
    def size(self) -> int:
        """The bytes of the file."""
        return self._path.stat().st_size

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


class ExportReader:
    """Reads the file of an export."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._file: BinaryIO = path.open("rb")
        except FileNotFoundError as error:
            raise StoreError(f"there is no file {path}: name one that `actum export` has written") from error
        except IsADirectoryError as error:
            raise StoreError(f"{path} is a folder: name a file that `actum export` has written") from error
        self._size = os.fstat(self._file.fileno()).st_size

    def __repr__(self) -> str:
        return f"<ExportReader {self._path}>"

    def chunks(self) -> Iterator[Chunk]:
        """Gives the chunks in their order; raises DamagedExport at what is none, or is cut off."""
        self._file.seek(0)
        if self._file.read(len(MAGIC)) != MAGIC:
            raise DamagedExport(f"{self._path} is no export of this version of Actum")
        place, seal = len(MAGIC), bytes(SEAL)
        while place < self._size:
            chunk = self._chunk(place, seal)
            yield chunk
            place, seal = chunk.end, chunk.seal

    def whole(self) -> list[Chunk]:
        """Gives all chunks of an export that has ended; raises DamagedExport for another."""
        chunks = list(self.chunks())
        if not chunks or chunks[-1].header.part != END:
            raise DamagedExport(
                f"{self._path} has no end: the export was interrupted; run `actum export` again, which goes "
                "on where it stopped"
            )
        return chunks

    def body(self, chunk: Chunk) -> bytes:
        """Gives a chunk's body as it is stored; raises DamagedExport if it was changed."""
        self._file.seek(chunk.place)
        found = self._file.read(chunk.header.size)
        if sha256(found).hexdigest() != chunk.header.sha256:
            raise DamagedExport(f"{self._path} was changed: {self._where(chunk)} has another digest")
        return found

    def rows(self, chunk: Chunk, decode: Any) -> Any:
        """Gives what a chunk holds, decoded from MessagePack."""
        try:
            return unpacked(self.body(chunk), decode)
        except ValueError as error:
            raise DamagedExport(f"{self._path}: {self._where(chunk)} cannot be read: {error}") from error

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def _chunk(self, start: int, before: bytes) -> Chunk:
        self._file.seek(start)
        length = int.from_bytes(self._file.read(LENGTH), "big")
        place = start + LENGTH + length + SEAL
        if length > MAX_HEADER:
            raise DamagedExport(f"{self._path} was changed at byte {start:,}: no chunk begins there")
        if place > self._size:
            raise self._cut_off(start)
        written, seal = self._file.read(length), self._file.read(SEAL)
        if sha256(before + written).digest() != seal:
            raise DamagedExport(
                f"{self._path} was changed at byte {start:,}: the chunk that begins there does not follow "
                "the one before it"
            )
        chunk = Chunk(_read_header(written), start, place, seal)
        if chunk.end > self._size:
            raise self._cut_off(start)
        return chunk

    def _cut_off(self, start: int) -> CutOff:
        return CutOff(
            f"{self._path} is cut off: it has {self._size:,} bytes, and the chunk that begins at byte "
            f"{start:,} goes on beyond them; copy it again, or run `actum export` again if it was interrupted"
        )

    def _where(self, chunk: Chunk) -> str:
        return f"the chunk of {chunk.header.part} at byte {chunk.start:,}"
