"""The files of archived events: what is lost or damaged is named, and never left out in silence."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from actum.conformance.journal.bank import amounts, deposit, versions
from actum.errors import StoreError
from actum.ports.journal import EventRange
from actum.stores.open import open_stores
from actum.stores.sqlite.archive import reading, selection
from actum.stores.sqlite.archive.checking import check_segments
from actum.stores.sqlite.archive.folder import SegmentFolder
from actum.stores.sqlite.archive.segment import SegmentLost, decode, encode, name_of
from actum.stores.sqlite.archive.selection import Selection
from actum.stores.sqlite.journal.journal import SqliteJournal
from tests.journal.archiving import ALL, open_sqlite

STORES = Path(__file__).parents[1] / "stores_of_versions" / "stores" / "library"
VERSIONS = sorted(folder.name for folder in STORES.iterdir())


def ignore(done: int, total: int) -> None:
    """Wants to know nothing of progress."""


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[SqliteJournal]:
    journal = await open_sqlite(tmp_path / "bank.db")
    yield journal
    await journal.close()


async def archived(journal: SqliteJournal, *, per_segment: int = 3) -> list[Path]:
    """Has three accounts with three events each, archived; gives the files, by position."""
    for version in range(3):
        await journal.append([deposit(id, version, 10 * version + n) for n, id in enumerate("abc")])
    events = await journal.feed(0, 100)
    for start in range(0, len(events), per_segment):
        await journal.archive.add(events[start : start + per_segment])
    rows = await journal._file.read(
        lambda connection: connection.execute("SELECT file FROM actum_segments ORDER BY segment").fetchall()
    )
    return [journal.archive.folder.path / file for (file,) in rows]


async def count(journal: SqliteJournal, statement: str) -> int:
    found: int = await journal._file.read(lambda connection: connection.execute(statement).fetchone()[0])
    return found


async def test_the_table_has_no_content_of_archived_events(journal: SqliteJournal) -> None:
    await archived(journal)

    contents = "SELECT count(*) FROM actum_events WHERE typeof(payload) = 'blob' OR length(metadata) > 0"
    assert await count(journal, contents) == 0
    assert amounts(await journal.feed(0, 100)) == [0, 1, 2, 10, 11, 12, 20, 21, 22]


async def test_only_streams_whose_last_event_is_old_are_archived_and_as_a_whole(
    journal: SqliteJournal,
) -> None:
    for id, times in {"old": (1, 2), "mixed": (1, 9), "new": (8, 9)}.items():
        for version, time in enumerate(times):
            await journal.append([deposit(id, version, 1, time=time)])

    chosen = Selection(before=9)
    amount = await journal.archive.count(chosen)
    await journal.archive.add_all(chosen, ignore)

    assert (amount.entities, amount.events) == (1, 2)
    [name] = journal.archive.folder.names()
    assert {(event.id, event.version) for event in journal.archive.folder.read(name)} == {
        ("old", 1),
        ("old", 2),
    }


async def test_streams_of_some_kinds_are_left(journal: SqliteJournal) -> None:
    await archived(journal, per_segment=9)
    await journal.append([deposit("d", 0, 1)])

    await journal.archive.add_all(Selection(ALL.before, '["Account"]'), ignore)

    assert len(journal.archive.folder.names()) == 1


async def test_an_archived_entity_goes_on(journal: SqliteJournal) -> None:
    await archived(journal)

    await journal.append([deposit("a", 3, 30)])

    assert amounts(await journal.read(EventRange("Account", "a"))) == [0, 10, 20, 30]
    [loaded] = await journal.load([("Account", "a")], {})
    assert versions(loaded.events) == [1, 2, 3, 4]
    assert loaded.is_complete
    assert amounts(await journal.feed(6, 2)) == [20, 21]


async def test_a_page_ends_at_its_bytes_whatever_is_archived(
    journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Contents of files count as those of the table do."""
    large = b'{"amount":1,"note":"%s"}' % (b"x" * 6_000_000)
    for version in range(4):
        write = deposit("a", version, 1)
        write.events = [("Deposited", 1, large)]
        await journal.append([write])
    await journal.archive.add_all(ALL, ignore)

    assert len(await journal.feed(0, 100)) == 3
    assert len(await journal.read(EventRange("Account", "a"))) == 3
    [loaded] = await journal.load([("Account", "a")], {})
    assert (len(loaded.events), loaded.is_complete) == (3, False)


async def test_a_missing_file_is_named_by_every_reader(journal: SqliteJournal) -> None:
    files = await archived(journal)
    files[1].unlink()

    assert amounts(await journal.feed(0, 3)) == [0, 1, 2]
    for reader in (
        journal.feed(0, 100),
        journal.read(EventRange("Account", "a")),
        journal.load([("Account", "a")], {}),
    ):
        with pytest.raises(SegmentLost, match=files[1].name):
            await reader


@pytest.mark.parametrize("change", ["cut off", "one bit", "another file", "empty"])
async def test_a_damaged_file_is_named_by_every_reader(journal: SqliteJournal, change: str) -> None:
    files = await archived(journal)
    content = files[1].read_bytes()
    changed = {
        "cut off": content[:-1],
        "one bit": content[:40] + bytes([content[40] ^ 1]) + content[41:],
        "another file": files[0].read_bytes(),
        "empty": b"",
    }
    files[1].write_bytes(changed[change])

    for reader in (journal.feed(0, 100), journal.read(EventRange("Account", "a"))):
        with pytest.raises(SegmentLost, match=f"{files[1].name} is damaged"):
            await reader


async def test_an_event_that_its_file_has_otherwise_is_refused(journal: SqliteJournal) -> None:
    files = await archived(journal)
    await journal._file.write(
        lambda connection: connection.execute("UPDATE actum_events SET type_version = 2 WHERE position = 5")
    )

    with pytest.raises(SegmentLost, match=f"{files[1].name} does not hold the event at position 5"):
        await journal.feed(0, 100)
    with pytest.raises(StoreError, match="another event at position 5"):
        await journal._file.read(lambda connection: check_segments(connection, journal.archive.folder))


async def test_an_event_that_no_file_has_is_found_by_a_check(journal: SqliteJournal) -> None:
    await archived(journal)
    await journal._file.write(
        lambda connection: connection.execute("UPDATE actum_events SET payload = 3 WHERE position = 5")
    )

    with pytest.raises(StoreError, match=r"1 archived events of .* are in none of its files"):
        await journal._file.read(lambda connection: check_segments(connection, journal.archive.folder))


@pytest.mark.parametrize("change", ["missing", "cut off", "no folder"])
async def test_a_store_does_not_start_without_its_files(tmp_path: Path, change: str) -> None:
    journal = await open_sqlite(tmp_path / "bank.db")
    files = await archived(journal)
    await journal.close()
    match change:
        case "missing":
            files[2].unlink()
        case "cut off":
            os.truncate(files[2], 10)
        case _:
            files[2].parent.rename(tmp_path / "elsewhere")

    with pytest.raises(SegmentLost, match=r"bank\.db-archive.*put it back from a backup"):
        await open_sqlite(tmp_path / "bank.db")


async def test_what_changed_since_it_was_read_is_not_archived(journal: SqliteJournal) -> None:
    """Contents leave the table only if the file has exactly them."""
    await journal.append([deposit("a", 0, 1), deposit("b", 0, 2)])
    events = await journal.feed(0, 100)
    await journal.erase("Account", "b", time=0)

    with pytest.raises(LookupError, match="1 events are not as they were read"):
        await journal.archive.add(events)

    assert amounts(await journal.feed(0, 100)) == [1]
    assert await count(journal, "SELECT count(*) FROM actum_segments") == 0
    await journal.archive.clean()
    assert journal.archive.folder.names() == []


async def test_erasing_takes_events_out_of_the_files(journal: SqliteJournal) -> None:
    before = await archived(journal)

    erased = await journal.erase("Account", "b", time=0)

    folder = journal.archive.folder
    assert erased.events == 3
    assert not any(file.exists() for file in before)
    assert sorted(event.id for name in folder.names() for event in folder.read(name)) == list("aaaccc")
    assert amounts(await journal.feed(0, 100)) == [0, 2, 10, 12, 20, 22]
    await journal._file.read(lambda connection: check_segments(connection, folder))


async def test_a_removed_file_is_overwritten(journal: SqliteJournal) -> None:
    """Whoever has it open, as the disk has its bytes, finds nothing of what it held."""
    [file] = await archived(journal, per_segment=9)
    with file.open("rb") as opened:
        await journal.erase("Account", "b", time=0)
        content = opened.read()

    assert content
    assert not content.strip(b"\0")


async def test_a_file_that_has_another_name_is_kept_under_that(
    journal: SqliteJournal, tmp_path: Path
) -> None:
    [file] = await archived(journal, per_segment=9)
    os.link(file, tmp_path / "kept")

    await journal.erase("Account", "b", time=0)

    assert not file.exists()
    assert len(decode((tmp_path / "kept").read_bytes(), file.name, "kept")) == 9


async def test_a_reader_of_the_state_before_an_erasure_reads_again(
    journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file that an older state names is gone when it is opened."""
    await archived(journal, per_segment=9)
    monkeypatch.setattr(reading, "MAX_CACHED", 0)
    loop = asyncio.get_running_loop()
    is_first = True
    read = SegmentFolder.read

    def erase_before(folder: SegmentFolder, name: str) -> object:
        nonlocal is_first
        if is_first:
            is_first = False
            asyncio.run_coroutine_threadsafe(journal.erase("Account", "b", time=0), loop).result(20)
        return read(folder, name)

    monkeypatch.setattr(SegmentFolder, "read", erase_before)

    assert amounts(await journal.feed(0, 100)) == [0, 2, 10, 12, 20, 22]


async def test_of_many_segments_only_some_stay_in_memory(
    journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    await archived(journal)
    monkeypatch.setattr(reading, "MAX_CACHED", 150)

    assert len(await journal.feed(0, 100)) == 9

    assert 1 <= len(journal.archive.events._cached) < 3
    assert journal.archive.events._size == sum(one.size for one in journal.archive.events._cached.values())


async def test_the_end_of_the_feed_reads_no_file(journal: SqliteJournal) -> None:
    await archived(journal)
    await journal.append([deposit("d", 0, 7)])
    for name in journal.archive.folder.names():
        (journal.archive.folder.path / name).unlink()

    assert amounts(await journal.feed(9, 100)) == [7]
    assert await journal.head() == 10
    assert versions(await journal.read(EventRange("Account", "d"))) == [1]


async def test_a_link_names_a_folder_on_another_disk(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "bank.db-archive").symlink_to(tmp_path / "disk")
    journal = await open_sqlite(tmp_path / "bank.db")

    files = await archived(journal)
    await journal.close()
    journal = await open_sqlite(tmp_path / "bank.db")

    assert sorted(os.listdir(tmp_path / "disk")) == sorted(file.name for file in files)
    assert len(await journal.feed(0, 100)) == 9
    await journal.close()


async def test_another_process_leaves_files_to_the_owner(tmp_path: Path) -> None:
    """It might remove what the owner has written, and has not named yet."""
    path = tmp_path / "bank.db"
    journal = await open_sqlite(path)
    await archived(journal)
    await journal.archive._execute("INSERT INTO actum_segments_unused VALUES (?)", "a.segment")
    journal.archive.folder.path.joinpath("a.segment").touch()
    beside = await open_sqlite(path, is_owner=False)

    await beside.archive.clean()

    assert "a.segment" in journal.archive.folder.names()
    await journal.archive.clean()
    assert "a.segment" not in journal.archive.folder.names()
    await beside.close()
    await journal.close()


async def test_a_file_that_cannot_be_removed_is_removed_at_the_next_opening(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = await open_sqlite(tmp_path / "bank.db")
    [file] = await archived(journal, per_segment=9)

    def refuse(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", refuse)
        with pytest.raises(StoreError, match=f"{file.name} cannot be removed"):
            await journal.erase("Account", "b", time=0)
        again = await journal.feed(0, 100)
    await journal.close()

    journal = await open_sqlite(tmp_path / "bank.db")

    assert amounts(again) == amounts(await journal.feed(0, 100)) == [0, 2, 10, 12, 20, 22]
    assert not file.exists()
    await journal.close()


async def test_a_segment_says_whether_it_has_personal_data(journal: SqliteJournal) -> None:
    """A backup without keys of persons has to say that there is data which nobody can read."""
    for id, payload in {"a": b'{"amount":1}', "b": b'{"amount":{"sealed":"x"}}'}.items():
        write = deposit(id, 0, 1)
        write.events = [("Deposited", 1, payload)]
        await journal.append([write])
    for event in await journal.feed(0, 100):
        await journal.archive.add([event])

    flags = await journal._file.read(
        lambda connection: connection.execute("SELECT is_sealed FROM actum_segments ORDER BY 1").fetchall()
    )

    assert flags == [(0,), (1,)]


async def test_a_file_that_is_named_is_never_removed(journal: SqliteJournal) -> None:
    """Whatever the list of unused files says."""
    [file] = await archived(journal, per_segment=9)
    await journal.archive._execute("INSERT INTO actum_segments_unused VALUES (?)", file.name)

    await journal.archive.clean()

    assert file.exists()


def test_a_segment_is_read_as_it_was_written() -> None:
    content = encode([])

    assert decode(content, name_of(content), "here") == []
    with pytest.raises(SegmentLost, match="here is damaged"):
        decode(content + b"x", name_of(content), "here")
    with pytest.raises(SegmentLost, match="upgrade Actum"):
        decode(b"something else", name_of(b"something else"), "here")


async def test_large_histories_are_cut_into_segments(
    journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selection, "MAX_BYTES", 500)
    await journal.append([deposit("a", 0, *range(100))])
    reports: list[tuple[int, int]] = []

    size = await journal.archive.add_all(ALL, lambda done, total: reports.append((done, total)))

    folder = journal.archive.folder
    assert len(folder.names()) == len(reports) > 5
    assert reports[-1] == (100, 100)
    assert size == sum(folder.size(name) for name in folder.names())
    assert amounts(await journal.feed(0, 1_000)) == list(range(100))


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_store_of_any_version_is_archived(tmp_path: Path, version: str) -> None:
    shutil.copyfile(STORES / version / "store.sqlite", tmp_path / "store.db")
    async with open_stores(f"sqlite:///{tmp_path / 'store.db'}") as stores:
        journal = stores.journal
        assert isinstance(journal, SqliteJournal)
        before = await journal.feed(0, 10_000)

        await journal.archive.add_all(ALL, ignore)

        archived = "SELECT count(*) FROM actum_events WHERE typeof(payload) = 'integer'"
        assert await count(journal, archived) == len([event for event in before if event.version])
        assert await journal.feed(0, 10_000) == before
