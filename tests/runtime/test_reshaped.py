"""Redeploys that change what lies inside a state: nothing that was kept is read as something else."""

import asyncio
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from actum.testing import testing

SHOP = """
from enum import Enum
from msgspec import Struct
from actum import App, Entity, Event, View, command, reducer

class Grade(Enum):
    FIRST = "first"

class Line(Struct):
    sku: str
    quantity: int = 0
    grade: Grade = Grade.FIRST

class Added(Event):
    sku: str
    quantity: int
    currency: str = "EUR"

class Cart(Entity, snapshot_every=2):
    lines: list[Line] = []
    sums: dict[str, int] = {}

    @command
    def add(self, sku: str, quantity: int) -> None:
        self.emit(Added(sku, quantity))

    @reducer
    def added(self, event: Added) -> None:
        self.lines.append(Line(event.sku, event.quantity))
        self.sums[event.currency] = event.quantity

class Carts(View):
    id: str
    lines: list[Line] = []
    sums: dict[str, int] = {}

    @reducer
    def added(self, event: Added) -> None:
        self.lines.append(Line(event.sku, event.quantity))
        self.sums[event.currency] = event.quantity

app = App("shop", entities=[Cart], views=[Carts])
"""
CHANGES = {
    "a nested field is renamed": ("    quantity: int = 0", "    amount: int = 0"),
    "a nested field is renamed and required": ("    quantity: int = 0", "    amount: int"),
    "an enum's value is another": ('"first"', '"best"'),
    "an event's default is another": ('"EUR"', '"USD"'),
}


def load(text: str) -> Any:
    """Gives the module of a text."""
    module = sys.modules["reshaped"] = ModuleType("reshaped")
    exec(compile(text, "<reshaped>", "exec"), module.__dict__)
    return module


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty store."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/a.db"
    url: str = request.getfixturevalue("postgres_store")
    return url


@pytest.mark.parametrize("change", [pytest.param(change, id=name) for name, change in CHANGES.items()])
def test_a_snapshot_and_a_view_of_another_shape_are_made_anew(change: tuple[str, str], store: str) -> None:
    # Older events are said to have no currency, for the default to be what they are read with.
    sparse = SHOP.replace('    currency: str = "EUR"\n', "").replace("event.currency", '"?"')
    before, after = load(sparse), load(SHOP)
    changed = load(SHOP.replace(*change))

    async def run() -> list[tuple[Any, Any, Any]]:
        async with testing(before.app, store=store) as t:
            await t.ctx.entity(before.Cart, "a").add("pen", 5)
        async with testing(after.app, store=store) as t:
            await t.ctx.entity(after.Cart, "a").add("ink", 7)
            await t.settle()
        async with testing(changed.app, store=store) as t:
            await t.settle()
            state = await t.ctx.state(changed.Cart, "a")
            folded = await t.ctx.state(changed.Cart, "a", version=2)
            row = await t.ctx.view(changed.Carts).get("a")
            return [
                (state.lines, folded.lines, row.lines),
                (state.sums, folded.sums, row.sums),
            ]

    for live, folded, row in asyncio.run(run()):
        assert live == folded == row
