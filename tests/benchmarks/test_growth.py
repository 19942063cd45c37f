"""The part `growth`: its files hold what the application writes, and every figure has its ratio."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks import growth
from benchmarks.growth_sizes import Size, fill, process
from benchmarks.measure import Effort, Sample
from benchmarks.place import Place
from benchmarks.results import summed_up

TINY = Size(entities=20, rounds=3, a_command=4)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file, _ = fill(Place(tmp_path_factory.mktemp("growth")), TINY)
    return file


@pytest.mark.slow
def test_a_filled_file_has_the_events_of_every_entity_and_its_view(filled: Path) -> None:
    """Each entity has as many events as it should, with versions 1 to 12, and each row their sum."""
    with closing(sqlite3.connect(filled)) as connection:
        versions = connection.execute(
            "SELECT count(*), min(version), max(version) FROM actum_events GROUP BY stream"
        ).fetchall()
        balances = connection.execute("SELECT balance FROM balances").fetchall()

    assert TINY.events == 240
    assert versions == [(12, 1, 12)] * 20
    assert balances == [(12 * 7,)] * 20


@pytest.mark.slow
@pytest.mark.parametrize(("way", "commands"), [("live", 128), ("spread", 128), ("alone", 9)])
def test_commands_are_sent_to_a_filled_file(filled: Path, way: str, commands: int) -> None:
    """Every command is timed and stored, and the start and the memory of the process are measured."""
    with closing(sqlite3.connect(filled)) as connection:
        count = "SELECT count(*) FROM actum_events"
        before = connection.execute(count).fetchone()[0]

        sample = process(way, filled, TINY.entities, 5, commands)

        # The first reply, and one for each live entity, come before the measurement.
        assert connection.execute(count).fetchone()[0] - before == 1 + 5 + commands
    assert sample.rate > 0
    assert sample.figure("p99") >= sample.figure("p50") > 0
    assert 10 < sample.figure("memory") < 1_000
    assert 1 < sample.figure("start") < 60_000


def test_every_size_is_compared_with_the_smallest_in_rate_latency_start_and_memory() -> None:
    effort = Effort(rounds=1, scale=1.0, is_large=True)
    smallest, *larger = growth.sizes(effort)
    assert [size.events for size in larger] == [1_000_000, 10_000_000, 10_000_000]
    assert [size.entities for size in larger] == [100_000, 1_000, 1_000_000]
    base, far = growth.name_of("live", smallest), growth.name_of("live", larger[-1])

    part = summed_up(
        growth.GROUP,
        {
            base: [Sample(100, 1.0, 2.0, {growth.START: 50, growth.MEMORY: 80})],
            far: [Sample(90, 1.1, 3.0, {growth.START: 55, growth.MEMORY: 84})],
        },
    )

    assert [ratio.value for ratio in part.lines[1].ratios] == [0.9, 1.5, 1.1, 1.05]
