"""A scenario that is killed at one of its syncs: what was acknowledged is there, and nothing is torn (R2)."""

from pathlib import Path

import pytest

from tests.faults.scenario import STEPS
from tests.faults.store import check_contents, check_integrity, open_journal
from tests.faults.strace import require_strace, run_scenario

# Each thread's syncs are counted apart. Ten make a new file and six open one that is there; the writer's
# are reached behind those: commits, and the two or three of each checkpoint.
FEW = [2, 6, 9, 16, 31]
SOME = [1, 3, 5, 7, 8, 10, 12, 21, 44]
LAST = 70
FEW_IN_OLD = [2, 5]
SOME_IN_OLD = [1, 4, 6, 7]


async def crash(store: Path, point: int) -> None:
    require_strace()

    ended = run_scenario(store, f"signal=SIGKILL:when={point}")

    assert ended.is_killed
    assert ended.acknowledged == list(range(1, len(ended.acknowledged) + 1))
    assert len(ended.acknowledged) < len(STEPS)
    await check_contents(store, len(ended.acknowledged))
    await check_integrity(store)


async def crash_in_old(store: Path, point: int) -> None:
    await (await open_journal(store)).close()
    await crash(store, point)


@pytest.mark.parametrize("point", FEW)
async def test_a_crash_at_a_sync_loses_nothing_acknowledged(tmp_path: Path, point: int) -> None:
    await crash(tmp_path / "bank.db", point)


@pytest.mark.parametrize("point", FEW_IN_OLD)
async def test_a_crash_in_a_store_of_before_loses_nothing_acknowledged(tmp_path: Path, point: int) -> None:
    await crash_in_old(tmp_path / "bank.db", point)


@pytest.mark.slow
@pytest.mark.parametrize("point", SOME)
async def test_a_crash_at_many_a_sync_loses_nothing_acknowledged(tmp_path: Path, point: int) -> None:
    await crash(tmp_path / "bank.db", point)


@pytest.mark.slow
@pytest.mark.parametrize("point", SOME_IN_OLD)
async def test_a_crash_early_in_a_store_of_before_loses_nothing_acknowledged(
    tmp_path: Path, point: int
) -> None:
    await crash_in_old(tmp_path / "bank.db", point)


@pytest.mark.on_demand
@pytest.mark.parametrize("point", [point for point in range(1, LAST + 1) if point not in FEW + SOME])
async def test_a_crash_at_any_sync_loses_nothing_acknowledged(tmp_path: Path, point: int) -> None:
    await crash(tmp_path / "bank.db", point)


@pytest.mark.slow
@pytest.mark.parametrize("points", [(9, 1), (20, 2), (31, 3)])
async def test_a_crash_while_a_crashed_store_is_opened_loses_nothing(
    tmp_path: Path, points: tuple[int, int]
) -> None:
    """A store that is killed once more, while its log is moved into the file, is no worse off."""
    require_strace()
    store = tmp_path / "bank.db"
    first = run_scenario(store, f"signal=SIGKILL:when={points[0]}")

    second = run_scenario(store, f"signal=SIGKILL:when={points[1]}")

    assert (first.is_killed, second.is_killed, second.is_opened) == (True, True, False)
    await check_contents(store, len(first.acknowledged))
    await check_integrity(store)
