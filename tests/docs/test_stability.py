"""The page about stability: its ways to read everything out give what was stored."""

import asyncio
import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from actum import App
from actum.key_services.open import new_key

PAGE = (Path(__file__).parents[2] / "docs" / "stability.md").read_text()
[SCRIPT] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
[STATEMENT] = re.findall(r"```sql\n-- SQLite\n(.*?)```", PAGE, re.DOTALL)
[OF_POSTGRES] = re.findall(r"```sql\n-- PostgreSQL\n(.*?)```", PAGE, re.DOTALL)
SHOP = '''
"""A shop of customers who can be forgotten."""

from actum import Entity, Event, Personal, command, reducer


class Joined(Event):
    email: Personal[str]


class Ordered(Event):
    item: str


class Customer(Entity, person="id"):
    email: Personal[str] = ""

    @command
    def join(self, email: Personal[str]) -> None:
        self.emit(Joined(email))

    @reducer
    def joined(self, event: Joined) -> None:
        self.email = event.email


class Order(Entity):
    items: list[str] = []

    @command
    def add(self, item: str) -> None:
        self.emit(Ordered(item))

    @reducer
    def ordered(self, event: Ordered) -> None:
        self.items = [*self.items, event.item]
'''


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The module that the page's script imports."""
    (tmp_path / "shop.py").write_text(SHOP)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("ACTUM_KEY", new_key())
    sys.modules.pop("shop", None)
    yield __import__("shop")
    del sys.modules["shop"]


async def fill(shop: Any, store: str) -> None:
    """Two customers, one of them forgotten, and an order with more events than the script reads at once."""
    async with App("shop", entities=[shop.Customer, shop.Order]).running(store=store) as ctx:
        await ctx.entity(shop.Customer, "ann").join("ann@example.org")
        await ctx.entity(shop.Customer, "bob").join("bob@example.org")
        for number in range(101):
            await ctx.entity(shop.Order, "o-1").add(f"item {number}")
        await ctx.forget("bob")


def test_the_script_prints_every_event_with_personal_values(shop: Any, tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'shop.db'}"
    asyncio.run(fill(shop, store))

    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=tmp_path,
        env={**os.environ, "ACTUM_STORE": store},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [event["id"] for event in events] == ["ann", "bob"] + ["o-1"] * 101
    assert [event["event"]["email"] for event in events[:2]] == ["ann@example.org", {"forgotten": True}]
    assert [event["event"]["item"] for event in events[2:]] == [f"item {number}" for number in range(101)]


def test_sqlite_itself_reads_the_events(shop: Any, tmp_path: Path) -> None:
    asyncio.run(fill(shop, f"sqlite:///{tmp_path / 'shop.db'}"))

    with closing(sqlite3.connect(tmp_path / "shop.db")) as connection:
        rows = connection.execute(STATEMENT).fetchall()

    check([row[1:6] for row in rows])


async def test_postgres_itself_reads_the_events(shop: Any, postgres_url: str) -> None:
    await fill(shop, postgres_url)
    connection = await asyncpg.connect(postgres_url)

    rows = await connection.fetch(OF_POSTGRES)

    await connection.close()
    check([tuple(row)[1:6] for row in rows])


def check(rows: list[Any]) -> None:
    """Each event is a row, its kind, id, version and type beside its JSON, in which an email is sealed."""
    assert len(rows) == 103
    assert rows[0][:4] == ("Customer", "ann", 1, "Joined")
    assert list(json.loads(rows[0][4])["email"]) == ["sealed"]
    assert rows[-1] == ("Order", "o-1", 101, "Ordered", '{"item":"item 100"}')
