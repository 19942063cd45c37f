"""Commands a second that claim a value each, compared with the same commands without a claim."""

import asyncio
import gc
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from actum import App, Entity, Event, command, reducer
from benchmarks.loop import run
from benchmarks.measure import Contestant, Effort, Sample, of_latencies
from benchmarks.place import Place
from benchmarks.postgres_server import Server, open_server
from benchmarks.results import Against, Group

MANY = 60_000
ENTITIES = 1_000
CALLERS = {"1 caller": (1, 2_000), "64 callers": (64, 20_000), "1,024 callers": (1_024, MANY)}
"""How many callers there are, and how many commands they send in all."""
CLAIMING = ", with a claim"
MOST_TIMES = 1.3
"""A command with a claim takes at most as many times the time of one without."""


class Renamed(Event):
    email: str


class User(Entity):
    email: str = ""

    @command
    def rename(self, email: str) -> None:
        self.emit(Renamed(email))

    @command
    def claim_name(self, email: str) -> None:
        self.claim("email", email)
        self.emit(Renamed(email))

    @reducer
    def renamed(self, event: Renamed) -> None:
        self.email = event.email


app = App("claims", entities=[User])


@contextmanager
def contestants(place: Place, effort: Effort) -> Iterator[dict[str, Contestant]]:
    """Returns what is measured, in the order of a round."""
    with open_server(place) as server:
        found: dict[str, Contestant] = {}
        for name, (callers, many) in CALLERS.items():
            count = effort.of(many)
            for way in ("", CLAIMING):
                found[f"SQLite, {name}{way}"] = _run(_in_sqlite, place, callers, count, way)
                found[f"PostgreSQL, {name}{way}"] = _run(_in_postgres, server, callers, count, way)
        yield found


def _run(measure: Callable[..., Coroutine[None, None, Sample]], *given: Any) -> Contestant:
    *first, way = given
    return lambda: run(measure(*first, claims=way == CLAIMING))


async def _in_sqlite(place: Place, callers: int, count: int, *, claims: bool) -> Sample:
    file = place.file()
    sample = await _measure(f"sqlite:///{file}", callers, count, claims=claims)
    place.clear(file)
    return sample


async def _in_postgres(server: Server, callers: int, count: int, *, claims: bool) -> Sample:
    schema = await server.new_schema()
    sample = await _measure(server.url(schema), callers, count, claims=claims)
    await server.drop(schema)
    return sample


async def _measure(store: str, callers: int, count: int, *, claims: bool) -> Sample:
    """Measures callers, each of whom gives its entities one new address after the other."""
    latencies: list[float] = []
    async with app.running(store=store) as ctx:
        await asyncio.gather(*(ctx.entity(User, f"u{n}").rename("") for n in range(ENTITIES)))

        async def call(caller: int) -> None:
            for turn in range(max(1, count // callers)):
                user = ctx.entity(User, f"u{(caller + turn) % ENTITIES}")
                email = f"{caller}.{turn}@example.org"
                began = time.perf_counter()
                await (user.claim_name(email) if claims else user.rename(email))
                latencies.append(time.perf_counter() - began)

        gc.collect()
        began = time.perf_counter()
        await asyncio.gather(*map(call, range(callers)))
        elapsed = time.perf_counter() - began
    return of_latencies(latencies, elapsed)


GROUP = Group(
    "Claims",
    "commands a second",
    contestants,
    {
        f"{store}, {callers}{CLAIMING}": [Against(f"{store}, {callers}", "without", 1 / MOST_TIMES)]
        for store in ("SQLite", "PostgreSQL")
        for callers in CALLERS
    },
)
