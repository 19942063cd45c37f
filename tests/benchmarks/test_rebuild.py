"""The part `rebuild`: commands are measured for as long as a view is rebuilt, and no longer."""

import sqlite3
from contextlib import closing

import pytest

from benchmarks import rebuild
from benchmarks.measure import Effort, compare
from benchmarks.place import Place
from benchmarks.results import summed_up


@pytest.mark.slow
def test_commands_are_measured_without_a_rebuild_and_while_one_runs(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Three of the five contestants rebuild the view; each p99 is compared with the one without."""
    folder = tmp_path_factory.mktemp("rebuild")
    effort = Effort(rounds=1, scale=0.05)
    with rebuild.contestants(Place(folder), effort) as contestants:
        part = summed_up(rebuild.GROUP, compare(contestants, effort, lambda _: None))
        with closing(sqlite3.connect(folder / "1.db")) as connection:
            generations = connection.execute("SELECT highest FROM actum_generations").fetchone()[0]

    assert generations == 1 + 3
    lines = {line.name: line for line in part.lines}
    assert [ratio.limit for ratio in lines["1 caller" + rebuild.WHILE].ratios] == [None, 2]
    assert lines["64 callers" + rebuild.WHILE].seen[rebuild.REBUILT] > 1_000
    assert rebuild.REBUILT not in lines["64 callers"].seen
    assert lines["64 callers"].rate > 0
