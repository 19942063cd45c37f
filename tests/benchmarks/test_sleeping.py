"""The part `sleeping`: workflows that have all gone to sleep, and all wake."""

from pathlib import Path

import pytest

from benchmarks import sleeping
from benchmarks.loop import run


def test_all_that_sleep_are_counted_when_they_wake(tmp_path: Path) -> None:
    """The moment of waking is the same for all, and lies behind the last start."""
    sample = run(sleeping.sleeping(tmp_path / "sleepers.db", 30, shortest=4.0))

    assert sleeping.woken.left == 0
    assert sample.rate > 0
    assert sample.figure(sleeping.WOKEN) > 0
    assert sample.figure(sleeping.KB_OF_FILE) > 0


def test_starts_that_take_longer_than_the_sleep_are_no_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sleeping, "STARTED_A_SECOND", 1_000_000_000)

    with pytest.raises(RuntimeError, match="were not all started in time"):
        run(sleeping.sleeping(tmp_path / "sleepers.db", 30, shortest=0.0))
