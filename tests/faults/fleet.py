"""Several processes that serve the ledgers on one PostgreSQL."""

import asyncio
import secrets
from pathlib import Path

from tests.faults.postgres_evidence import PostgresEvidence
from tests.faults.process import Served

APP = "tests.faults.ledgers:app"


class Fleet:
    """The processes, and what they have in common."""

    def __init__(self, store: str, folder: Path) -> None:
        self.store = store
        self.sink = folder / "sink.txt"
        self.running: list[Served] = []
        self._folder = folder

    @property
    def lines(self) -> frozenset[str]:
        """What the sink has been told, at least once."""
        return frozenset(self.sink.read_text().splitlines()) if self.sink.exists() else frozenset()

    @property
    def urls(self) -> list[str]:
        """Where requests can be sent, also to those that stand still."""
        return [served.url for served in self.running]

    async def add(self) -> Served:
        """Starts one more process, and returns when it serves."""
        log = self._folder / f"log-{secrets.token_hex(4)}.txt"
        served = await Served.start(APP, store=self.store, log=log, SINK=str(self.sink))
        try:
            await served.ready()
        except BaseException:
            await served.end()
            raise
        self.running.append(served)
        return served

    async def kill(self, served: Served) -> None:
        """Kills a process by SIGKILL."""
        self.running.remove(served)
        await served.kill()

    async def end(self) -> None:
        """Sees to it that nothing is left of any."""
        for served in self.running:
            await served.end()


async def until_settled(fleet: Fleet) -> PostgresEvidence:
    """Returns what the store shows when everything has been done."""
    async with asyncio.timeout(60):
        while True:
            found = await PostgresEvidence.of(fleet.store)
            places = {fact.place for fact in found.accounts}
            # An action tells the sink after it has noted the event.
            followed = places <= found.noted.keys() and places <= fleet.lines
            shown = set(found.checkpoints.values()) == {found.facts[-1].position}
            if followed and shown and not found.waiting:
                return found
            await asyncio.sleep(0.2)
