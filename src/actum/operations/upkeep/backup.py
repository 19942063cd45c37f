"""Backs up a store in one SQLite file, while the application runs on it or not."""

import shutil
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from msgspec import Struct

from actum.app import App, definition_of
from actum.errors import ForeignStore, StoreError
from actum.operations.upkeep.other_stores import check_is_file
from actum.runtime.people.forgetting import personal_views
from actum.stores.open import file_of
from actum.stores.sqlite.archive.segment import SegmentLost
from actum.stores.sqlite.backup.contents import Contents, check_all, read_contents
from actum.stores.sqlite.backup.copying import copy_online, finish_copy
from actum.stores.sqlite.backup.placing import (
    INDEX,
    LOCK,
    LOG,
    check_folder,
    exists_already,
    place_new,
    unfinished,
)
from actum.stores.sqlite.backup.segments import (
    SegmentCopy,
    check_archived,
    copied,
    files_in_use,
    files_of_closed,
)
from actum.stores.sqlite.connection.opening import check_place, take_lock

Report = Callable[[str, int, int], None]
"""Is called with what is being done, how many bytes of it are done, and how many there are; 0 if unknown."""


class Backup(Struct, frozen=True):
    """A backup that was made and checked: of which file, in which, and what it holds."""

    store: Path
    file: Path
    contents: Contents


def back_up(
    app: App,
    url: str,
    file: Path,
    report: Report,
    *,
    overwrites: bool = False,
    without_person_keys: bool = False,
) -> Backup:
    """Copies an application's store to a file as it is at one moment, checks the copy, and gives it its name.

    It appears under its name only when it is whole, checked and synced. Raises StoreError, with what to do;
    nothing is left then. OwnWay says how a store is backed up that is not one SQLite file.
    """
    check_is_file(url, str(file), without_person_keys=without_person_keys)
    store = Path(file_of(url))
    check_place(store, is_owner=False)
    _check_target(store, file, overwrites=overwrites)
    with unfinished(file) as part, copied(store, file) as segments, ExitStack() as locks:
        if file.exists():
            # Another application may run on the file that is to be overwritten.
            locks.enter_context(take_lock(file, patience=0))
        # What is erased meanwhile is in a file that is removed: copied before and after, none is missing.
        segments.copy_some(files_in_use(store))
        copy_online(store, part, lambda done, total: report("copying", done, total))
        shutil.copymode(store, part)
        report("finishing", 0, 0)
        finish_copy(part, without_keys=without_person_keys, kept_views=plain_views(app))
        contents = read_contents(part)
        _check_application(app, store, contents)
        needed = files_of_closed(part)
        _copy_segments(store, segments, needed, report)
        report("checking", 0, 0)
        check_all(part, lambda: report("checking", 0, 0))
        check_archived(part, file, lambda: report("checking", 0, 0))
        place_new(part, file, replaces=overwrites)
        segments.remove_others(needed)
    return Backup(store, file, contents)


def _copy_segments(store: Path, segments: SegmentCopy, files: Sequence[str], report: Report) -> None:
    try:
        segments.copy(files, lambda done, total: report("copying the archive", done, total))
    except SegmentLost as error:
        if error.file in files_in_use(store):
            raise
        raise StoreError(
            f"archived events of {store} were erased while they were copied: run the command again"
        ) from error


def plain_views(app: App) -> set[str]:
    """Gives the names of an application's views that are made without personal data."""
    views = definition_of(app).catalog.views
    return set(views) - {view.name for view in personal_views(views)}


def _check_target(store: Path, file: Path, *, overwrites: bool) -> None:
    check_folder(file)
    taken = {f"{store.resolve()}{ending}" for ending in ("", LOG, INDEX, LOCK)}
    if str(file.resolve()) in taken:
        raise StoreError(f"{file} is the store itself: name another file")
    if file.exists() and not overwrites:
        raise exists_already(file)


def _check_application(app: App, store: Path, contents: Contents) -> None:
    if contents.application not in ("", app.name):
        raise ForeignStore(
            f"{store} belongs to the application {contents.application!r}, and this is {app.name!r}: "
            "name its own store, or that application"
        )
