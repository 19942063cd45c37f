"""Timers that a clock which stood ahead has set: the entities that keep them hear of the new moment."""

import pytest

from actum.errors import Unavailable
from actum.ports.database import NewTimer
from actum.ports.host import Host, HostedAnswer, HostedCall, HostedTimer
from actum.runtime.context.timers import HostedTimers
from tests.runtime.nodes import database_in_memory

AHEAD = 2_000_000_000_000_000
NOW = 1_000_000_000_000_000
SPAN = 5_000_000


class Told(Host):
    """A host that takes note of what it is told, unless it cannot be reached."""

    def __init__(self) -> None:
        self.timers: dict[str, int] = {}
        self.is_away = False

    async def schedule(self, timer: HostedTimer) -> None:
        if self.is_away:
            raise Unavailable("the object does not answer")
        self.timers[timer.name] = timer.due

    async def command(self, call: HostedCall) -> HostedAnswer:
        raise NotImplementedError

    async def query(self, call: HostedCall) -> HostedAnswer:
        raise NotImplementedError

    async def cancel(self, kind: str, id: str, name: str) -> None:
        self.timers.pop(name, None)


def timer(name: str, due: int, span: int) -> NewTimer:
    return NewTimer(name, due, "Account", "a", "deposit", b"[5]", "c", span=span)


@pytest.mark.parametrize("is_away", [False, True])
async def test_entities_hear_when_a_recalled_timer_is_due(is_away: bool) -> None:
    """At the next try, where they could not be reached; a moment that its author named stays as it is."""
    host = Told()
    async with database_in_memory() as database:
        timers = HostedTimers(host, database)
        await timers.add(timer("after", AHEAD + SPAN, SPAN))
        await timers.add(timer("at", AHEAD + SPAN, 0))
        host.is_away = is_away
        if is_away:
            with pytest.raises(Unavailable):
                await timers.recall(database, NOW)
            host.is_away = False

        await timers.recall(database, NOW + 1 if is_away else NOW)

        kept = {one.name: one.due for one in await database.timers()}
    assert host.timers == kept == {"after": NOW + SPAN, "at": AHEAD + SPAN}
