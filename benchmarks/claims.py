"""Commands a second that claim a value each, compared with the same commands without a claim."""

import asyncio
import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager

from actum import App, Entity, Event, command, reducer
from benchmarks.loop import run
from benchmarks.measure import Contestant, Effort, Sample, of_latencies
from benchmarks.place import Place
from benchmarks.postgres_server import Server, open_server
from benchmarks.results import Against, Group

MANY = 60_000
ENTITIES = 1_000
CALLERS = 1_024
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
    many = effort.of(MANY)
    with open_server(place) as server:
        yield {
            "SQLite": lambda: run(_in_sqlite(place, many, claims=False)),
            "SQLite, with a claim": lambda: run(_in_sqlite(place, many, claims=True)),
            "PostgreSQL": lambda: run(_in_postgres(server, many, claims=False)),
            "PostgreSQL, with a claim": lambda: run(_in_postgres(server, many, claims=True)),
        }


async def _in_sqlite(place: Place, count: int, *, claims: bool) -> Sample:
    file = place.file()
    sample = await _measure(f"sqlite:///{file}", count, claims=claims)
    place.clear(file)
    return sample


async def _in_postgres(server: Server, count: int, *, claims: bool) -> Sample:
    schema = await server.new_schema()
    sample = await _measure(server.url(schema), count, claims=claims)
    await server.drop(schema)
    return sample


async def _measure(store: str, count: int, *, claims: bool) -> Sample:
    """Measures callers, each of whom gives its entities one new address after the other."""
    latencies: list[float] = []
    async with app.running(store=store) as ctx:
        await asyncio.gather(*(ctx.entity(User, f"u{n}").rename("") for n in range(ENTITIES)))

        async def call(caller: int) -> None:
            for turn in range(max(1, count // CALLERS)):
                user = ctx.entity(User, f"u{(caller + turn) % ENTITIES}")
                email = f"{caller}.{turn}@example.org"
                began = time.perf_counter()
                await (user.claim_name(email) if claims else user.rename(email))
                latencies.append(time.perf_counter() - began)

        gc.collect()
        began = time.perf_counter()
        await asyncio.gather(*map(call, range(CALLERS)))
        elapsed = time.perf_counter() - began
    return of_latencies(latencies, elapsed)


GROUP = Group(
    "Claims",
    "commands a second, 1,024 callers",
    contestants,
    {
        f"{store}, with a claim": [Against(store, "without", 1 / MOST_TIMES)]
        for store in ("SQLite", "PostgreSQL")
    },
)
