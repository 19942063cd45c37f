"""An application is exported from one store and imported into another: whole, resumed, and checked."""

import asyncio
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from actum import App
from actum.errors import ForeignStore, Invalid, StoreError, StoreInUse
from actum.operations.moves import exporting
from actum.operations.moves.digesting import digest_store
from actum.operations.moves.export_file import DamagedExport, ExportReader
from actum.operations.moves.exporting import Export, export_application
from actum.operations.moves.importing import Import, import_application
from actum.ports.journal import EventRange, StreamListing
from actum.stores.open import open_stores
from tests.moves.killed import CHUNK, PAGE
from tests.moves.ledger import Account, app, balances, content_of, cut, fill, is_there, put

EVENTS, ACCOUNTS = 3_000, 70
ROOT = Path(__file__).parents[2]


class Stopped(Exception):
    """Ends a command midway."""


def quiet(*_: object) -> None:
    """Reports nothing."""


async def export(url: str, file: Path, **options: object) -> Export:
    return await export_application(app, url, file, quiet, **options)


async def import_(url: str, file: Path, **options: object) -> Import:
    return await import_application(app, url, file, quiet, **options)


async def killed(command: str, url: str, file: Path, events: int) -> int:
    """Runs a command that is killed once it has reported so many events; gives the exit code."""
    arguments = [sys.executable, "-m", "tests.moves.killed", command, url, str(file), str(events)]
    return await asyncio.to_thread(lambda: subprocess.run(arguments, cwd=ROOT, check=False).returncode)


@pytest.fixture(params=["sqlite", "postgres"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A store that is empty."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'target.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
async def source(tmp_path: Path) -> str:
    """A file with a history of its own."""
    url = f"sqlite:///{tmp_path / 'source.db'}"
    await fill(url, events=EVENTS, accounts=ACCOUNTS)
    return url


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "PAGE", PAGE)
    monkeypatch.setattr(exporting, "MAX_EVENTS", CHUNK)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "ledger.export"


async def test_everything_is_the_same_in_another_store(source: str, target: str, file: Path) -> None:
    exported = await export(source, file)
    imported = await import_(target, file)

    assert exported.counts["events"] == EVENTS
    assert exported.counts["replies"] == EVENTS // 3
    assert (imported.counts, imported.digest) == (exported.counts, exported.digest)
    digests = [(await digest_store(url, quiet)) for url in (source, target)]
    assert digests[0] == digests[1]
    assert digests[0].digest == exported.digest
    async with open_stores(source) as before, open_stores(target) as after:
        for journal in (before.journal, after.journal):
            assert await journal.identity() == await before.journal.identity()
            assert (await journal.replies([("Account", "a-3", "k-3")]))[0] is not None
        [old], [new] = [await one.journal.feed(EVENTS - 1, 1) for one in (before, after)]
        assert old == new
        listed = [await one.journal.streams(StreamListing("Account", limit=5)) for one in (before, after)]
        assert listed[0] == listed[1]
        part = EventRange("Account", "a-5", after=10, limit=40)
        assert await before.journal.read(part) == await after.journal.read(part)
    assert await balances(source) == await balances(target)


async def test_a_store_that_was_moved_to_goes_on(source: str, target: str, file: Path) -> None:
    await export(source, file)
    await import_(target, file)

    async with app.running(target) as ctx:
        before = (await ctx.state(Account, "a-1")).version
        await ctx.entity(Account, "a-1").book(5)
        assert (await ctx.state(Account, "a-1")).version == before + 1
    async with open_stores(target) as stores:
        last = await stores.journal.last()
        assert last > EVENTS
        assert await stores.journal.head() == last


async def test_events_go_back_into_a_file(source: str, postgres_url: str, file: Path, tmp_path: Path) -> None:
    back = f"sqlite:///{tmp_path / 'back.db'}"
    first = await export(source, file)
    await import_(postgres_url, file)
    async with app.running(postgres_url) as ctx:
        await ctx.entity(Account, "a-1").book(5)
    second = await export(postgres_url, tmp_path / "back.export")
    await import_(back, tmp_path / "back.export")

    assert second.counts["events"] == first.counts["events"] + 1
    assert (await digest_store(back, quiet)).digest == second.digest
    assert await balances(back) == await balances(postgres_url)


@pytest.mark.slow
async def test_what_was_killed_goes_on_where_it_stopped(source: str, target: str, file: Path) -> None:
    whole = await export(source, file.with_suffix(".whole"))

    assert await killed("export", source, file, 1_200) == -signal.SIGKILL
    exported = await export(source, file)
    assert await killed("import", target, file, 1_200) == -signal.SIGKILL
    with pytest.raises(ForeignStore, match=r"an import into .* has not ended: run `actum import` again"):
        async with app.running(target):
            pass
    imported = await import_(target, file)

    assert 0 < exported.resumed < EVENTS
    assert 0 < imported.resumed < EVENTS
    assert (exported.counts, exported.digest) == (whole.counts, whole.digest)
    assert (imported.counts, imported.digest) == (whole.counts, whole.digest)
    assert (await digest_store(target, quiet)).digest == whole.digest
    assert await balances(source) == await balances(target)


async def test_a_whole_export_is_not_taken_for_one_of_today(source: str, file: Path) -> None:
    """Letters, messages and timers change without an event, so it may be out of date."""
    await export(source, file)
    content = content_of(file)

    with pytest.raises(StoreError, match=r"is a whole export already, of 20\d\d-.*: name another file"):
        await export(source, file)

    assert content_of(file) == content


async def test_an_export_does_not_go_on_with_another_history(tmp_path: Path, file: Path) -> None:
    """As after a backup was restored: one identity, as many events, and other ones."""
    old, new = tmp_path / "old.db", tmp_path / "new.db"
    await fill(f"sqlite:///{old}", events=50, accounts=7)
    shutil.copyfile(old, new)
    for path, amount in ((old, 5), (new, 6)):
        async with app.running(f"sqlite:///{path}") as ctx:
            await ctx.entity(Account, "a-1").book(amount)
    await export(f"sqlite:///{old}", file)
    reader = ExportReader(file)
    [events] = [chunk.end for chunk in reader.whole() if chunk.header.part == "events"]
    reader.close()
    cut(file, events)

    with pytest.raises(StoreError, match="was begun with other events than the store has at position 51"):
        await export(f"sqlite:///{new}", file)


async def test_an_export_that_was_cut_off_anywhere_goes_on(tmp_path: Path, file: Path) -> None:
    url = f"sqlite:///{tmp_path / 'small.db'}"
    await fill(url, events=50, accounts=7)
    whole = await export(url, file)
    content = content_of(file)
    reader = ExportReader(file)
    ends = [chunk.end for chunk in reader.whole()]
    reader.close()

    for size in {0, *range(len(content) - 1, ends[0], -97), *ends[:-1]}:
        cut(file, size)
        again = await export(url, file)
        assert (again.counts, again.digest) == (whole.counts, whole.digest)


async def test_a_file_that_was_cut_off_is_not_imported(source: str, target: str, file: Path) -> None:
    await export(source, file)
    size = len(content_of(file))
    cut(file, size - 1)

    with pytest.raises(DamagedExport, match=f"is cut off: it has {size - 1:,} bytes"):
        await import_(target, file)
    async with open_stores(target) as stores:
        assert await stores.journal.last() == 0


async def test_an_export_that_has_not_ended_is_not_imported(source: str, target: str, file: Path) -> None:
    await export(source, file)
    reader = ExportReader(file)
    end = reader.whole()[-1].start
    reader.close()
    cut(file, end)

    with pytest.raises(DamagedExport, match="has no end: the export was interrupted"):
        await import_(target, file)


async def test_a_file_that_was_changed_says_where(tmp_path: Path, target: str, file: Path) -> None:
    url = f"sqlite:///{tmp_path / 'small.db'}"
    await fill(url, events=50, accounts=7)
    await export(url, file)
    content = content_of(file)
    reader = ExportReader(file)
    chunks = reader.whole()
    reader.close()

    for chunk in chunks:
        for place in (chunk.start, chunk.start + 20, chunk.place - 1, chunk.place, chunk.end - 1):
            changed = bytearray(content)
            changed[place] ^= 1
            put(file, changed)
            with pytest.raises(DamagedExport, match=r"was changed|is cut off|no export"):
                await import_(target, file)
    put(file, content)
    await import_(target, file)


async def test_a_chunk_that_was_left_out_is_noticed(source: str, target: str, file: Path) -> None:
    await export(source, file)
    content = content_of(file)
    reader = ExportReader(file)
    first = next(chunk for chunk in reader.whole() if chunk.header.part == "events")
    reader.close()
    put(file, content[: first.start] + content[first.end :])

    with pytest.raises(DamagedExport, match=f"was changed at byte {first.start:,}"):
        await import_(target, file)


async def test_a_store_with_other_events_takes_no_import(source: str, target: str, file: Path) -> None:
    await export(source, file)
    await fill(target, events=3, accounts=1)

    with pytest.raises(ForeignStore, match="an import needs an empty store"):
        await import_(target, file)


async def test_a_store_that_an_application_has_used_takes_no_import(
    source: str, target: str, file: Path
) -> None:
    await export(source, file)
    async with app.running(target):
        pass

    with pytest.raises(ForeignStore, match="has what ledger has stored: an import needs an empty store"):
        await import_(target, file)


async def test_an_interrupted_import_goes_on_with_its_own_file_alone(
    source: str, target: str, file: Path
) -> None:
    await export(source, file)
    await export(source, file.with_suffix(".other"))

    def stop(part: str, done: int, _: int) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        await import_application(app, target, file, stop)
    with pytest.raises(ForeignStore, match="an import of another file"):
        await import_(target, file.with_suffix(".other"))
    assert (await import_(target, file)).counts["events"] == EVENTS


async def test_another_application_is_not_moved(source: str, target: str, file: Path) -> None:
    other = App("other", entities=[Account])
    async with app.running(source):
        pass
    with pytest.raises(ForeignStore, match="belongs to the application 'ledger', and this is 'other'"):
        await export_application(other, source, file, quiet)
    await export(source, file)

    with pytest.raises(StoreError, match="is an export of the application 'ledger', and this is 'other'"):
        await import_application(other, target, file, quiet)


async def test_an_application_that_runs_is_not_exported(target: str, file: Path) -> None:
    async with app.running(target):
        with pytest.raises(StoreInUse, match=r"an application runs on .*: stop it first"):
            await export(target, file)
    assert not is_there(file)


async def test_no_application_starts_during_an_export_from_a_file(source: str, file: Path) -> None:
    started: list[Exception] = []

    async def start() -> None:
        try:
            async with app.running(source):
                pass
        except StoreInUse as error:
            started.append(error)

    tasks: list[asyncio.Task[None]] = []
    await export_application(app, source, file, lambda *_: tasks.append(asyncio.create_task(start())))
    await asyncio.gather(*tasks)

    assert started


async def test_an_export_does_not_go_on_after_the_application_has_written(source: str, file: Path) -> None:
    def stop(part: str, done: int, _: int) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        await export_application(app, source, file, stop)
    async with app.running(source) as ctx:
        await ctx.entity(Account, "a-1").book(5)

    with pytest.raises(StoreError, match="remove the file, and begin again"):
        await export(source, file)


async def test_a_file_that_is_no_export_is_left_as_it_is(source: str, target: str, file: Path) -> None:
    put(file, b"a letter to my aunt")

    with pytest.raises(DamagedExport, match="is no export"):
        await export(source, file)
    with pytest.raises(DamagedExport, match="is no export"):
        await import_(target, file)
    assert content_of(file) == b"a letter to my aunt"


async def test_parts_are_left_out_if_that_is_asked_for(source: str, target: str, file: Path) -> None:
    exported = await export(source, file, without=["replies"])
    await import_(target, file)

    assert "replies" not in exported.counts
    async with open_stores(target) as stores:
        assert await stores.journal.replies([("Account", "a-3", "k-3")]) == [None]
    with pytest.raises(Invalid, match="'cats' is no part of an export: it may be without replies, claims"):
        await export(source, file, without=["cats"])


async def test_what_an_import_finds_in_the_store_is_compared(source: str, target: str, file: Path) -> None:
    """Somebody writes into the store while it is imported into; no application does, it is not started."""
    await export(source, file)
    last: list[int] = []

    def note(part: str, done: int, _: int) -> None:
        last.append(done)
        if part == "replies":
            raise Stopped

    with pytest.raises(Stopped):
        await import_application(app, target, file, note)
    async with open_stores(target) as stores:
        await stores.journal.erase("Account", "a-1", time=1)

    with pytest.raises(StoreError, match="something else wrote there"):
        await import_(target, file)
