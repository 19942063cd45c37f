"""What the tests of workflows share: a service outside that knows nothing yet, and machines for processes."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.workflows import transfers
from tests.workflows.machine import Machine


@pytest.fixture(autouse=True)
def ledger(monkeypatch: pytest.MonkeyPatch) -> transfers.Ledger:
    """The service outside, empty."""
    fresh = transfers.Ledger()
    monkeypatch.setattr(transfers, "ledger", fresh)
    return fresh


@pytest.fixture
async def alone(tmp_path: Path) -> AsyncIterator[Machine]:
    """A machine for one process, on SQLite."""
    machine = Machine(f"sqlite:///{tmp_path / 'app.db'}", tmp_path)
    yield machine
    for running in machine.running:
        await running.kill()


@pytest.fixture
async def shared(postgres_url: str, tmp_path: Path) -> AsyncIterator[Machine]:
    """A machine for several processes, on PostgreSQL."""
    machine = Machine(postgres_url, tmp_path)
    yield machine
    for running in machine.running:
        await running.kill()
