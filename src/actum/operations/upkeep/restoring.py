"""Checks a backup, and puts it in the place of a store in one SQLite file."""

import shutil
from pathlib import Path

from msgspec import Struct

from actum.app import App
from actum.errors import ForeignStore, StoreError
from actum.model.event import to_datetime
from actum.operations.upkeep.backup import Report, plain_views
from actum.operations.upkeep.other_stores import check_is_file
from actum.runtime.clock import SystemClock
from actum.stores.open import file_of
from actum.stores.sqlite.backup.contents import Contents, check_all, read_contents
from actum.stores.sqlite.backup.copying import finish_copy, translated
from actum.stores.sqlite.backup.persons import PEOPLE, TakenOver, read_keys, take_over
from actum.stores.sqlite.backup.placing import (
    LOG,
    check_folder,
    check_space,
    copy_closed,
    replace_store,
    unfinished,
)
from actum.stores.sqlite.backup.segments import check_archived, copied, files_of_closed
from actum.stores.sqlite.connection.opening import take_lock


class Restored(Struct, frozen=True):
    """A store that was restored: from which contents, and under which name the earlier file is kept.

    `keys` is what was taken over of the keys of persons; None if the earlier store had none to take over, or
    could not be read.
    """

    store: Path
    contents: Contents
    aside: Path | None
    keys: TakenOver | None


def check_backup(app: App, file: Path, report: Report) -> Contents:
    """Checks a backup of an application, and says what is in it.

    Raises StoreError if it is damaged or not whole, and ForeignStore if it is another application's, or newer
    than this Actum.
    """
    contents = read_contents(file)
    if contents.application not in ("", app.name):
        raise ForeignStore(
            f"{file} is a backup of the application {contents.application!r}, and this is {app.name!r}: "
            "restore it for that application; if it was renamed, restore it under the old name, and run "
            "`actum adopt` with the new one"
        )
    report("checking", 0, 0)
    check_all(file, lambda: report("checking", 0, 0))
    check_archived(file, file, lambda: report("checking", 0, 0))
    return contents


def restore(app: App, url: str, file: Path, report: Report, *, accepts_lost_keys: bool = False) -> Restored:
    """Puts a backup in the place of the store's file, which is kept beside it under another name.

    The keys of persons stay those of the store that is replaced, if it is of the same journal: who was
    forgotten since the backup stays forgotten. Raises StoreInUse while a process runs on the store, and
    StoreError, with what to do, before anything is changed.
    """
    check_is_file(url, str(file))
    store = Path(file_of(url)).resolve()
    check_folder(store)
    if file.resolve() == store:
        raise StoreError(f"{file} is the store itself: name a backup of it")
    contents = check_backup(app, file, report)
    with (
        take_lock(store),
        translated(file, store),
        unfinished(store) as part,
        copied(file, store) as segments,
    ):
        check_space(store.parent, contents.size)
        copy_closed(file, part, lambda done, total: report("copying", done, total))
        report("finishing", 0, 0)
        finish_copy(part, without_keys=False, kept_views=())
        keys = _keys(app, store, part, contents)
        if keys is None and contents.lacks_keys and not accepts_lost_keys:
            raise StoreError(
                f"{file} was made without keys of persons, and {store} has none of the same journal to take "
                "over: all personal data in it would be lost. Put the store with the keys in its place and "
                "restore again, or accept that with --without-person-keys"
            )
        segments.copy(files_of_closed(file), lambda done, total: report("copying the archive", done, total))
        aside = _aside(store)
        if store.exists():
            shutil.copymode(store, part)
        replace_store(part, store, aside)
    return Restored(store, contents, aside if aside.exists() else None, keys)


def _keys(app: App, store: Path, part: Path, contents: Contents) -> TakenOver | None:
    if PEOPLE not in contents.versions or not store.exists():
        return None
    kept = read_keys(store, contents.journal)
    return None if kept is None else take_over(part, kept, plain_views(app))


def _aside(store: Path) -> Path:
    """Gives a name that no file has, for the store's earlier file."""
    moment = to_datetime(SystemClock().now())
    name = f"{store.name}.before-restore-{moment:%Y%m%dT%H%M%SZ}"
    found, number = store.with_name(name), 1
    while found.exists() or Path(f"{found}{LOG}").exists():
        number += 1
        found = store.with_name(f"{name}-{number}")
    return found
