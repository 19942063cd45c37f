"""An application moved from a SQLite file to PostgreSQL and to another file; also killed midway and resumed.

`python -m benchmarks.moves 10000000` moves so many events once, kills the export and the import midway, and
prints rates, memory and digests; then it compares versions, keys, claims and the rows of a view.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from benchmarks.loop import run
from benchmarks.measure import Contestant, Effort, Sample
from benchmarks.moves_compared import Contents
from benchmarks.moves_process import Result
from benchmarks.place import Place, machine, open_place
from benchmarks.postgres_server import Server, open_server
from benchmarks.results import Group

USUAL = 200_000
AN_ACCOUNT = 10
"""Events of each account."""
PATIENCE = 7_200
"""Seconds that one process may take at most."""
EXPORT = "export from SQLite"
TO_POSTGRES = "import into PostgreSQL"
TO_SQLITE = "import into SQLite"
DIGEST = "the digest of a SQLite file"
MEMORY = "memory (MB)"


@contextmanager
def contestants(place: Place, effort: Effort) -> Iterator[dict[str, Contestant]]:
    """Returns what is measured; each is a process of its own."""
    events = effort.of(USUAL)
    source, file = place.file(), place.folder / "bank.export"
    process("fill", url_of(source), events, events // AN_ACCOUNT)
    process("export", url_of(source), file, 0)
    with open_server(place) as server:
        yield {
            EXPORT: lambda: _exported(place, source),
            TO_POSTGRES: lambda: _imported_into_postgres(server, file),
            TO_SQLITE: lambda: _imported_into_sqlite(place, file),
            DIGEST: lambda: _sample(process("digest", url_of(source))),
        }


def _exported(place: Place, source: Path) -> Sample:
    file = place.file()
    try:
        return _sample(process("export", url_of(source), file, 0))
    finally:
        place.clear(file)


def _imported_into_postgres(server: Server, file: Path) -> Sample:
    schema = run(server.new_schema())
    try:
        return _sample(process("import", server.url(schema), file, 0))
    finally:
        run(server.drop(schema))


def _imported_into_sqlite(place: Place, file: Path) -> Sample:
    target = place.file()
    try:
        return _sample(process("import", url_of(target), file, 0))
    finally:
        place.clear(target)


def _sample(result: Result) -> Sample:
    return Sample(result.events / result.seconds, seen={MEMORY: result.memory})


def url_of(file: Path) -> str:
    """Returns the URL of a SQLite file."""
    return f"sqlite:///{file}"


def process(*arguments: object) -> Result:
    """Runs a process, and returns what it has done."""
    done = subprocess.run(_command(arguments), check=True, stdout=subprocess.PIPE, timeout=PATIENCE)
    return msgspec.json.decode(done.stdout, type=Result)


def killed(*arguments: object) -> None:
    """Runs a process that kills itself midway."""
    done = subprocess.run(_command(arguments), check=False, stdout=subprocess.PIPE, timeout=PATIENCE)
    assert done.returncode < 0, done


def _command(arguments: tuple[object, ...]) -> list[str]:
    return [sys.executable, "-m", "benchmarks.moves_process", *map(str, arguments)]


def moved_once(place: Place, events: int) -> None:
    """Moves so many events to PostgreSQL and kills both commands midway; prints what was seen."""
    source, file = place.file(), place.folder / "bank.export"
    _show("filled", process("fill", url_of(source), events, events // AN_ACCOUNT))
    killed("export", url_of(source), file, events // 2)
    print(f"export killed at {events // 2:,} events; the file has {file.stat().st_size:,} bytes")
    exported = process("export", url_of(source), file, 0)
    _show("export, the rest", exported)
    print(f"the file has {file.stat().st_size:,} bytes")
    with open_server(place) as server:
        url = server.url(run(server.new_schema()))
        killed("import", url, file, events // 2)
        print(f"import killed at {events // 2:,} events")
        imported = process("import", url, file, 0)
        _show("import, the rest and the keys", imported)
        before, after = process("digest", url_of(source)), process("digest", url)
        _show("digest of the SQLite file", before)
        _show("digest of PostgreSQL", after)
        found = {exported.digest, imported.digest, before.digest, after.digest}
        print(f"digests are {'equal' if len(found) == 1 else 'NOT EQUAL'}: {found}")
        assert (before.events, after.events, len(found)) == (events, events, 1)
        _compare(url_of(source), url)


def _compare(before: str, after: str) -> None:
    """Compares all that two stores answer with; prints how many there are of each."""
    old, new = _contents(before), _contents(after)
    for name in sorted(old.counts | new.counts):
        is_equal = old.digests.get(name) == new.digests.get(name)
        print(f"{name}: {old.counts.get(name, 0):,}, {'equal' if is_equal else 'NOT EQUAL'}", flush=True)
    assert old == new


def _contents(url: str) -> Contents:
    done = subprocess.run(_command(("contents", url)), check=True, stdout=subprocess.PIPE, timeout=PATIENCE)
    return msgspec.json.decode(done.stdout, type=Contents)


def _show(what: str, result: Result) -> None:
    rate = result.events / result.seconds
    print(
        f"{what}: {result.events:,} events in {result.seconds:,.1f} s, {rate:,.0f} a second, "
        f"{result.memory:,.0f} MB",
        flush=True,
    )


GROUP = Group("Moves to another store", "events/s", contestants, {})

if __name__ == "__main__":
    with open_place() as at:
        print(machine(at))
        moved_once(at, int(sys.argv[1]))
