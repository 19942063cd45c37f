"""Ownership: which works this process does among those that share its database."""

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from typing import Any

from actum.errors import ActumError
from actum.ports.database import Database
from actum.ports.membership import Claim, Standing
from actum.runtime.cluster.sharing import share_out
from actum.runtime.cluster.work import Work

BEAT = 1.0
"""Seconds between two looks at the roster; others take a process for dead after several."""

log: logging.Logger = logging.getLogger("actum.ownership")


class Ownership:
    """Claims this process's share of the works, and gives up what is more.

    `is_first` says whether this process is the one that does what one alone need do, and two may.

    A claim that has passed to another process is never used again: the work ends here, and whatever it still
    tries to write is refused by the database.
    """

    def __init__(self, database: Database, works: Sequence[Work]) -> None:
        self.works: dict[str, Work] = {work.name: work for work in works}
        self._database = database
        self._roster = database.join(list(self.works))
        self._claims: dict[str, Claim] = {}
        self._moving: dict[str, asyncio.Task[None]] = {}
        self.is_first: bool = False
        self._is_retired = False

    def __repr__(self) -> str:
        return f"<Ownership of {', '.join(self._claims) or 'nothing'}>"

    @property
    def is_moving(self) -> bool:
        """Whether a work is being begun or ended here."""
        return bool(self._moving)

    async def start(self) -> None:
        """Begins this process's share, as it is now."""
        await self._look()
        await self._moved(list(self.works))

    async def run(self) -> None:
        """Looks at the roster again and again, until cancelled."""
        while True:
            await asyncio.sleep(BEAT)
            try:
                await self._look()
            except (ActumError, TimeoutError) as error:
                log.warning("cannot say that this process is alive: %s", error)

    def lose(self, name: str) -> None:
        """Ends a work whose claim has passed to another process; it begins anew if it has not."""
        if self._claims.pop(name, None) is not None:
            log.warning("%s has passed to another process, or begins anew", name)
            self._move(name, self.works[name].end())

    async def retire(self, works: Sequence[Work]) -> None:
        """Claims nothing more, ends these works, and gives them up."""
        self._is_retired = True
        try:
            await self._roster.retire()
        except (ActumError, TimeoutError) as error:
            log.warning("could not say that this process takes no more work: %s", error)
        names = [work.name for work in works]
        await self._moved(names)
        for name in names:
            if name in self._claims:
                self._move(name, self._give_up(self._claims.pop(name)))
        await self._moved(names)

    async def leave(self) -> None:
        """Takes this process off the roster."""
        await self._roster.leave()

    async def _look(self) -> None:
        standing = await self._roster.beat()
        self.is_first = standing.me == min(standing.able, default=standing.me)
        for name in list(self._claims):
            if standing.owners.get(name) != standing.me and name not in self._moving:
                self.lose(name)
        if self._is_retired:
            return
        shares = share_out(standing.able, standing.owners)
        wanted = [name for name in shares if self._is_wanted(name, shares, standing)]
        for claim in await self._roster.claim(wanted) if wanted else ():
            self._claims[claim.work] = claim
            self._move(claim.work, self._begin(claim))
        for name in list(self._claims):
            if shares.get(name) != standing.me and name not in self._moving:
                log.info("%s goes to a process that does less", name)
                self._move(name, self._give_up(self._claims.pop(name)))

    def _is_wanted(self, name: str, shares: dict[str, int], standing: Standing) -> bool:
        if name in self._claims or name in self._moving:
            return False
        owner = standing.owners.get(name)
        # It may be claimed without our knowledge, if the answer was lost.
        return owner == standing.me or (owner is None and shares[name] == standing.me)

    async def _begin(self, claim: Claim) -> None:
        work = self.works[claim.work]
        try:
            await work.begin(self._database.under(claim))
            log.info("%s is done by this process", claim.work)
        except Exception:
            log.exception("%s could not begin", claim.work)
            self._claims.pop(claim.work, None)
            await self._give_up(claim)

    async def _give_up(self, claim: Claim) -> None:
        try:
            await self.works[claim.work].end()
        finally:
            await self._roster.release([claim])

    def _move(self, name: str, step: Coroutine[Any, Any, None]) -> None:
        before = self._moving.get(name)

        async def move() -> None:
            if before is not None:
                await asyncio.wait({before})
            try:
                await step
            except Exception as error:  # noqa: BLE001 (the next look sets right what is left undone)
                log.warning("%s did not end in good order: %s", name, error)
            finally:
                if self._moving.get(name) is asyncio.current_task():
                    del self._moving[name]

        self._moving[name] = asyncio.create_task(move(), name=f"{name} moves")

    async def _moved(self, names: Sequence[str]) -> None:
        while moving := [self._moving[name] for name in names if name in self._moving]:
            await asyncio.wait(moving)
