"""A message that is handled by a command, and a workflow of one step, beside those of DBOS and Restate.

The others are installed when the part runs (`benchmarks/peer_tools.py`), and left out if they cannot be.
"""

import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec
from msgspec import Struct

from benchmarks import two_commits
from benchmarks.load import load
from benchmarks.loop import run
from benchmarks.measure import Contestant, Effort, Sample, of_latencies
from benchmarks.messages import sending
from benchmarks.peer_tools import HERE, NotInstalled, peer_python
from benchmarks.place import Place
from benchmarks.postgres_server import Server, open_server
from benchmarks.restate_server import PATH, open_restate
from benchmarks.results import Against, Group
from benchmarks.workflows import measure

FEW = 2_000
"""Of SQLite, the first 250 make the log grow, which takes longer than to write it again."""
MANY = 12_800
MANY_ELSEWHERE = 640
MANY_IN_RESTATE = 3_200
PATIENCE = 300
CALLERS = {"1 caller": 1, "64 callers": 64}

SQLITE = "a message on SQLite"
POSTGRES = "a message on PostgreSQL"
WORKFLOW_SQLITE = "a workflow on SQLite"
WORKFLOW_POSTGRES = "a workflow on PostgreSQL"
DBOS_SQLITE = "DBOS on SQLite"
DBOS_POSTGRES = "DBOS on PostgreSQL"
RESTATE = "Restate, called through HTTP"
AIMS = {"1 caller": 8.0, "64 callers": 40.0}
"""How many times the workflows of DBOS a second ours are to be."""

Running = Callable[[str, int, int], Coroutine[None, None, Sample]]
"""What is measured, on a store, for so many callers and so many messages or workflows."""


class Timed(Struct):
    """What the process of another program prints."""

    latencies: list[float]
    elapsed: float


@contextmanager
def contestants(place: Place, effort: Effort) -> Iterator[dict[str, Contestant]]:
    """Returns what is measured, in the order of a round."""
    with ExitStack() as stack:
        server = stack.enter_context(open_server(place))
        python = restate = None
        try:
            python = peer_python()
        except NotInstalled as error:
            _leave_out("DBOS", error)
        try:
            restate = stack.enter_context(open_restate(place))
        except (NotInstalled, OSError, RuntimeError) as error:
            _leave_out("Restate", error)
        few = effort.of(FEW)
        found: dict[str, Contestant] = {
            two_commits.SQLITE: lambda: two_commits.in_sqlite(place, few),
            two_commits.POSTGRES: lambda: run(two_commits.in_postgres(server, few)),
        }
        for name, callers in CALLERS.items():
            found |= _ours(place, server, effort, name, callers)
            if python is not None:
                found |= _dbos(python, place, server, effort, name, callers)
            if restate is not None:
                found[line(RESTATE, name)] = _restate(restate, effort, callers)
        yield found


def line(program: str, callers: str) -> str:
    """Returns the name of a line."""
    return f"{program}, {callers}"


def _leave_out(program: str, why: Exception) -> None:
    sys.stderr.write(f"{program} is left out: {why}\n")


def _ours(place: Place, server: Server, effort: Effort, name: str, callers: int) -> dict[str, Contestant]:
    count = effort.of(FEW if callers == 1 else MANY)

    def on_sqlite(running: Running) -> Sample:
        file = place.file()
        sample = run(running(f"sqlite:///{file}", callers, count))
        place.clear(file)
        return sample

    def on_postgres(running: Running) -> Sample:
        schema = run(server.new_schema())
        sample = run(running(server.url(schema), callers, count))
        run(server.drop(schema))
        return sample

    return {
        line(SQLITE, name): lambda: on_sqlite(sending),
        line(POSTGRES, name): lambda: on_postgres(sending),
        line(WORKFLOW_SQLITE, name): lambda: on_sqlite(measure),
        line(WORKFLOW_POSTGRES, name): lambda: on_postgres(measure),
    }


def _dbos(
    python: Path, place: Place, server: Server, effort: Effort, name: str, callers: int
) -> dict[str, Contestant]:
    count = effort.of(FEW if callers == 1 else MANY_ELSEWHERE)

    def measured(url: str) -> Sample:
        command = [python, "-P", HERE / "peer_dbos.py", url, str(callers), str(max(callers, count))]
        done = subprocess.run(
            command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=PATIENCE
        )
        timed = msgspec.json.decode(done.stdout.splitlines()[-1], type=Timed)
        return of_latencies(timed.latencies, timed.elapsed)

    def on_sqlite() -> Sample:
        file = place.file()
        sample = measured(f"sqlite:///{file}")
        place.clear(file)
        return sample

    # The database of its own that it makes is the same in each round.
    address = f"postgresql+psycopg://postgres:@/dbos_bench?host={server.folder}"
    return {
        line(DBOS_SQLITE, name): on_sqlite,
        line(DBOS_POSTGRES, name): lambda: measured(address),
    }


def _restate(port: int, effort: Effort, callers: int) -> Contestant:
    count = effort.of(FEW if callers == 1 else MANY_IN_RESTATE)
    return lambda: run(load(port, PATH, b"7", callers, count))


def _comparisons() -> dict[str, list[Against]]:
    found: dict[str, list[Against]] = {}
    for name, aim in AIMS.items():
        for message, workflow, dbos in (
            (SQLITE, WORKFLOW_SQLITE, DBOS_SQLITE),
            (POSTGRES, WORKFLOW_POSTGRES, DBOS_POSTGRES),
        ):
            restate = Against(line(RESTATE, name), RESTATE)
            found[line(message, name)] = [Against(line(dbos, name), dbos), restate]
            found[line(workflow, name)] = [Against(line(dbos, name), dbos, aim), restate]
    for workflow, floor in ((WORKFLOW_SQLITE, two_commits.SQLITE), (WORKFLOW_POSTGRES, two_commits.POSTGRES)):
        found[line(workflow, "1 caller")].append(Against(floor, "two commits"))
    return found


GROUP = Group(
    "From a message or the start of a workflow to its result", "a second", contestants, _comparisons()
)
