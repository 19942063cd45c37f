"""An application, its store and this machine are examined: what is wrong is named, with how to fix it."""

import asyncio
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
from actum.operations.upkeep.examination import files, opened, servers
from actum.operations.upkeep.examination.finding import clock_finding
from actum.runtime.clock import SystemClock
from actum.stores.open import prepare_stores
from actum.stores.sqlite import examination
from actum.stores.url import join
from tests.cli.commands import CommandLine, Process, Result
from tests.cli.upkeep.stores import garbled
from tests.servers.dynamodb import url_of

BROKEN = """
from contextlib import asynccontextmanager
from collections.abc import AsyncGenerator
from actum import App

class Mailer: ...
class Printer: ...
class Fax: ...

@asynccontextmanager
async def open_mailer() -> AsyncGenerator[Mailer]:
    yield Mailer()

@asynccontextmanager
async def open_printer() -> AsyncGenerator[Printer]:
    raise ConnectionRefusedError("the printer is off")
    yield Printer()

@asynccontextmanager
async def open_fax() -> AsyncGenerator[Fax]:
    import asyncio
    await asyncio.Event().wait()
    yield Fax()

app = App("shop", resources=[open_mailer, open_printer, open_fax])
"""


async def pay(store: str | None = None, *ids: str) -> None:
    app = load_app("shop")
    shop = sys.modules["shop"]
    async with app.running(store) as ctx:
        for id in ids or ("a",):
            await ctx.entity(shop.Order, id).pay(1)
        await ctx.view(shop.Sales).total()


def found(result: Result, part: str, verdict: str = "") -> list[str]:
    """What was found of a part."""
    return [
        line["what"] for line in result.lines if line["part"] == part and verdict in ("", line["verdict"])
    ]


@pytest.fixture(params=["sqlite", "postgres", "dynamodb"])
def store(request: pytest.FixtureRequest, directory: Path) -> str:
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres_store"))
    if request.param == "dynamodb":
        table = url_of(request.getfixturevalue("dynamodb"), "examined")
        url = join(table, f"sqlite:///{directory}/shop.db")
        asyncio.run(prepare_stores(url))
        return url
    return f"sqlite:///{directory}/shop.db"


def test_a_sound_application_has_no_fault(shop: Path, actum: CommandLine, store: str) -> None:
    asyncio.run(pay(store))

    examined = actum("doctor", "shop", "--store", store, "--json")

    faults = [line for line in examined.lines if line["verdict"] == "fault"]
    # The servers of tests do not sync.
    assert [line for line in faults if "fsync=off" not in line["what"]] == []
    assert examined.code == bool(faults)
    assert found(examined, "python", "ok")
    assert found(examined, "actum", "ok")
    assert any("answers" in what for what in found(examined, "store", "ok"))
    assert found(examined, "application") == ["it belongs to shop"]
    assert found(examined, "access", "warning") == ["everybody who reaches the application may do everything"]
    assert set(found(examined, "clock", "ok")) >= {"no event is from the future"}
    assert found(examined, "work") == ["no process runs the application; nothing stands still"]
    if store.startswith("sqlite"):
        assert found(examined, "settings") == ["synchronous=FULL, journal_mode=wal"]
        assert found(examined, "integrity", "ok")
    if store.startswith("postgres"):
        assert found(examined, "server", "ok")[0].startswith("PostgreSQL 1")
        assert "fsync=" in found(examined, "settings")[0]


@pytest.mark.slow
@pytest.mark.parametrize("store", ["sqlite", "postgres"], indirect=True)
def test_it_works_beside_a_running_server_and_writes_nothing(
    shop: Path, actum: CommandLine, start: Callable[..., Process], store: str
) -> None:
    asyncio.run(pay(store))
    server = start("run", "shop", "--port", "0", "--store", store)
    assert server.url

    examined = actum("doctor", "shop", "--store", store, "--json")

    assert [
        line for line in examined.lines if line["verdict"] == "fault" and "fsync=off" not in line["what"]
    ] == []
    assert found(examined, "work") == ["a process runs the application; nothing stands still"]
    assert server.stop() == 0


def test_lines_for_people_say_how_to_fix_what_is_wrong(shop: Path, actum: CommandLine) -> None:
    examined = actum("doctor", "shop")

    assert (examined.code, examined.err) == (0, "")
    lines = examined.out.splitlines()
    place = lines.index("warning  store        there is no shop.db yet")
    assert lines[place + 1].strip().startswith("-> start the application, which makes it")
    assert not (shop / "shop.db").exists()


@pytest.mark.parametrize(
    ("store", "what"),
    [
        ("sqlite:///nowhere/shop.db", "there is no directory nowhere"),
        ("sqlite:///text.db", "text.db is not an Actum store"),
        ("sqlite:///foreign.db", "foreign.db is a SQLite file of another program"),
        ("postgresql://nobody@127.0.0.1:1/shop", "127.0.0.1:1"),
    ],
)
def test_a_store_that_cannot_be_used_is_a_fault(
    shop: Path, actum: CommandLine, store: str, what: str
) -> None:
    (shop / "text.db").write_text("no database at all\n" * 100)
    with closing(sqlite3.connect(shop / "foreign.db")) as connection:
        connection.execute("CREATE TABLE t (a)")

    examined = actum("doctor", "shop", "--store", store, "--json")

    assert examined.code == 1
    assert any(what in line["what"] for line in examined.lines if line["verdict"] == "fault"), examined.out
    assert "see above" in examined.err
    assert "Traceback" not in examined.out + examined.err


def test_a_store_of_another_application_is_a_fault(shop: Path, actum: CommandLine) -> None:
    asyncio.run(pay())
    (shop / "market.py").write_text((shop / "shop.py").read_text().replace('App("shop"', 'App("market"'))

    examined = actum("doctor", "market", "--store", "sqlite:///shop.db", "--json")

    assert examined.code == 1
    assert "belongs to the application 'shop'" in found(examined, "application", "fault")[0]


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM actum_events WHERE position = 1",
        "UPDATE actum_events SET version = 7 WHERE position = 1",
        "UPDATE actum_streams SET version = version + 1",
    ],
)
def test_a_history_with_a_gap_is_a_fault(shop: Path, actum: CommandLine, damage: str) -> None:
    asyncio.run(pay())
    with closing(sqlite3.connect(shop / "shop.db")) as connection, connection:
        connection.execute(damage)

    examined = actum("doctor", "shop", "--json")
    quick = actum("doctor", "shop", "--json", "--quick")

    assert examined.code == 1
    [gap] = found(examined, "integrity", "fault")
    assert "are not contiguous" in gap or "does not follow the one before it" in gap
    assert found(quick, "integrity") == []


def test_a_damaged_page_is_a_fault(shop: Path, actum: CommandLine) -> None:
    asyncio.run(pay(None, *(f"o-{number}" for number in range(200))))
    whole = (shop / "shop.db").read_bytes()
    (shop / "shop.db").write_bytes(whole[:40_960] + bytes(8_192) + whole[49_152:])

    examined = actum("doctor", "shop", "--json")

    assert examined.code == 1
    assert found(examined, "integrity", "fault")


def test_a_store_whose_names_are_no_text_is_said_to_be_damaged(shop: Path, actum: CommandLine) -> None:
    asyncio.run(pay(None, "o-1"))
    (shop / "shop.db").write_bytes(garbled((shop / "shop.db").read_bytes()))

    examined, listed = actum("doctor", "shop"), actum("events", "shop")

    assert examined.code == listed.code == 1
    assert "names in it are no text" in examined.out + examined.err
    assert "shop.db is damaged (names in it are no text)" in listed.err
    assert listed.err.count("\n") == 1


def test_what_stands_still_is_listed_with_how_to_go_on(shop: Path, actum: CommandLine) -> None:
    (shop / "jammed").touch()

    async def tear() -> None:
        app = load_app("shop")
        order = sys.modules["shop"].Order
        async with app.running() as ctx:
            await ctx.entity(order, "torn").pay(1)
            while not await ctx._services.database.letters(status="dead"):  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    asyncio.run(tear())

    examined = actum("doctor", "shop", "--json")

    [letter] = [line for line in examined.lines if line["part"] == "action"]
    assert examined.code == 0
    assert letter["verdict"] == "warning"
    assert letter["what"].startswith("print_label, Order/torn: dead letter: ")
    assert "actum dead-letters retry" in letter["fix"]


def test_resources_are_opened_and_what_fails_or_hangs_is_a_fault(
    directory: Path, actum: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    (directory / "shop.py").write_text(BROKEN)
    monkeypatch.setattr(opened, "LIMIT", 0.2)

    examined = actum("doctor", "shop", "--json")

    assert examined.code == 1
    assert found(examined, "resource", "ok") == ["Mailer opens and closes"]
    refused, hanging = found(examined, "resource", "fault")
    assert "the printer is off" in refused
    assert "gave no answer within" in hanging


def test_a_key_that_is_missing_or_another_one_is_a_fault(
    directory: Path, actum: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    (directory / "club.py").write_text(
        "from actum import *\n"
        "class Named(Event):\n    name: Personal[str]\n"
        "class Member(Entity, person='id', emits=[Named]):\n"
        "    name: Personal[str] = ''\n"
        "    @command\n    def call(self, name: Personal[str]) -> None:\n        self.emit(Named(name))\n"
        "    @reducer\n    def named(self, event: Named) -> None:\n        self.name = event.name\n"
        "app = App('club', entities=[Member])\n"
    )

    async def call() -> None:
        app = load_app("club")
        async with app.running() as ctx:
            await ctx.entity(sys.modules["club"].Member, "ann").call("Ann")

    monkeypatch.setenv("ACTUM_KEY", actum("keys", "new").out.strip())
    asyncio.run(call())
    sound = actum("doctor", "club", "--json")
    monkeypatch.setenv("ACTUM_KEY", actum("keys", "new").out.strip())
    other = actum("doctor", "club", "--json")
    monkeypatch.delenv("ACTUM_KEY")
    missing = actum("doctor", "club", "--json")

    assert (sound.code, other.code, missing.code) == (0, 1, 1)
    assert found(sound, "key", "ok") == ["it opens the keys of the application (1)"]
    assert found(other, "key", "fault")
    assert "ACTUM_KEY is not set" in found(missing, "key", "fault")[0]


def test_an_event_from_the_future_shows_that_a_clock_went_back(
    shop: Path, actum: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asyncio.run(pay())
    now = SystemClock().now()
    monkeypatch.setattr(SystemClock, "now", lambda _: now - timedelta(hours=1) // timedelta(microseconds=1))

    examined = actum("doctor", "shop", "--json")

    assert "s in the future" in found(examined, "clock", "warning")[0]


@pytest.mark.parametrize(
    ("apart", "verdict"), [(0, "ok"), (900, "ok"), (1_100, "warning"), (-1_100, "warning")]
)
def test_a_clock_is_compared_with_the_server_s(apart: int, verdict: str) -> None:
    assert clock_finding("it", 10**15, tolerance=1.0, now=10**15 + apart * 1_000).verdict == verdict


@pytest.mark.parametrize(
    ("kind", "verdict"),
    [
        ("ext4", "ok"),
        ("tmpfs", "warning"),
        ("overlay", "warning"),
        ("nfs4", "fault"),
        ("cifs", "fault"),
        ("", "ok"),
    ],
)
def test_a_disk_that_loses_files_or_locks_is_named(
    shop: Path, actum: CommandLine, monkeypatch: pytest.MonkeyPatch, kind: str, verdict: str
) -> None:
    asyncio.run(pay())
    monkeypatch.setattr(examination, "file_system", lambda _: kind)

    examined = actum("doctor", "shop", "--json")

    assert [line["verdict"] for line in examined.lines if line["part"] == "disk"] == [verdict]
    assert examined.code == (verdict == "fault")


def test_the_file_system_is_that_of_the_innermost_mount(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a b").mkdir()
    inner = str(tmp_path / "a b").replace(" ", "\\040")
    lines = [
        "21 1 8:1 / / rw - ext4 /dev/sda1 rw",
        f"22 21 0:9 / {inner} rw,nosuid shared:1 - tmpfs tmpfs rw",
        f"23 21 0:9 / {inner}c rw - nfs4 server:/ rw",
    ]
    (tmp_path / "mountinfo").write_text("\n".join(lines))
    monkeypatch.setattr(examination, "MOUNTS", tmp_path / "mountinfo")

    assert examination.file_system(tmp_path / "a b" / "app.db") == "tmpfs"
    assert examination.file_system(tmp_path / "app.db") == "ext4"


def test_too_little_room_is_a_warning_and_almost_none_a_fault(
    shop: Path, actum: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asyncio.run(pay())
    verdicts = []
    for free in (10**9, 10**8, 10**7):
        usage = shutil.disk_usage(shop)._replace(free=free)
        with monkeypatch.context() as patched:
            patched.setattr(shutil, "disk_usage", lambda _, usage=usage: usage)
            examined = actum("doctor", "shop", "--json")
        verdicts += [line["verdict"] for line in examined.lines if line["part"] == "space"]

    assert verdicts == ["ok", "warning", "fault"]
    assert files.MIN_FREE == 256_000_000


def test_a_server_that_may_lose_what_it_acknowledged_is_a_fault() -> None:
    facts: dict[str, Any] = {
        "version": "13.4 (Debian 13.4-1)",
        "fsync": "off",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "data_checksums": "on",
        "is_standby": "true",
    }

    assert servers._version(facts["version"]).verdict == "fault"
    assert servers._durability(facts).verdict == "fault"
    assert "set fsync=on" in servers._durability(facts).fix
    assert servers._durability({**facts, "fsync": "on", "data_checksums": "off"}).verdict == "warning"
    assert [one.verdict for one in servers._role(facts)] == ["fault"]
