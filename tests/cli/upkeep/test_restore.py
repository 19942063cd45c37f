"""Backups are checked, put in the place of a store, and keep who was forgotten since forgotten."""

import asyncio
import os
import shutil
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from actum import FORGOTTEN
from actum.cli.loading import load_app
from actum.operations.upkeep.backup import back_up
from actum.operations.upkeep.restoring import restore
from actum.runtime.clock import SystemClock
from actum.stores.sqlite.backup.contents import check_all, read_contents
from actum.stores.sqlite.backup.placing import replace_store
from tests.cli.commands import CommandLine, Process
from tests.cli.upkeep.stores import digest_of_events, garbled, last_position, paid, sales, under_load

CLUB = """
from actum import App, Entity, Event, Personal, View, command, query, reducer

class Named(Event):
    name: Personal[str]

class Member(Entity, person="id"):
    name: Personal[str] = ""

    @command
    def call(self, name: Personal[str]) -> None:
        self.emit(Named(name))

    @query
    def called(self) -> Personal[str]:
        return self.name

    @reducer
    def named(self, event: Named) -> None:
        self.name = event.name

class Names(View):
    id: str
    name: Personal[str] = ""

    @reducer
    def named(self, event: Named) -> None:
        self.name = event.name

app = App("club", entities=[Member], views=[Names])
"""
ANN, BOB = "Annabel Forgettable", "Robert Remembered"


async def pay(times: int) -> int:
    """Pays for orders, and gives what the view has sold."""
    app = load_app("shop")
    shop = sys.modules["shop"]
    async with app.running() as ctx:
        for number in range(times):
            await ctx.entity(shop.Order, f"o-{number % 7}").pay(1)
        total: int = await ctx.view(shop.Sales).total()
        return total


@pytest.fixture
def club(directory: Path, actum: CommandLine, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A club with two members, and its backups with and without keys of persons."""
    (directory / "club.py").write_text(CLUB)
    monkeypatch.setenv("ACTUM_KEY", actum("keys", "new").out.strip())
    asyncio.run(call(ann=ANN, bob=BOB))
    assert actum("backup", "club", "with.db").code == 0
    assert actum("backup", "club", "without.db", "--without-person-keys").code == 0
    return directory


async def call(**names: str) -> dict[str, object]:
    """Names members, and gives what everybody is called, by the entities and by the view."""
    app = load_app("club")
    club = sys.modules["club"]
    async with app.running() as ctx:
        for id, name in names.items():
            await ctx.entity(club.Member, id).call(name)
        found: dict[str, object] = {}
        for id in ("ann", "bob"):
            found[id] = await ctx.entity(club.Member, id).called()
            # A view that was dropped is built again meanwhile.
            while (row := await ctx.view(club.Names).get(id)) is None:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            assert row.name == found[id]
        return found


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_what_was_backed_up_under_load_is_restored_and_goes_on(
    shop: Path, actum: CommandLine, start: Callable[..., Process]
) -> None:
    server = start("run", "shop", "--port", "0")
    with under_load(server.url) as payments:
        payments.wait_for(60)
        made = start("backup", "shop", "backup.db")
        assert made.end() == 0
        payments.wait_for(20)
    assert server.stop() == 0
    at = last_position(shop / "backup.db")
    written = digest_of_events(shop / "shop.db", at)
    assert last_position(shop / "shop.db") > at

    restored = actum("restore", "shop", "backup.db")

    assert (restored.code, restored.err) == (0, "")
    assert last_position(shop / "shop.db") == at
    assert digest_of_events(shop / "shop.db", at) == written
    rows, folded = sales(shop / "shop.db")
    assert rows == folded
    assert asyncio.run(pay(5)) == sum(sales(shop / "shop.db")[1].values())
    check_all(shop / "backup.db")


@pytest.mark.slow
def test_nothing_is_restored_while_a_process_runs_on_the_store(
    shop: Path, actum: CommandLine, start: Callable[..., Process]
) -> None:
    asyncio.run(pay(3))
    assert actum("backup", "shop", "backup.db").code == 0
    server = start("run", "shop", "--port", "0")
    assert server.url

    refused = actum("restore", "shop", "backup.db")
    checked = actum("restore", "shop", "backup.db", "--check")

    assert (refused.code, refused.out) == (1, "")
    assert "shop.db is in use by another process: stop that one first" in refused.err
    assert checked.code == 0
    assert server.stop() == 0
    assert not list(shop.glob("*before-restore*"))


def test_the_earlier_file_is_kept_and_can_be_restored_too(shop: Path, actum: CommandLine) -> None:
    assert asyncio.run(pay(3)) == 3
    assert actum("backup", "shop", "backup.db").code == 0
    assert asyncio.run(pay(2)) == 5

    assert actum("restore", "shop", "backup.db").code == 0
    first = asyncio.run(pay(0))
    [aside] = shop.glob("shop.db.before-restore-*")
    assert actum("restore", "shop", str(aside)).code == 0

    assert (first, asyncio.run(pay(0))) == (3, 5)


def test_it_is_shown_how_far_it_is_as_of_a_backup(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actum.stores.sqlite.backup.placing.CHUNK", 4_096)
    assert asyncio.run(pay(3)) == 3
    app, url, file = load_app("shop"), "sqlite:///shop.db", shop / "backup.db"
    reports: list[tuple[str, int, int]] = []

    back_up(app, url, file, lambda *report: reports.append(report))
    of_backup, reports = reports, []
    restore(app, url, file, lambda *report: reports.append(report))

    copied = [(done, total) for part, done, total in reports if part == "copying"]
    size = file.stat().st_size
    assert list(dict.fromkeys(part for part, _, _ in of_backup)) == ["copying", "finishing", "checking"]
    assert list(dict.fromkeys(part for part, _, _ in reports)) == ["checking", "copying", "finishing"]
    assert copied == [(done, size) for done in range(4_096, size + 1, 4_096)]


@pytest.mark.slow
def test_the_log_of_a_killed_server_goes_with_the_earlier_file(
    shop: Path, actum: CommandLine, start: Callable[..., Process]
) -> None:
    """SQLite would take what is in it for the restored file's."""
    asyncio.run(pay(3))
    assert actum("backup", "shop", "backup.db").code == 0
    server = start("run", "shop", "--port", "0")
    with under_load(server.url) as payments:
        payments.wait_for(20)
    server.kill()

    restored = actum("restore", "shop", "backup.db")

    assert restored.code == 0
    assert paid(shop / "shop.db") == 3
    [aside] = [path for path in shop.glob("shop.db.before-restore-*") if not path.name.endswith("-wal")]
    shutil.move(aside, shop / "shop.db")
    if (log := Path(f"{aside}-wal")).exists():
        shutil.move(log, shop / "shop.db-wal")
    assert paid(shop / "shop.db") >= 3 + payments.count()


def test_a_restore_that_is_interrupted_leaves_the_earlier_store_or_the_backup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At no moment is there no file: an application that starts then would begin an empty one."""
    store, part, aside = tmp_path / "app.db", tmp_path / "part", tmp_path / "app.db.before"
    store.write_bytes(b"earlier")
    part.write_bytes(b"restored")
    seen = []
    replace = os.replace

    def watch(source: object, target: object) -> None:
        seen.append(store.read_bytes())
        replace(str(source), str(target))
        seen.append(store.read_bytes())

    monkeypatch.setattr(os, "replace", watch)
    (tmp_path / "app.db-wal").write_bytes(b"log of the earlier")
    replace_store(part, store, aside)

    assert seen == [b"earlier", b"earlier", b"earlier", b"restored"]
    assert aside.read_bytes() == b"earlier"
    assert Path(f"{aside}-wal").read_bytes() == b"log of the earlier"


def test_a_store_that_is_gone_is_restored(shop: Path, actum: CommandLine) -> None:
    asyncio.run(pay(4))
    assert actum("backup", "shop", "backup.db").code == 0
    (shop / "shop.db").unlink()

    restored = actum("restore", "shop", "backup.db")

    assert restored.code == 0
    assert "The earlier file" not in restored.out
    assert "`actum adopt` is not needed" in restored.out
    assert asyncio.run(pay(0)) == 4


def test_a_check_says_what_is_in_a_backup_and_changes_nothing(shop: Path, actum: CommandLine) -> None:
    asyncio.run(pay(3))
    assert actum("backup", "shop", "backup.db").code == 0
    asyncio.run(pay(3))
    before = {path.name: path.read_bytes() for path in shop.iterdir() if path.is_file()}

    checked = actum("restore", "shop", "backup.db", "--check")

    assert (checked.code, checked.err) == (0, "")
    lines = dict(line.split(": ", 1) for line in checked.out.splitlines())
    assert lines["application"] == "shop"
    assert lines["backup.db is whole"].endswith("MB")
    assert lines["schema"].startswith("database ")
    assert lines["events"].startswith("from 20")
    assert lines["keys of persons"] == "none"
    assert {path.name: path.read_bytes() for path in shop.iterdir() if path.is_file()} == before


def test_what_is_damaged_or_no_backup_is_refused_and_the_store_stays(shop: Path, actum: CommandLine) -> None:
    asyncio.run(pay(40))
    assert actum("backup", "shop", "backup.db").code == 0
    whole = (shop / "backup.db").read_bytes()
    middle = len(whole) // 2
    (shop / "torn.db").write_bytes(whole[:middle])
    (shop / "flipped.db").write_bytes(whole[:middle] + bytes(4096) + whole[middle + 4096 :])
    (shop / "garbled.db").write_bytes(garbled(whole))
    (shop / "text.db").write_text("no database at all\n" * 100)
    (shop / "empty.db").write_bytes(b"")
    before = digest_of_events(shop / "shop.db", 1_000)

    for name in ("torn.db", "flipped.db", "garbled.db", "text.db", "empty.db", "nothing.db", "shop.db"):
        for check in ([], ["--check"]):
            refused = actum("restore", "shop", name, *check)
            if name == "shop.db" and check:
                continue
            assert (refused.code, refused.err.count("\n")) == (1, 1), name
            assert refused.err.startswith("error: "), refused.err
            assert "codec" not in refused.err

    assert digest_of_events(shop / "shop.db", 1_000) == before
    assert not list(shop.glob("*before-restore*"))


@pytest.mark.slow
def test_a_copy_of_a_store_in_use_without_its_log_is_no_backup(
    shop: Path, actum: CommandLine, start: Callable[..., Process]
) -> None:
    server = start("run", "shop", "--port", "0")
    with under_load(server.url) as payments:
        payments.wait_for(20)
        shutil.copy(shop / "shop.db", shop / "copy.db")
    assert server.stop() == 0

    refused = actum("restore", "shop", "copy.db", "--check")

    assert refused.code == 1
    assert "copy.db was copied from a store in use, without its log" in refused.err


def test_the_backup_of_another_application_or_of_a_newer_actum_is_refused(
    shop: Path, actum: CommandLine
) -> None:
    asyncio.run(pay(1))
    assert actum("backup", "shop", "backup.db").code == 0
    (shop / "market.py").write_text((shop / "shop.py").read_text().replace('App("shop"', 'App("market"'))
    shutil.copy(shop / "backup.db", shop / "newer.db")
    with closing(sqlite3.connect(shop / "newer.db")) as connection, connection:
        connection.execute("UPDATE actum_schema SET version = 99 WHERE part = 'journal'")

    other = actum("restore", "market", "backup.db", "--store", "sqlite:///shop.db")
    newer = actum("restore", "shop", "newer.db")

    assert other.code == newer.code == 1
    assert "is a backup of the application 'shop', and this is 'market'" in other.err
    assert "newer.db was written by a newer Actum" in newer.err


def test_a_backup_without_keys_has_neither_keys_nor_plain_text(club: Path, actum: CommandLine) -> None:
    checked = [actum("restore", "club", name, "--check").out for name in ("with.db", "without.db")]

    content = (club / "without.db").read_bytes()
    assert ANN.encode() in (club / "with.db").read_bytes()
    assert ANN.encode() not in content
    assert BOB.encode() not in content
    with closing(sqlite3.connect(club / "with.db")) as connection:
        for (wrapped,) in connection.execute("SELECT wrapped FROM actum_person_keys"):
            assert wrapped not in content
    assert "\nkeys of persons: 2" in checked[0] or "\nkeys of persons: 3" in checked[0]
    assert "\nkeys of persons: none, and there is personal data" in checked[1]


@pytest.mark.parametrize("backup", ["with.db", "without.db"])
def test_who_was_forgotten_since_a_backup_stays_forgotten_when_it_is_restored(
    club: Path, actum: CommandLine, backup: str
) -> None:
    assert actum("forget", "club", "ann").code == 0

    restored = actum("restore", "club", backup)

    assert (restored.code, restored.err) == (0, "")
    assert "Keys of persons are those of the earlier file" in restored.out
    assert asyncio.run(call()) == {"ann": FORGOTTEN, "bob": BOB}
    assert ANN.encode() not in (club / "club.db").read_bytes()


def test_keys_are_those_of_the_backup_where_there_is_no_store(club: Path, actum: CommandLine) -> None:
    (club / "club.db").unlink()

    restored = actum("restore", "club", "with.db")

    assert "has to be forgotten again" in restored.out
    assert asyncio.run(call()) == {"ann": ANN, "bob": BOB}


def test_a_backup_without_keys_is_restored_without_a_store_only_if_that_is_accepted(
    club: Path, actum: CommandLine
) -> None:
    (club / "club.db").unlink()

    refused = actum("restore", "club", "without.db")
    was_made = (club / "club.db").exists()
    accepted = actum("restore", "club", "without.db", "--without-person-keys")

    assert (refused.code, was_made) == (1, False)
    assert "all personal data in it would be lost" in refused.err
    assert accepted.code == 0
    assert asyncio.run(call()) == {"ann": FORGOTTEN, "bob": FORGOTTEN}


def test_keys_of_another_journal_are_not_taken_over(club: Path, actum: CommandLine) -> None:
    (club / "club.db").unlink()
    asyncio.run(call(ann="Somebody else", bob="Nobody"))

    restored = actum("restore", "club", "with.db")

    assert "Keys of persons are those of the backup" in restored.out
    assert asyncio.run(call()) == {"ann": ANN, "bob": BOB}


def test_a_disk_without_room_leaves_the_store_as_it_is(
    shop: Path, actum: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asyncio.run(pay(2))
    assert actum("backup", "shop", "backup.db").code == 0
    usage = shutil.disk_usage(shop)

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1_000))
        refused = actum("restore", "shop", "backup.db")

    assert refused.code == 1
    assert "free some" in refused.err
    assert read_contents(shop / "shop.db").events >= 2


def test_two_restores_in_one_second_keep_both_earlier_files(
    shop: Path, actum: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asyncio.run(pay(2))
    assert actum("backup", "shop", "backup.db").code == 0
    now = SystemClock().now()
    monkeypatch.setattr(SystemClock, "now", lambda _: now)

    for _ in range(2):
        assert actum("restore", "shop", "backup.db").code == 0

    assert len(list(shop.glob("shop.db.before-restore-*"))) == 2
