"""Timers, as the command line lists them while no application runs."""

import asyncio
import sys
from pathlib import Path

from actum.cli.loading import load_app
from tests.cli.commands import CommandLine

APPLICATION = '''
"""Carts that expire."""
from datetime import timedelta
from actum import App, Context, Entity, Event, command
from actum.testing import testing


class Filled(Event):
    item: str


class Cart(Entity, emits=[Filled]):
    @command
    def fill(self, item: str) -> None:
        self.emit(Filled(item))
        self.schedule(Cart.expire, after=timedelta(days=30), name="expiry")(item)

    @command
    def expire(self, item: str) -> None:
        self.emit(Filled(item))


app = App("carts", entities=[Cart])


async def fill() -> None:
    async with testing(app, store="sqlite:///carts.db") as t:
        await t.ctx.entity(Cart, "a").fill("tea")
        await t.ctx.schedule(Cart.fill, "b", after=timedelta(days=31), name="mine")("egg")
        await t.settle()


class Basket(Entity, emits=[Filled], expires_after=timedelta(days=40)):
    @command
    def fill(self, item: str) -> None:
        self.emit(Filled(item))


baskets = App("baskets", entities=[Basket])


async def fill_basket() -> None:
    async with testing(baskets, store="sqlite:///baskets.db") as t:
        await t.ctx.entity(Basket, "c").fill("tea")
        await t.settle()
'''


def test_an_entity_that_expires_is_listed(directory: Path, actum: CommandLine) -> None:
    (directory / "carts.py").write_text(APPLICATION)
    load_app("carts")
    asyncio.run(sys.modules["carts"].fill_basket())

    [_, row] = actum("timers", "carts:baskets").out.splitlines()
    [line] = actum("timers", "carts:baskets", "--json").lines

    assert row.split()[2:] == ["Basket/c", "(expires)", "Basket/c@1"]
    assert (line["deadline"], line["command"]) == ("$expiry", "$expire")


def test_timers_are_listed_with_the_names_of_deadlines(directory: Path, actum: CommandLine) -> None:
    (directory / "carts.py").write_text(APPLICATION)
    load_app("carts")
    asyncio.run(sys.modules["carts"].fill())

    table = actum("timers", "carts").out.splitlines()
    first, second = actum("timers", "carts", "--json").lines
    of_one = actum("timers", "carts", "--json", "--entity", "Cart/b").lines

    assert table[0].split() == ["due", "entity", "command", "name", "set", "by"]
    assert table[1].split()[2:] == ["Cart/a", "expire", "expiry", "Cart/a@1"]
    assert (first["deadline"], first["command"], first["arguments"]) == ("expiry", "expire", ["tea"])
    assert (first["kind"], first["id"], first["causation_id"]) == ("Cart", "a", "Cart/a@1")
    assert (second["deadline"], second["name"], second["id"]) == (None, "mine", "b")
    assert of_one == [second]
