"""A served application that is killed again and again under load."""

import asyncio
import os
import random
import secrets
from pathlib import Path

import pytest

from actum.stores.open import open_stores
from tests.faults.evidence import Evidence
from tests.faults.load import Kept, Load
from tests.faults.process import Served

KILLS = 20
CLIENTS = 16
MAX_ANSWERS = 60
"""Answers between two kills, at most."""
PATIENCE = 60.0
APP = "tests.faults.ledgers:app"


@pytest.fixture
def seed() -> int:
    """The seed of everything that is left to chance; ACTUM_SEED=… repeats it."""
    seed = int(os.environ.get("ACTUM_SEED") or secrets.randbits(32))
    print(f"ACTUM_SEED={seed}")
    return seed


class Site:
    """Where the application lives: its store, its sink, its log, and who serves it now."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = folder / "ledgers.db"
        self.sink = folder / "sink.txt"
        self.evidence: Evidence | None = None
        self.served: Served | None = None
        self._copies = 0

    @property
    def lines(self) -> frozenset[str]:
        """What the sink has been told, at least once."""
        return frozenset(self.sink.read_text().splitlines()) if self.sink.exists() else frozenset()

    async def start(self) -> Served:
        """Starts the application, which does not serve yet."""
        self.served = await Served.start(
            APP, store=f"sqlite:///{self.store}", log=self.folder / "log.txt", SINK=str(self.sink)
        )
        return self.served

    def check(self, kept: Kept) -> Evidence:
        """Holds what the file shows against what was answered; for when nobody writes to it."""
        self._copies += 1
        found = Evidence.copied(self.store, self.folder / f"copy-{self._copies}")
        found.check(kept, self.lines, self.evidence)
        self.evidence = found
        return found


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_what_was_acknowledged_survives_twenty_kills_and_every_effect_is_there_once(
    tmp_path: Path, seed: int
) -> None:
    """Nothing that was acknowledged is lost, and nothing is done twice, whenever the process is killed."""
    chance = random.Random(seed)
    kept, site = Kept(), Site(tmp_path)
    load = Load(chance.getrandbits(32), kept)
    try:
        for _ in range(KILLS):
            await _serve_until_killed(site, load, chance)
            site.check(kept)
        served = await site.start()
        await served.ready()
        await load.resend(served.url)
        await _until_settled(site)
        assert await served.stop() == 0
    finally:
        if site.served is not None:
            await site.served.end()
    found = site.check(kept)
    found.check_settled(kept, site.lines)
    print(f"{kept}, {len(found.facts)} events")
    assert kept.resent


async def _serve_until_killed(site: Site, load: Load, chance: random.Random) -> None:
    served = await site.start()
    if site.evidence is not None and chance.random() < 0.2:
        # While it starts, or works off what the kill before has left.
        await asyncio.sleep(chance.uniform(0, 2))
        await served.kill()
        return
    await served.ready()

    async def kill() -> None:
        async with asyncio.timeout(PATIENCE):
            await load.kept.grown_by(chance.randint(1, MAX_ANSWERS))
        # At the moment of an answer, or in the middle of whatever comes after it.
        await asyncio.sleep(chance.choice((0, chance.uniform(0, 0.02))))
        await served.kill()

    killing = asyncio.create_task(kill())
    await load.run(served.url, clients=CLIENTS, until=killing.done)
    await killing


async def _until_settled(site: Site) -> None:
    """Returns when the application has done all that it had to do."""
    async with asyncio.timeout(PATIENCE), open_stores(f"sqlite:///{site.store}", is_owner=False) as stores:
        while True:
            waiting = await stores.database.messages("jobs", 0, 1) or await stores.database.timers(limit=1)
            events = await stores.journal.feed(0, 1_000_000)
            places = {f"{event.id}@{event.version}" for event in events if event.kind == "Account"}
            noted = sum(event.id.startswith("account-") for event in events)
            # An action tells the sink after it has noted the event.
            if not waiting and len(places) == noted and places <= site.lines:
                return
            await asyncio.sleep(0.05)
