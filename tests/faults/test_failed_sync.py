"""A sync that fails: writes stop until the store is opened again, and nothing is lost (G14, R12)."""

from pathlib import Path

import pytest

from tests.faults.scenario import STEPS
from tests.faults.store import check_contents, check_integrity, open_journal
from tests.faults.strace import Ended, require_strace, run_scenario

# Of a store that is there already, the first six are those of opening it; among the writer's, which follow,
# are commits, the syncs of the log and of the file that a checkpoint makes, and the first commit after one.
FEW = [7, 8, 9, 11]
SOME = [10, 12, 13, 14, 23, 40]


async def fail_at(tmp_path: Path, number: int, *, error: str = "EIO") -> tuple[Path, Ended]:
    require_strace()
    store = tmp_path / "bank.db"
    await (await open_journal(store)).close()
    return store, run_scenario(store, f"error={error}:when={number}")


async def check_that_writes_stop(tmp_path: Path, number: int) -> None:
    store, ended = await fail_at(tmp_path, number)

    assert len(ended.hits) == 1
    done = len(ended.acknowledged)
    assert ended.acknowledged == list(range(1, done + 1))
    assert ended.refused == list(range(done + 1, len(STEPS) + 1))
    assert ended.refused
    await check_contents(store, done)
    await check_integrity(store)


@pytest.mark.parametrize("number", FEW)
async def test_writes_stop_at_a_failed_sync(tmp_path: Path, number: int) -> None:
    """Every later write of the process is refused, and what it acknowledged before is found again."""
    await check_that_writes_stop(tmp_path, number)


@pytest.mark.slow
@pytest.mark.parametrize("number", SOME)
async def test_writes_stop_at_any_failed_sync(tmp_path: Path, number: int) -> None:
    """A checkpoint's sync, of which SQLite alone would not tell, is as bad as a commit's."""
    await check_that_writes_stop(tmp_path, number)


async def test_writes_stop_at_a_sync_for_which_there_is_no_space(tmp_path: Path) -> None:
    """A disk that turns out to be full only when it is synced is a failed sync like any other."""
    store, ended = await fail_at(tmp_path, 8, error="ENOSPC")

    done = len(ended.acknowledged)
    assert ended.refused == list(range(done + 1, len(STEPS) + 1))
    assert ended.refused
    await check_contents(store, done)
    await check_integrity(store)


async def test_a_store_whose_opening_cannot_be_synced_is_not_opened(tmp_path: Path) -> None:
    """The error says what to do, and the next opening finds the store as it was."""
    store, ended = await fail_at(tmp_path, 1)

    assert not ended.is_opened
    assert "StoreFailed" in ended.complaint
    assert "Fix the disk" in ended.complaint
    await check_contents(store, 0)
    await check_integrity(store)
