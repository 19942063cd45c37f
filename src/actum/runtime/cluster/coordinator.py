"""Coordinator: which assignments this process has among those that share its database."""

import asyncio
import logging
from collections import Counter
from collections.abc import Coroutine, Sequence
from time import monotonic
from typing import Any

from actum.errors import ActumError
from actum.ports.database import Database
from actum.ports.membership import ClusterState, Lease, whole_of
from actum.runtime.cluster.assignment import Assignment
from actum.runtime.cluster.heartbeat import Heartbeat
from actum.runtime.cluster.latest_state import LatestState
from actum.runtime.cluster.rebalancing import share_out

BEAT = 1.0
"""Seconds between two heartbeats; other processes consider one dead that has missed several."""

MAX_LOSING = 1.0
"""Seconds for which the next heartbeat waits until what was lost during a pause is aborted."""

log: logging.Logger = logging.getLogger("actum.coordinator")


class Coordinator:
    """Leases this process's share of the assignments, and gives up any surplus.

    `is_first` says whether this process does what one is enough for, and several could do. `latest` is told
    the state of the cluster at each heartbeat.

    A lease that has passed to another process is never used again: the assignment ends here, and the database
    refuses whatever it still tries to write.
    """

    def __init__(
        self,
        database: Database,
        works: Sequence[Assignment],
        heartbeat: Heartbeat,
        latest: LatestState,
    ) -> None:
        self.works: dict[str, Assignment] = {work.name: work for work in works}
        self._database = database
        self._heartbeat = heartbeat
        self._latest = latest
        self._membership = database.join(list(self.works))
        self._leases: dict[str, Lease] = {}
        self._moving: dict[str, asyncio.Task[None]] = {}
        self.is_first: bool = False
        self._is_retired = False

    def __repr__(self) -> str:
        return f"<Coordinator of {', '.join(self._leases) or 'nothing'}>"

    @property
    def is_moving(self) -> bool:
        """Whether an assignment is being begun or ended here."""
        return bool(self._moving)

    async def start(self) -> None:
        """Begins this process's current share."""
        await self._look()
        await self._moved(list(self.works))

    async def run(self) -> None:
        """Sends heartbeats and follows the membership, until cancelled."""
        while True:
            await asyncio.sleep(BEAT)
            try:
                await self._look()
            except (ActumError, TimeoutError) as error:
                log.warning("cannot say that this process is alive: %s", error)

    def lose(self, name: str) -> None:
        """Ends an assignment whose lease was lost; it begins again if the lease was not lost after all."""
        if self._leases.pop(name, None) is not None:
            log.warning("%s has passed to another process, or begins anew", name)
            self._move(name, self.works[name].abandon())

    async def retire(self, works: Sequence[Assignment]) -> None:
        """Leases nothing more, ends these assignments, and gives up their leases."""
        self._is_retired = True
        try:
            await self._membership.retire()
        except (ActumError, TimeoutError) as error:
            log.warning("could not say that this process takes no more work: %s", error)
        names = [work.name for work in works]
        await self._moved(names)
        for name in names:
            if name in self._leases:
                self._move(name, self._give_up(self._leases.pop(name)))
        await self._moved(names)

    async def leave(self) -> None:
        """Removes this process from the membership."""
        await self._membership.leave()

    async def _look(self) -> None:
        began = monotonic()
        state = self._latest.state = await self._membership.beat()
        self.is_first = state.me == min(state.able, default=state.me)
        lost = [
            name for name in self._leases if state.owners.get(name) != state.me and name not in self._moving
        ]
        for name in lost:
            self.lose(name)
        if not self._heartbeat.is_recent:
            # Attempts wait for the heartbeat, and should not begin under a lease that is lost.
            moving = [self._moving[name] for name in lost if whole_of(name)]
            if moving:
                await asyncio.wait(moving, timeout=MAX_LOSING)
        self._heartbeat.beat(began)
        if self._is_retired:
            return
        shares = share_out(state.able, state.owners)
        wanted = [name for name in shares if self._is_wanted(name, shares, state)]
        leases = await self._membership.acquire(wanted) if wanted else []
        if leases:
            owners = {**state.owners, **{lease.work: state.me for lease in leases}}
            self._latest.state = ClusterState(state.me, state.able, owners)
        for lease in leases:
            self._leases[lease.work] = lease
            self._move(lease.work, self._begin(lease))
        _log_moves("%s: done by this process", [lease.work for lease in leases])
        surplus = [name for name in self._leases if shares.get(name) != state.me and name not in self._moving]
        _log_moves("%s: given to a process that does less", surplus)
        for name in surplus:
            self._move(name, self._give_up(self._leases.pop(name)))

    def _is_wanted(self, name: str, shares: dict[str, int], state: ClusterState) -> bool:
        if name in self._leases or name in self._moving:
            return False
        owner = state.owners.get(name)
        # It may be leased although the answer was lost.
        return owner == state.me or (owner is None and shares[name] == state.me)

    async def _begin(self, lease: Lease) -> None:
        work = self.works[lease.work]
        try:
            await work.begin(self._database.under(lease))
        except Exception:
            log.exception("%s could not begin", lease.work)
            self._leases.pop(lease.work, None)
            await self._give_up(lease)

    async def _give_up(self, lease: Lease) -> None:
        try:
            await self.works[lease.work].end()
        finally:
            await self._membership.release([lease])

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


def _log_moves(message: str, names: Sequence[str]) -> None:
    """Logs works that begin or end, with one line for the slices of each."""
    works = Counter(whole_of(name) or name for name in names)
    for work, count in works.items():
        slices = "" if work in names else f", {count} slice{'s' if count > 1 else ''}"
        log.info(message, f"{work}{slices}")
