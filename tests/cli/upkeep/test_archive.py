"""Old events are moved into files beside the store: everything reads them as before, and copies have them."""

import asyncio
import os
import shutil
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from actum.cli.loading import load_app
from actum.operations.upkeep import archiving
from actum.runtime.clock import SystemClock
from actum.stores.sqlite.archive import selection
from actum.stores.sqlite.backup.contents import read_contents
from tests.cli.commands import CommandLine, Process

ORDERS = 5
OLD = ("archive", "shop", "--older-than", "365d")


class LaterClock(SystemClock):
    """Is 400 days ahead, so that what was just written is old."""

    def now(self) -> int:
        return super().now() + timedelta(days=400) // timedelta(microseconds=1)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archiving, "SystemClock", LaterClock)


@pytest.fixture
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has several files, of few events each."""
    monkeypatch.setattr(selection, "MAX_BYTES", 700)


async def is_labelled(ctx: Any, order: Any) -> bool:
    """Says whether the action that follows each payment has done its work."""
    for number in range(ORDERS):
        types = [type(one.event).__name__ for one in await ctx.history(order, f"o-{number}")]
        if types.count("Paid") != types.count("Labelled"):
            return False
    return True


async def pay(times: int, store: str | None = None) -> int:
    """Pays for orders in turn, and gives what the view has sold."""
    app = load_app("shop")
    shop = sys.modules["shop"]
    async with app.running(store) as ctx:
        for number in range(times):
            await ctx.entity(shop.Order, f"o-{number % ORDERS}").pay(number)
        while not await is_labelled(ctx, shop.Order):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        total: int = await ctx.view(shop.Sales).total()
        return total


async def seen(store: str | None = None) -> dict[str, Any]:
    """Gives everything that an application sees of its entities, once its view has all of them."""
    app = load_app("shop")
    shop = sys.modules["shop"]
    async with app.running(store) as ctx:
        orders: dict[str, Any] = {}
        for number in range(ORDERS):
            id = f"o-{number}"
            history = await ctx.history(shop.Order, id)
            states = [
                (await ctx.state(shop.Order, id, version=version)) for version in range(1, len(history) + 1)
            ]
            orders[id] = [(one.version, one.position, one.event) for one in history], repr(states)
        ids = (await ctx.ids(shop.Order)).items
        paid = sum(
            one[2].amount for history, _ in orders.values() for one in history if type(one[2]) is shop.Paid
        )
        while await ctx.view(shop.Sales).total() != paid:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        return {"orders": orders, "ids": ids, "total": paid}


@pytest.fixture
def filled(shop: Path, later: None, small_segments: None) -> Path:
    """A shop in which orders were paid for."""
    asyncio.run(pay(20))
    return shop


@pytest.fixture
def archived(filled: Path, actum: CommandLine) -> Path:
    """The same, archived."""
    result = actum(*OLD)
    assert (result.code, result.err) == (0, "")
    return filled


def segments(file: Path) -> list[str]:
    """Gives the names of the files beside a store's own."""
    folder = Path(f"{file}-archive")
    return sorted(os.listdir(folder)) if folder.exists() else []


def contents_in_table(file: Path) -> int:
    """Says how many events have their contents in the store's own file."""
    with closing(sqlite3.connect(file)) as connection:
        statement = "SELECT count(*) FROM actum_events WHERE typeof(payload) = 'blob'"
        found: int = connection.execute(statement).fetchone()[0]
        return found


def test_nobody_sees_a_difference(filled: Path, actum: CommandLine) -> None:
    before = asyncio.run(seen())
    commands = [
        ("digest", "shop", "--json"),
        ("events", "shop", "--json"),
        ("entity", "shop", "Order", "o-1", "--json"),
        ("ids", "shop", "Order", "--json"),
    ]
    printed = [actum(*command).out for command in commands]

    done = actum(*OLD)

    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("archived: ")
    assert contents_in_table(filled / "shop.db") == 0
    assert len(segments(filled / "shop.db")) > 1
    assert asyncio.run(seen()) == before
    assert [actum(*command).out for command in commands] == printed


def test_a_view_is_rebuilt_of_archived_events_and_entities_go_on(archived: Path, actum: CommandLine) -> None:
    before = asyncio.run(seen())
    with closing(sqlite3.connect(archived / "shop.db")) as connection, connection:
        connection.execute("DELETE FROM actum_snapshots")

    rebuilt = actum("views", "rebuild", "shop", "sales")

    assert (rebuilt.code, rebuilt.err) == (0, "")
    assert asyncio.run(seen()) == before
    assert asyncio.run(pay(3)) == before["total"] + 0 + 1 + 2
    assert contents_in_table(archived / "shop.db") >= 3


def test_a_dry_run_says_what_would_be_archived_beside_the_application(
    filled: Path, actum: CommandLine, start: Callable[..., Process]
) -> None:
    server = start("run", "shop", "--port", "0")
    assert server.url

    dry = actum(*OLD, "--dry-run", "--json")
    refused = actum(*OLD)

    assert (dry.code, dry.err) == (0, "")
    assert dry.lines[0]["entities"] == ORDERS
    assert dry.lines[0]["events"] >= 20
    assert (refused.code, refused.out) == (1, "")
    assert "an application runs on sqlite:///shop.db: stop it first" in refused.err
    assert server.stop() == 0
    assert segments(filled / "shop.db") == []
    assert contents_in_table(filled / "shop.db") > 0


def test_what_is_younger_stays(filled: Path, actum: CommandLine) -> None:
    result = actum("archive", "shop", "--older-than", "500d", "--json")

    assert result.lines == [
        {
            "folder": f"{filled / 'shop.db'}-archive",
            "entities": 0,
            "events": 0,
            "bytes": 0,
            "archive_bytes": 0,
            "before": result.lines[0]["before"],
            "after": result.lines[0]["after"],
        }
    ]
    assert segments(filled / "shop.db") == []


def test_a_second_run_has_nothing_to_do(archived: Path, actum: CommandLine) -> None:
    before = segments(archived / "shop.db")

    result = actum(*OLD, "--json")

    assert result.lines[0]["events"] == 0
    assert segments(archived / "shop.db") == before


def test_space_is_given_back_to_the_disk(shop: Path, actum: CommandLine, later: None) -> None:
    asyncio.run(pay(3_000))
    before = (shop / "shop.db").stat().st_size

    result = actum(*OLD, "--vacuum", "--json")

    assert (result.code, result.err) == (0, "")
    assert result.lines[0]["after"] == (shop / "shop.db").stat().st_size < before * 0.7
    assert actum("doctor", "shop").code == 0


@pytest.mark.parametrize(
    ("store", "why"),
    [
        ("memory:", "a store in memory ends with its process"),
        ("postgresql://127.0.0.1:1/none", "a tablespace"),
        ("dynamodb://table?database=sqlite%3A%2F%2F%2Fd.db", "STANDARD_INFREQUENT_ACCESS"),
        ("durable-objects://host?secret=s&database=sqlite%3A%2F%2F%2Fd.db", "a storage of its own"),
    ],
)
def test_other_stores_are_refused_with_what_to_do(
    shop: Path, actum: CommandLine, store: str, why: str
) -> None:
    for further in ((), ("--dry-run",)):
        refused = actum(*OLD, *further, "--store", store)

        assert (refused.code, refused.out, refused.err.count("\n")) == (1, "", 1)
        assert "`actum archive` is for stores in a SQLite file" in refused.err
        assert why in refused.err


def test_the_store_of_another_application_is_refused(filled: Path, actum: CommandLine) -> None:
    (filled / "market.py").write_text('from actum import App\n\napp = App("market")\n')

    refused = actum("archive", "market", "--older-than", "365d", "--store", "sqlite:///shop.db")

    assert (refused.code, refused.out) == (1, "")
    assert "belongs to the application 'shop'" in refused.err
    assert segments(filled / "shop.db") == []


def test_an_export_has_archived_events_and_is_imported(archived: Path, actum: CommandLine) -> None:
    before = asyncio.run(seen())
    digest = actum("digest", "shop", "--json").lines

    exported = actum("export", "shop", "shop.export", "--json")
    imported = actum("import", "shop", "shop.export", "--store", "sqlite:///new.db", "--json")

    assert (exported.code, imported.code) == (0, 0)
    assert exported.lines[0]["digest"] == digest[0]["digest"]
    assert actum("digest", "shop", "--store", "sqlite:///new.db", "--json").lines == digest
    assert segments(archived / "new.db") == []
    assert asyncio.run(seen("sqlite:///new.db")) == before


def test_a_backup_has_the_files_and_is_restored_with_them(archived: Path, actum: CommandLine) -> None:
    before = asyncio.run(seen())

    made = actum("backup", "shop", "backup.db")
    checked = actum("restore", "shop", "backup.db", "--check", "--json")
    shutil.rmtree(archived / "shop.db-archive")
    restored = actum("restore", "shop", "backup.db")

    assert (made.code, made.err) == (0, "")
    assert "of archive; checked" in made.out
    assert checked.lines[0]["archived_events"] >= 20
    assert (restored.code, restored.err) == (0, "")
    assert segments(archived / "shop.db") == segments(archived / "backup.db")
    assert asyncio.run(seen()) == before


@pytest.mark.parametrize("change", ["missing", "damaged"])
def test_a_backup_without_its_files_is_refused_and_nothing_is_changed(
    archived: Path, actum: CommandLine, change: str
) -> None:
    actum("backup", "shop", "backup.db")
    name = segments(archived / "backup.db")[-1]
    file = archived / "backup.db-archive" / name
    if change == "missing":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:-3] + b"xyz")
    names = {path.name for path in archived.iterdir()}
    before = (archived / "shop.db").read_bytes()

    for further in ((), ("--check",)):
        refused = actum("restore", "shop", "backup.db", *further)

        assert (refused.code, refused.out, refused.err.count("\n")) == (1, "", 1)
        assert name in refused.err
    assert {path.name for path in archived.iterdir()} | {"shop.db-lock"} == names | {"shop.db-lock"}
    assert (archived / "shop.db").read_bytes() == before


def test_no_backup_is_made_of_an_event_that_no_file_has(archived: Path, actum: CommandLine) -> None:
    with closing(sqlite3.connect(archived / "shop.db")) as connection, connection:
        connection.execute("UPDATE actum_events SET payload = 2 WHERE position = 1")

    refused = actum("backup", "shop", "backup.db")

    assert (refused.code, refused.out, refused.err.count("\n")) == (1, "", 1)
    assert "1 archived events" in refused.err
    assert not list(archived.glob("*backup*"))


def test_archived_personal_data_without_keys_is_said_to_be_so(archived: Path) -> None:
    with closing(sqlite3.connect(archived / "shop.db")) as connection, connection:
        connection.execute("INSERT INTO actum_application_keys VALUES ('k', x'00', 1)")
    before = read_contents(archived / "shop.db").lacks_keys
    with closing(sqlite3.connect(archived / "shop.db")) as connection, connection:
        connection.execute("UPDATE actum_segments SET is_sealed = 1 WHERE segment = 2")

    assert (before, read_contents(archived / "shop.db").lacks_keys) == (False, True)


@pytest.mark.parametrize("change", ["missing", "damaged"])
def test_no_backup_is_made_without_a_file(archived: Path, actum: CommandLine, change: str) -> None:
    name = segments(archived / "shop.db")[-1]
    file = archived / "shop.db-archive" / name
    if change == "missing":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:-3] + b"xyz")

    refused = actum("backup", "shop", "backup.db")

    assert (refused.code, refused.out, refused.err.count("\n")) == (1, "", 1)
    assert name in refused.err
    assert not list(archived.glob("*backup*"))


def test_a_backup_that_is_overwritten_has_no_files_of_the_earlier_one(
    archived: Path, actum: CommandLine
) -> None:
    actum("backup", "shop", "backup.db")
    asyncio.run(erase("o-1"))

    again = actum("backup", "shop", "backup.db", "--force")

    assert (again.code, again.err) == (0, "")
    assert segments(archived / "backup.db") == segments(archived / "shop.db")
    assert actum("restore", "shop", "backup.db", "--check").code == 0


def test_a_restore_keeps_what_the_earlier_file_needs(archived: Path, actum: CommandLine) -> None:
    actum("backup", "shop", "backup.db")
    before = segments(archived / "shop.db")
    asyncio.run(erase("o-1"))
    now, left = segments(archived / "shop.db"), asyncio.run(seen())

    assert actum("restore", "shop", "backup.db").code == 0

    assert set(segments(archived / "shop.db")) == {*before, *now}
    [finding] = [one for one in actum("doctor", "shop", "--json").lines if "do not belong" in str(one)]
    assert f"{len(set(now) - set(before))} files" in str(finding)
    # The earlier file in its place again.
    [aside] = archived.glob("shop.db.before-restore-*")
    aside.rename(archived / "shop.db")
    assert asyncio.run(seen()) == left


async def erase(id: str) -> None:
    app = load_app("shop")
    shop = sys.modules["shop"]
    async with app.running() as ctx:
        await ctx.delete(shop.Order, id, erase=True)


def test_erasing_an_entity_takes_it_out_of_the_files(archived: Path, actum: CommandLine) -> None:
    before = segments(archived / "shop.db")

    asyncio.run(erase("o-1"))

    assert actum("doctor", "shop").code == 0
    assert segments(archived / "shop.db") != before
    assert "o-1" not in actum("ids", "shop", "Order").out


@pytest.mark.parametrize("change", ["missing", "damaged"])
def test_the_doctor_reads_every_file(archived: Path, actum: CommandLine, change: str) -> None:
    sound = actum("doctor", "shop")
    name = segments(archived / "shop.db")[0]
    file = archived / "shop.db-archive" / name
    if change == "missing":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:-3] + b"xyz")

    found = actum("doctor", "shop")

    assert sound.code == 0
    assert "files of archived events are whole" in sound.out
    assert found.code == 1
    assert name in found.out


@pytest.mark.parametrize("change", ["missing", "cut off"])
def test_a_quick_doctor_looks_for_every_file(archived: Path, actum: CommandLine, change: str) -> None:
    sound = actum("doctor", "shop", "--quick")
    file = archived / "shop.db-archive" / segments(archived / "shop.db")[0]
    if change == "missing":
        file.unlink()
    else:
        os.truncate(file, 20)

    found = actum("doctor", "shop", "--quick")

    assert sound.code == 0
    assert "files of archived events are there" in sound.out
    assert found.code == 1
    assert file.name in found.out


def test_an_application_does_not_start_without_a_file(
    archived: Path, actum: CommandLine, start: Callable[..., Process]
) -> None:
    name = segments(archived / "shop.db")[0]
    (archived / "shop.db-archive" / name).unlink()

    server = start("run", "shop", "--port", "0")

    assert server.end() == 1
    assert name in "".join(server.err.rest())
