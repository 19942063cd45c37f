"""Both examples as they are documented: generated requests find no failure, nor an answer that is missing."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.commands import Process

ROOT = Path(__file__).parents[2]
SECONDS = 30
NOT_ASKED = "positive_data_acceptance"
"""A rule of the application may refuse what is valid in form."""


@pytest.fixture(params=["examples.bank.bank:app", "examples.documents.app:app"])
def served(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address at which an example is served."""
    monkeypatch.setenv("DOCUMENTS_IMAGES", str(tmp_path / "images"))
    store = f"sqlite:///{tmp_path}/app.db"
    process = Process(ROOT, "run", request.param, "--port", "0", "--store", store)
    yield process.url
    process.kill()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_generated_requests_are_answered_as_documented(served: str, tmp_path: Path) -> None:
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{served}/schema/openapi.json"),
        *("--seed", "1", "--max-examples", "30", "--max-time", str(SECONDS)),
        *("--continue-on-failure", "--request-timeout", "60", "--exclude-checks", NOT_ASKED),
        "--no-color",
    ]

    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=500, check=False)

    assert ended.returncode == 0, ended.stdout[-20_000:] + ended.stderr[-5_000:]
    assert "Test cases:" in ended.stdout
