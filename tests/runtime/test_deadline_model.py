"""Deadlines against a model: whatever is set, cancelled, fired and restarted, in whatever order."""

import asyncio
import random
from pathlib import Path

import pytest

from actum.testing import testing
from tests.runtime.deadlines import Alarm, app, due, rung

NAMES = ("tea", "egg", "rice")


class Model:
    """What waits, by name: when it is due, and its text; and what has rung, with when."""

    def __init__(self) -> None:
        self.now = 0
        self.waiting: dict[str, tuple[int, str]] = {}
        self.rang: list[tuple[int, str]] = []

    def advance(self, seconds: int) -> None:
        self.now += seconds
        for name, (moment, text) in sorted(self.waiting.items(), key=lambda one: one[1]):
            if moment <= self.now:
                self.rang.append((moment, text))
                del self.waiting[name]


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres_store"))
    return "memory:" if request.param == "memory" else f"sqlite:///{tmp_path}/alarms.db"


@pytest.mark.parametrize("seed", range(4))
async def test_deadlines_do_what_the_model_does(store: str, seed: int) -> None:
    chance, models = random.Random(seed), {"a": Model(), "b": Model()}
    async with testing(app, store=store) as t, asyncio.timeout(100):
        for step in range(60):
            id = chance.choice("ab")
            name, model = chance.choice(NAMES), models[id]
            match chance.choice(["set", "set", "set", "unset", "touch", "advance", "advance", "restart"]):
                case "set":
                    seconds = chance.randint(1, 20)
                    await t.ctx.entity(Alarm, id).set(name, seconds, f"{step}")
                    model.waiting[name] = (model.now + seconds, f"{step}")
                case "unset":
                    await t.ctx.entity(Alarm, id).unset(name)
                    model.waiting.pop(name, None)
                case "touch":
                    await t.ctx.entity(Alarm, id).touch()
                case "advance":
                    seconds = chance.randint(1, 10)
                    await t.advance(seconds=seconds)
                    for one in models.values():
                        one.advance(seconds)
                case _ if chance.random() < 0.3:
                    await t.restart()
        await t.settle()
        for id, model in models.items():
            # Those of one moment ring in any order.
            assert sorted(await rung(t.ctx, id)) == sorted(text for _, text in model.rang), f"seed {seed}"
        expected = [f"{id} {name}" for id, model in models.items() for name in model.waiting]
        assert sorted(await due(t.ctx)) == sorted(expected)
