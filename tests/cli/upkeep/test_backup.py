"""Backups of a store in one file: whole, of one moment, checked, and never in another file's place."""

import asyncio
import re
import shutil
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from actum.cli.loading import load_app
from actum.errors import StoreError
from actum.stores.open import open_stores
from actum.stores.sqlite.backup import copying, placing
from actum.stores.sqlite.backup.contents import check_all, read_contents
from actum.stores.sqlite.backup.placing import place_new
from tests.cli.commands import CommandLine, Process
from tests.cli.upkeep.stores import digest_of_events, last_position, sales, under_load


async def pay(times: int, amount: int = 1) -> int:
    """Pays for an order again and again, and gives what the view has sold."""
    app = load_app("shop")
    shop = sys.modules["shop"]
    async with app.running() as ctx:
        for number in range(times):
            await ctx.entity(shop.Order, f"o-{number % 7}").pay(amount)
        total: int = await ctx.view(shop.Sales).total()
        return total


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_backup_under_load_is_of_one_moment_and_has_all_that_was_acknowledged(
    shop: Path, actum: CommandLine, start: Callable[..., Process]
) -> None:
    server = start("run", "shop", "--port", "0")
    files = [shop / f"backup-{number}.db" for number in range(2)]

    with under_load(server.url) as payments:
        for file in files:
            before = payments.wait_for(10)
            made = start("backup", "shop", str(file))
            assert made.end() == 0, made.err.rest()
            assert read_contents(file).events >= before
    assert server.stop() == 0

    for file in files:
        check_all(file)
        at = last_position(file)
        assert digest_of_events(file, at) == digest_of_events(shop / "shop.db", at)
        rows, folded = sales(file)
        assert rows == folded
    assert sorted(path.name for path in shop.glob("backup*")) == [file.name for file in files]
    assert not list(shop.glob(".*partial*"))


@pytest.mark.slow
def test_a_server_that_was_killed_is_backed_up_with_what_only_its_log_holds(
    shop: Path, actum: CommandLine, start: Callable[..., Process]
) -> None:
    server = start("run", "shop", "--port", "0")
    with under_load(server.url) as payments:
        payments.wait_for(30)
    server.kill()
    assert (shop / "shop.db-wal").stat().st_size > 0

    made = actum("backup", "shop", "backup.db")

    assert (made.code, made.err) == (0, "")
    assert read_contents(shop / "backup.db").events >= payments.count()
    check_all(shop / "backup.db")


def test_it_says_what_is_in_the_backup_and_leaves_nothing_else(shop: Path, actum: CommandLine) -> None:
    asyncio.run(pay(3))

    made = actum("backup", "shop", "backup.db")

    assert (made.code, made.err) == (0, "")
    assert re.fullmatch(
        r"shop\.db is backed up in backup\.db: \d events of 3 entities up to 20[-0-9]+ [0-9:.]+Z, "
        r"0\.\d MB; checked\n",
        made.out,
    )
    assert {path.name for path in shop.iterdir()} >= {"shop.db", "backup.db"}
    assert [path.name for path in shop.iterdir() if "backup" in path.name] == ["backup.db"]


def test_a_file_that_is_there_is_overwritten_only_by_force(shop: Path, actum: CommandLine) -> None:
    asyncio.run(pay(1))
    (shop / "backup.db").write_bytes(b"precious")

    refused = actum("backup", "shop", "backup.db")
    kept = (shop / "backup.db").read_bytes()
    forced = actum("backup", "shop", "backup.db", "--force")

    assert (refused.code, refused.out, kept) == (1, "", b"precious")
    assert refused.err == "error: backup.db exists already: name another file, or overwrite it with --force\n"
    assert forced.code == 0
    check_all(shop / "backup.db")


def test_a_file_that_appears_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    part, target = tmp_path / "part", tmp_path / "backup.db"
    part.write_bytes(b"new")
    target.write_bytes(b"precious")

    with pytest.raises(StoreError, match="exists already"):
        place_new(part, target, replaces=False)

    assert target.read_bytes() == b"precious"


@pytest.mark.parametrize("name", ["shop.db", "shop.db-wal", "./shop.db", "folder/../shop.db"])
def test_the_store_itself_is_never_the_target(shop: Path, actum: CommandLine, name: str) -> None:
    asyncio.run(pay(1))
    (shop / "folder").mkdir()
    before = digest_of_events(shop / "shop.db", 1)

    refused = actum("backup", "shop", name, "--force")

    assert refused.code == 1
    assert "is the store itself: name another file" in refused.err
    assert digest_of_events(shop / "shop.db", 1) == before


@pytest.mark.slow
def test_a_store_that_another_process_runs_on_is_not_overwritten_by_force(
    shop: Path, actum: CommandLine, start: Callable[..., Process]
) -> None:
    asyncio.run(pay(1))
    server = start("run", "shop", "--port", "0", "--store", "sqlite:///other.db")
    assert server.url

    refused = actum("backup", "shop", "other.db", "--force")

    assert refused.code == 1
    assert "other.db is in use by another process" in refused.err
    assert server.stop() == 0


def test_a_disk_without_room_is_found_before_anything_is_copied(
    shop: Path, actum: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asyncio.run(pay(1))
    usage = shutil.disk_usage(shop)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=17_000_000))
    monkeypatch.setattr(placing, "SPARE", 17_000_000)

    refused = actum("backup", "shop", "backup.db")

    assert refused.code == 1
    assert "has 17.0 MB free, and 17." in refused.err
    assert "are needed: free some, or name a file on another disk" in refused.err
    assert not [path for path in shop.iterdir() if "backup" in path.name]


def test_what_a_failure_leaves_half_done_is_removed(
    shop: Path, actum: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asyncio.run(pay(1))

    def fail(*_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(copying, "check_space", fail)
    refused = actum("backup", "shop", "backup.db")

    assert refused.code == 1
    assert refused.err == (
        "error: shop.db could not be copied (disk I/O error): check it with `actum doctor`\n"
    )
    assert not [path for path in shop.iterdir() if "backup" in path.name]


def test_a_store_that_lacks_an_event_is_not_backed_up_as_whole(shop: Path, actum: CommandLine) -> None:
    asyncio.run(pay(20))
    with closing(sqlite3.connect(shop / "shop.db")) as connection, connection:
        connection.execute(
            """DELETE FROM actum_events WHERE version = 1 AND stream =
            (SELECT stream FROM actum_streams WHERE id = 'o-1')"""
        )

    refused = actum("backup", "shop", "backup.db")

    assert refused.code == 1
    assert "the versions of Order/o-1 are not contiguous: events of it are missing" in refused.err
    assert not (shop / "backup.db").exists()


def test_pruned_and_erased_histories_are_whole(shop: Path, actum: CommandLine) -> None:
    asyncio.run(pay(20))

    async def remove() -> None:
        async with open_stores("sqlite:///shop.db") as stores:
            await stores.journal.prune("Order", "o-1", 1)
            await stores.journal.erase("Order", "o-2", time=1)

    asyncio.run(remove())

    assert actum("backup", "shop", "backup.db").code == 0


@pytest.mark.parametrize(
    ("store", "what"),
    [
        ("sqlite:///nothing.db", "there is no store nothing.db in "),
        ("memory:", "a store in memory ends with its process"),
        ("sqlite:///text.db", "text.db is not an Actum store, nor any SQLite file"),
        ("sqlite:///foreign.db", "foreign.db is a SQLite file of another program"),
    ],
)
def test_what_is_no_store_is_refused_in_one_line(
    shop: Path, actum: CommandLine, store: str, what: str
) -> None:
    (shop / "text.db").write_text("no database at all\n" * 100)
    with closing(sqlite3.connect(shop / "foreign.db")) as connection:
        connection.execute("CREATE TABLE t (a)")

    refused = actum("backup", "shop", "backup.db", "--store", store)

    assert (refused.code, refused.out, refused.err.count("\n")) == (1, "", 1)
    assert what in refused.err
    assert not (shop / "backup.db").exists()


def test_the_store_of_another_application_is_refused(shop: Path, actum: CommandLine) -> None:
    asyncio.run(pay(1))
    (shop / "market.py").write_text((shop / "shop.py").read_text().replace('App("shop"', 'App("market"'))

    refused = actum("backup", "market", "backup.db", "--store", "sqlite:///shop.db")

    assert refused.code == 1
    assert "shop.db belongs to the application 'shop', and this is 'market'" in refused.err


@pytest.mark.parametrize(
    ("store", "commands"),
    [
        (
            "postgresql://ann:secret@db.example:5433/shop",
            [
                "pg_dump --format=custom --no-owner --file=backup.db postgresql://ann@db.example:5433/shop",
                "pg_restore --file=/dev/null backup.db",
                "dropdb, createdb",
                "pg_restore --no-owner --single-transaction --dbname=postgresql://ann@db.example:5433/shop",
            ],
        ),
        (
            "postgresql://db.example/shop?search_path=shop",
            ["DROP SCHEMA", "pg_restore --no-owner --schema=shop --single-transaction"],
        ),
        (
            "dynamodb://shop?region=eu-central-1&database=sqlite:///shop.db",
            [
                "aws dynamodb update-continuous-backups --table-name shop",
                "VACUUM INTO 'backup.db'",
                "`actum adopt` binds them again",
            ],
        ),
        (
            "durable-objects://shop.example?secret=secret&database=postgresql://db.example/shop",
            ["getBookmarkForTime", "pg_dump"],
        ),
    ],
)
@pytest.mark.parametrize("command", ["backup", "restore"])
def test_other_stores_are_backed_up_in_their_own_way_which_is_printed(
    shop: Path, actum: CommandLine, store: str, commands: list[str], command: str
) -> None:
    refused = actum(command, "shop", "backup.db", "--store", store)

    assert refused.code == 1
    assert refused.err.startswith("error: ")
    assert "by its own tools, as listed above" in refused.err
    assert all(one in refused.out for one in commands), refused.out
    assert "secret@" not in refused.out + refused.err
    assert "secret=secret" not in refused.out + refused.err
