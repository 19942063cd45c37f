"""An archive that is interrupted at any step: no event is lost, and nothing that was erased is left."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest

from actum.conformance.journal.bank import amounts, deposit
from actum.model.event import Stored
from actum.ports.journal import EventRange
from actum.stores.sqlite.archive import selection
from actum.stores.sqlite.archive.checking import check_segments, files_of
from actum.stores.sqlite.journal.journal import SqliteJournal
from tests.faults.crash_images import CrashImages, Image
from tests.journal.archiving import ALL, open_sqlite

SECRET = 987_654_321
"""The amount of the event that is erased or pruned; it is looked for in all files."""

Act = Callable[[SqliteJournal], Awaitable[object]]


def ignore(done: int, total: int) -> None:
    """Wants to know nothing of progress."""


async def archive(journal: SqliteJournal) -> None:
    await journal.archive.add_all(ALL, ignore)


async def erase(journal: SqliteJournal) -> None:
    await journal.erase("Account", "b", time=0)


async def prune(journal: SqliteJournal) -> None:
    await journal.prune("Account", "b", 4)


async def erase_all(journal: SqliteJournal) -> None:
    for id in ("a", "b", "c"):
        await journal.erase("Account", id, time=0)


async def fill(journal: SqliteJournal) -> None:
    """Has three accounts with five events each, whose positions alternate."""
    for version in range(5):
        await journal.append(
            [
                deposit("a", version, version),
                deposit("b", version, SECRET if version == 2 else version),
                deposit("c", version, version),
            ]
        )


async def fill_and_archive(journal: SqliteJournal) -> None:
    await fill(journal)
    await archive(journal)


CASES: dict[str, tuple[Act, Act]] = {
    "archive": (fill, archive),
    "archive again": (fill_and_archive, archive),
    "erase": (fill_and_archive, erase),
    "erase all": (fill_and_archive, erase_all),
    "prune": (fill_and_archive, prune),
}


async def all_events(journal: SqliteJournal) -> list[Stored]:
    found: list[Stored] = []
    while page := await journal.feed(found[-1].position if found else 0, 4):
        found += page
    return found


async def images_of(
    tmp_path: Path, patch: pytest.MonkeyPatch, before: Act, act: Act
) -> tuple[Sequence[Image], list[list[Stored]]]:
    """Gives an image of every step of an act, and the events before and after it."""
    folder, copies = tmp_path / "store", tmp_path / "copies"
    folder.mkdir()
    copies.mkdir()
    # Several segments, so that there are steps between one and the next.
    patch.setattr(selection, "MAX_BYTES", 90)
    images = CrashImages(folder, copies)
    with patch.context() as within:
        images.watch(within)
        journal = await open_sqlite(folder / "bank.db")
        await before(journal)
        states = [await all_events(journal)]
        images.is_recording = True
        await act(journal)
        images.take("end")
        images.is_recording = False
        states.append(await all_events(journal))
        await journal.close()
    return images.images, states


async def check_files(journal: SqliteJournal) -> None:
    """Checks that the folder has the files that the store names, and each event is as its row says."""
    assert sorted(await journal._file.read(files_of)) == journal.archive.folder.names()
    await journal._file.read(lambda connection: check_segments(connection, journal.archive.folder))


async def check_streams(journal: SqliteJournal, events: Sequence[Stored]) -> None:
    """Checks that each stream has those events that the feed has."""
    for id in ("a", "b", "c"):
        wanted = [event for event in events if event.version and event.id == id]
        assert await journal.read(EventRange("Account", id)) == wanted


async def check_goes_on(journal: SqliteJournal, events: Sequence[Stored]) -> None:
    """Archives and erases as if nothing had been."""
    await archive(journal)
    assert await all_events(journal) == events
    await check_files(journal)
    await erase_all(journal)
    assert journal.archive.folder.names() == []


async def in_files(journal: SqliteJournal) -> list[Stored]:
    """Gives the events in all files."""
    folder = journal.archive.folder
    return [event for name in folder.names() for event in folder.read(name)]


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", CASES)
async def test_whatever_step_is_interrupted_nothing_is_lost_and_nothing_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    before, act = CASES[name]

    images, states = await images_of(tmp_path, monkeypatch, before, act)

    assert len(images) > (0 if name == "archive again" else 10)
    for image in images:
        journal = await open_sqlite(image.folder / "bank.db")
        found = await all_events(journal)
        if name == "erase all":
            # Each of three is erased or not; what is left is as it was.
            left = {event.id for event in found if event.version}
            assert [one for one in found if one.version] == [one for one in states[0] if one.id in left]
        else:
            assert found in states, image.step
        if "archive" not in name:
            assert SECRET in amounts(found) or SECRET not in amounts(await in_files(journal)), image.step
        await check_files(journal)
        await check_streams(journal, found)
        await check_goes_on(journal, found)
        await journal.close()
