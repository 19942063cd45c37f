"""Copies the files of archived events with a store: to a backup, and back."""

from collections.abc import Callable, Collection, Generator
from contextlib import closing, contextmanager
from pathlib import Path

from actum.errors import StoreError
from actum.stores.sqlite.archive.checking import check_segments, files_of
from actum.stores.sqlite.archive.folder import SegmentFolder
from actum.stores.sqlite.archive.segment import ENDING, SegmentLost, decode
from actum.stores.sqlite.backup.contents import open_closed
from actum.stores.sqlite.backup.copying import translated
from actum.stores.sqlite.backup.placing import check_space
from actum.stores.sqlite.connection.opening import configure


class SegmentCopy:
    """Copies files from one folder to another; those that are there already are read and left.

    A file's name is the digest of its content, so that one name never stands for two contents.
    """

    def __init__(self, source: SegmentFolder, target: SegmentFolder) -> None:
        self._source = source
        self._target = target
        self._copied: set[str] = set()

    def __repr__(self) -> str:
        return f"<SegmentCopy {self._source.path} to {self._target.path}, {len(self._copied)} copied>"

    def copy(
        self, files: Collection[str], report: Callable[[int, int], None] = lambda done, total: None
    ) -> None:
        """Copies files, and reports bytes; raises SegmentLost for one that is missing or damaged."""
        missing = [file for file in files if not self._is_there(file)]
        total = sum(map(self._source.size, missing))
        if missing:
            check_space(self._target.path.parent, total)
        done = 0
        for file in missing:
            content = self._source.content(file)
            decode(content, file, self._source.path / file)
            self._copied.add(file)
            self._target.write(content, mode_of=self._source.file)
            done += len(content)
            report(done, total)

    def copy_some(self, files: Collection[str]) -> None:
        """Copies those of the files that are still there: of a store in use, files may be replaced."""
        for file in files:
            try:
                self.copy([file])
            except SegmentLost:
                continue

    def undo(self) -> None:
        """Removes what was copied, but for what the store that is there needs."""
        place = self._target.file
        needed: Collection[str] = ()
        if place.exists():
            try:
                needed = files_in_use(place)
            except StoreError:
                return
        self._remove(self._copied.difference(needed))

    def remove_others(self, files: Collection[str]) -> None:
        """Removes the segments that are not among some files, as of a backup that was overwritten."""
        found = {name for name in self._target.names() if name.endswith(ENDING)}
        self._remove(found.difference(files))

    def _remove(self, files: Collection[str]) -> None:
        for file in files:
            self._target.remove(file)
        self._target.remove_empty()

    def _is_there(self, file: str) -> bool:
        if file not in self._target.names():
            return False
        try:
            self._target.read(file)
        except SegmentLost:
            return False
        return True


@contextmanager
def copied(source: Path, target: Path) -> Generator[SegmentCopy]:
    """Copies files of the store `source` for the store `target`, and removes them after an error."""
    copy = SegmentCopy(SegmentFolder(source), SegmentFolder(target))
    try:
        yield copy
    except BaseException:
        copy.undo()
        raise


def files_in_use(store: Path) -> list[str]:
    """Gives the files that a store has now, while a process runs on it or not."""
    with translated(store, store), closing(configure(str(store), must_exist=True)) as connection:
        return files_of(connection)


def files_of_closed(file: Path) -> list[str]:
    """Gives the files that a closed store needs."""
    with open_closed(file) as connection:
        return files_of(connection)


def check_archived(file: Path, place: Path, alive: Callable[[], None]) -> int:
    """Reads all archived events of a closed file, from the folder of the file `place`."""
    with open_closed(file) as connection:
        return check_segments(connection, SegmentFolder(place), alive)
