"""What the tests of workflows share: a service outside that knows nothing yet."""

import pytest

from tests.workflows import transfers


@pytest.fixture(autouse=True)
def ledger(monkeypatch: pytest.MonkeyPatch) -> transfers.Ledger:
    """The service outside, empty."""
    fresh = transfers.Ledger()
    monkeypatch.setattr(transfers, "ledger", fresh)
    return fresh
