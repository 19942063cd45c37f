"""Commands a second: one caller, many, many on one entity; bare, and with a view and an action attached."""

from collections.abc import Iterator
from contextlib import contextmanager

from actum import App
from benchmarks.bank import account_id, attached, bare
from benchmarks.bare_sqlite import A_COMMIT, inserting, plain_rows, same_rows
from benchmarks.callers import call_all, distribute, open_all
from benchmarks.eventsourcing_library import depositing
from benchmarks.loop import run
from benchmarks.measure import Contestant, Effort, Sample, of_latencies
from benchmarks.place import Place
from benchmarks.recording import record
from benchmarks.results import Against, Group
from benchmarks.watch import Watch

ENTITIES = 1_000
MANY = 200_000
FEW = 2_000

MASS = "sqlite3, 1,000 rows a commit"
PLAIN = "sqlite3, the same, hand-written table"
SINGLE = "sqlite3, one row a commit"
LIBRARY = "eventsourcing, one caller"
CALLERS = {
    "1 caller": (1, ENTITIES, FEW),
    "64 callers": (64, ENTITIES, MANY // 2),
    "1,024 callers": (1_024, ENTITIES, MANY),
    "256 callers, one entity": (256, 1, MANY),
}
WITH_MORE = " + view + action"


@contextmanager
def contestants(place: Place, effort: Effort) -> Iterator[dict[str, Contestant]]:
    """Returns what is measured, in the order of a round."""
    many, few = effort.of(MANY), effort.of(FEW)
    recording = record(place, entities=ENTITIES, events=many)
    same, plain = same_rows(recording), plain_rows(recording)
    found: dict[str, Contestant] = {
        MASS: lambda: inserting(place, same, many, a_commit=A_COMMIT),
        "1,024 callers": _running(bare, place, effort, "1,024 callers"),
        "256 callers, one entity": _running(bare, place, effort, "256 callers, one entity"),
        PLAIN: lambda: inserting(place, plain, many, a_commit=A_COMMIT),
        "64 callers": _running(bare, place, effort, "64 callers"),
        SINGLE: lambda: inserting(place, same, few, a_commit=1),
        "1 caller": _running(bare, place, effort, "1 caller"),
        LIBRARY: lambda: depositing(place, few, ENTITIES),
    }
    for name in CALLERS:
        found[name + WITH_MORE] = _running(attached, place, effort, name)
    yield found


def _running(app: App, place: Place, effort: Effort, name: str) -> Contestant:
    callers, entities, commands = CALLERS[name]
    return lambda: run(measure(app, place, callers, entities, effort.of(commands)))


async def measure(app: App, place: Place, callers: int, entities: int, commands: int) -> Sample:
    """Measures commands a second of so many callers, each of whom waits for its reply."""
    file = place.file()
    ids = [account_id(number) for number in range(entities)]
    shares = distribute(ids, callers, commands)
    latencies: list[float] = []
    async with app.running(store=f"sqlite:///{file}") as ctx, Watch(ctx, app) as watch:
        await open_all(ctx, ids)
        await watch.caught_up(entities)
        watch.observe(latencies, already=entities)
        elapsed = await call_all(ctx, shares, latencies)
        seen = await watch.caught_up(entities + len(latencies))
    place.clear(file)
    return of_latencies(latencies, elapsed, **seen)


LIKE_MASS = Against(MASS, "1,000 rows a commit, Actum's table")
LIKE_PLAIN = Against(PLAIN, "the same, hand-written table", 0.6)
LIKE_LIBRARY = Against(LIBRARY, "eventsourcing")
GROUP = Group(
    "Commands",
    "commands or rows a second",
    contestants,
    {
        "1 caller": [Against(SINGLE, "one row a commit", 0.8), LIKE_LIBRARY],
        "64 callers": [LIKE_LIBRARY],
        "1,024 callers": [LIKE_MASS, LIKE_PLAIN, Against(LIBRARY, "eventsourcing", 25)],
        "256 callers, one entity": [
            Against("1,024 callers", "1,024 callers", 1.2),
            LIKE_MASS,
            LIKE_PLAIN,
            LIKE_LIBRARY,
        ],
        **{name + WITH_MORE: [Against(name, "bare", 0.7)] for name in CALLERS},
    },
)
