"""Examples as they are documented: generated requests find no failure, nor an answer that is missing."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
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
    generate(f"{served}/schema/openapi.json", tmp_path)


KEYS = {name: f"a-key-for-the-tests-of-{name}" for name in ("web", "phone", "warehouse", "bank")}


@pytest.fixture
def guarded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of the order service, which refuses whoever has no key."""
    for name, key in KEYS.items():
        monkeypatch.setenv(f"ORDERS_{name.upper()}_KEY", key)
    store = f"sqlite:///{tmp_path}/app.db"
    process = Process(ROOT, "run", "examples.orders.app:app", "--port", "0", "--store", store)
    yield process.url
    process.kill()


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", [None, "warehouse", "web"])
def test_requests_with_a_key_and_without_find_no_failure(
    guarded: str, tmp_path: Path, name: str | None
) -> None:
    """Schemathesis also tries whether what needs a key is answered without one, or with a wrong one."""
    with_key = {"X-API-Key": KEYS["warehouse"]}
    document = tmp_path / "openapi.json"
    document.write_bytes(httpx.get(f"{guarded}/schema/openapi.json", headers=with_key).content)
    header = [] if name is None else ["--header", f"X-API-Key: {KEYS[name]}"]

    generate(str(document), tmp_path, "--url", guarded, *header)


def generate(document: str, folder: Path, *options: str) -> None:
    """Sends generated requests, and fails for one whose answer is wrong."""
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", document, *options),
        *("--seed", "1", "--max-examples", "30", "--max-time", str(SECONDS)),
        *("--continue-on-failure", "--request-timeout", "60", "--exclude-checks", NOT_ASKED),
        "--no-color",
    ]

    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=500, check=False)

    assert ended.returncode == 0, ended.stdout[-20_000:] + ended.stderr[-5_000:]
    assert "Test cases:" in ended.stdout
