"""The part `moves`: a bank is exported and imported by processes, whose memory is shown."""

import pytest

from benchmarks import moves
from benchmarks.measure import Effort, compare
from benchmarks.place import Place
from benchmarks.results import summed_up


@pytest.mark.slow
def test_each_way_is_measured_in_a_process(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("moves")
    effort = Effort(rounds=1, scale=0.02)
    with moves.contestants(Place(folder), effort) as contestants:
        part = summed_up(moves.GROUP, compare(contestants, effort, lambda _: None))

    lines = {line.name: line for line in part.lines}
    assert lines.keys() == {moves.EXPORT, moves.TO_POSTGRES, moves.TO_SQLITE, moves.DIGEST}
    assert all(line.rate > 0 and line.seen[moves.MEMORY] > 1 for line in part.lines)


@pytest.mark.slow
def test_a_move_that_is_killed_twice_ends_with_equal_digests(
    tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    moves.moved_once(Place(tmp_path_factory.mktemp("moves")), 40_000)

    assert "digests are equal" in capsys.readouterr().out
