"""Power cuts that drop, tear and reorder what was not synced: what was acknowledged is there (R3).

Each cut has a seed, which is in the name of its test: `pytest -k "17-4"` cuts after act 17 with seed 4.
"""

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.faults.power import Acknowledged, Act, left_behind, recorded
from tests.faults.store import check_contents, check_integrity
from tests.faults.strace import require_strace

SHARES = range(0, 1_000, 25)
ALL_SHARES = range(1_000)


@pytest.fixture(scope="module", params=[(), ("beside",)], ids=["between", "beside"])
def acts(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Sequence[Act]]:
    """What the scenario did to its disk, and the file that it did it to.

    The log is moved between commits, and beside them.
    """
    require_strace()
    store = tmp_path_factory.mktemp("recorded") / "bank.db"
    return str(store), recorded(store, *request.param)


async def cut(acts: tuple[str, Sequence[Act]], folder: Path, share: int, seed: int) -> None:
    """Cuts the power after a share (in thousandths) of the acts."""
    path, done = acts[0], acts[1][: len(acts[1]) * share // 1_000]
    store = folder / "bank.db"
    for name, content in left_behind(done, random.Random(seed)).items():
        (folder / name.replace(path, "bank.db")).write_bytes(content)

    acknowledged = sum(isinstance(act, Acknowledged) for act in done)
    await check_contents(store, acknowledged)
    await check_integrity(store)


def test_the_record_shows_what_a_cut_could_take(acts: tuple[str, Sequence[Act]]) -> None:
    """The scenario writes, syncs and acknowledges; a record without these would make every test pass."""
    kinds = [type(act).__name__ for act in acts[1]]

    assert kinds.count("Acknowledged") == 48
    assert kinds.count("Synced") > 48
    assert kinds.count("Written") > 200


@pytest.mark.slow
@pytest.mark.parametrize("share", SHARES)
async def test_a_power_cut_loses_nothing_acknowledged(
    acts: tuple[str, Sequence[Act]], tmp_path: Path, share: int
) -> None:
    await cut(acts, tmp_path, share, seed=share)


@pytest.mark.on_demand
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("share", ALL_SHARES)
async def test_a_power_cut_at_any_time_loses_nothing_acknowledged(
    acts: tuple[str, Sequence[Act]], tmp_path: Path, share: int, seed: int
) -> None:
    await cut(acts, tmp_path, share, seed)
